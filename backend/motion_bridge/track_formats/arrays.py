"""Reading .npy and .npz from strangers: no pickles, no array larger than the bytes that are there."""

import io
import math
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from ..geometry.temporary_arrays import pieces

Array = NDArray[Any]
LARGEST = 1 << 30  # bytes of one array or file


def content(path: Path) -> bytes:
    """A file's bytes; BadInput if it is not there or far too large."""
    try:
        if path.stat().st_size > LARGEST:
            raise BadInput(f"{path} is larger than {LARGEST >> 20} MiB; that is no track file.")
        return path.read_bytes()
    except OSError as fault:
        raise BadInput(f"{path} cannot be read: {fault.strerror or fault}.") from None


def npy(data: bytes, where: str) -> Array:
    """The array in the bytes of a .npy file."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        else:
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(stream)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, tokenize.TokenError) as fault:
        raise BadInput(f"{where} is no .npy file: {str(fault)[:200]}.") from None
    if dtype.hasobject:
        raise BadInput(f"{where} holds Python objects, which are never loaded; save plain numbers.")
    if any(side < 0 for side in shape) or math.prod(shape) * dtype.itemsize != len(data) - stream.tell():
        raise BadInput(f"{where} is damaged or cut short: its size does not fit its shape {shape}.")
    flat = np.frombuffer(data, dtype, offset=stream.tell())
    return flat.reshape(shape, order="F" if fortran else "C")


def npz(data: bytes, where: str) -> dict[str, Array]:
    """All arrays in the bytes of a .npz file."""
    found = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                if entry.file_size > LARGEST:
                    raise BadInput(f"{where}: {entry.filename[:80]} is larger than {LARGEST >> 20} MiB.")
                name = entry.filename.removesuffix(".npy")
                found[name] = npy(archive.read(entry), f"{where}: {name[:80]}")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as fault:
        raise BadInput(f"{where} is no .npz file: {fault}.") from None
    return found


def numbers(array: Array, dimensions: int, where: str) -> Array:
    """An array of plain numbers with so many dimensions; BadInput otherwise."""
    if array.dtype.kind not in "fiub" or array.ndim != dimensions:
        raise BadInput(f"{where} has shape {array.shape} and type {array.dtype}; it must have {dimensions} dimensions.")
    return array


def write_npz(path: Path, **fields: Array) -> None:
    """A .npz at exactly this path; the same arrays always give the same bytes, and are written piece by piece."""
    with open(path, "wb") as file:
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
