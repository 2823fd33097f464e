"""Reading .npy and .npz from strangers: no pickles, no array larger than the bytes that are there."""

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from ..files import npy, regular, writing
from ..geometry.temporary_arrays import pieces

Array = NDArray[Any]
LARGEST = 1 << 30  # bytes of one array or file
SMALL = 32 << 20  # bytes that any file may unpack to
RATIO = 20  # how much smaller tracks can be packed
UNPACKING = (
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, KeyError),
    *(lzma.LZMAError, struct.error),
)


def content(path: Path) -> bytes:
    """A file's bytes; BadInput if it is not there or far too large."""
    return regular.read_bytes(path, LARGEST)


def npz(data: bytes, where: str) -> dict[str, Array]:
    """All arrays in the bytes of a .npz file."""
    found = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            check_unpacked(sum(entry.file_size for entry in entries), len(data), where)
            for entry in entries:
                name = entry.filename.removesuffix(".npy")
                found[name] = npy.of_bytes(archive.read(entry), f"{where}: {name[:80]}")
    except UNPACKING as fault:
        raise BadInput(f"{where} is not a .npz file: {str(fault)[:200]}.") from None
    return found


def check_unpacked(size: int, packed: int, where: str) -> None:
    """Refuse a small file that unpacks to a large one: BadInput."""
    if size > min(LARGEST, max(SMALL, RATIO * packed)):
        raise BadInput(f"{where} unpacks to {size >> 20} MiB, far more than tracks do; it is not read.")


def numbers(array: Array, dimensions: int, where: str) -> Array:
    """An array of plain numbers with so many dimensions; BadInput otherwise."""
    if array.dtype.kind not in "fiub" or array.ndim != dimensions:
        raise BadInput(f"{where} has shape {array.shape} and type {array.dtype}; it must have {dimensions} dimensions.")
    return array


def number(array: Array, where: str) -> float:
    """The one finite number in an array; BadInput otherwise."""
    if array.size != 1 or array.dtype.kind not in "fiub" or not np.isfinite(array).all():
        raise BadInput(f"{where} has shape {array.shape} and type {array.dtype}; one finite number belongs there.")
    return float(array.item())


def write_npz(path: Path, **fields: Array) -> None:
    """A .npz at exactly this path; the same arrays always give the same bytes, and are written piece by piece."""
    with writing.replacing_named(path) as file:
        _write_npz(file, fields)


def npz_bytes(**fields: Array) -> bytes:
    stream = io.BytesIO()
    _write_npz(stream, fields)
    return stream.getvalue()


def _write_npz(stream: IO[bytes], fields: Mapping[str, Array]) -> None:
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in fields.items():
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=array.nbytes > LARGEST) as file:
                _write_npy(file, np.asarray(array, order="C"))


def _write_npy(file: IO[bytes], array: Array) -> None:
    """As numpy writes it, in smaller pieces."""
    header = np.lib.format.header_data_from_array_1_0(array)
    np.lib.format.write_array_header_1_0(file, header)
    if array.ndim:
        for rows in pieces(array):
            file.write(array[rows].tobytes())
    else:
        file.write(array.tobytes())


def npy_bytes(array: Array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.asarray(array, order="C"), allow_pickle=False)
    return stream.getvalue()
