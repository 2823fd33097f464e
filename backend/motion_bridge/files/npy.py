"""NumPy's .npy files from strangers: no pickles, no header that misleads, no array larger than the bytes there are."""

import io
import math
import tokenize
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from .regular import open_regular

Array = NDArray[Any]
_LAYOUTS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
    (3, 0): np.lib.format.read_array_header_2_0,  # the same with names in UTF-8, of which we read none
}
_FAULTS = (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, tokenize.TokenError, OSError, EOFError)
MOST_DIMENSIONS = 8
LARGEST = 1 << 62  # bytes, were no side 0


def header(file: IO[bytes], size: int, where: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether the first axis runs fastest, and dtype; the file then stands at the numbers.

    size: bytes of the whole file; what its header promises must be there exactly.
    """
    try:
        version = np.lib.format.read_magic(file)
        if version not in _LAYOUTS:
            raise ValueError(f"version {version[0]}.{version[1]}")
        shape, fortran, dtype = _LAYOUTS[version](file)
    except _FAULTS as fault:
        raise BadInput(f"{where} is not a .npy file, or it is damaged: {_short(fault)}.") from None
    if dtype.hasobject or dtype.names or dtype.subdtype:
        raise BadInput(f"{where} holds Python objects or records, which are never loaded; save plain numbers.")
    if len(shape) > MOST_DIMENSIONS or not all(type(side) is int and side >= 0 for side in shape):
        raise BadInput(f"{where} is damaged: its shape is {str(shape)[:80]}.")
    if math.prod(side or 1 for side in shape) * max(dtype.itemsize, 1) > LARGEST:  # numpy refuses those, empty or not
        raise BadInput(f"{where} is damaged: its shape is {str(shape)[:80]}.")
    if math.prod(shape) * dtype.itemsize != size - file.tell():
        raise BadInput(f"{where} is damaged or cut short: its size does not fit its shape {shape}.")
    return shape, fortran, dtype


def of_bytes(content: bytes, where: str) -> Array:
    """The array in a file's bytes, read-only, without a copy."""
    file = io.BytesIO(content)
    shape, fortran, dtype = header(file, len(content), where)
    if not dtype.itemsize:
        return np.zeros(shape, dtype)
    return np.frombuffer(content, dtype, offset=file.tell()).reshape(shape, order="F" if fortran else "C")


def map_read_only(path: Path, *, links: bool = True) -> Array:
    """The array in a file, mapped into memory; empty ones are not mapped."""
    with open_regular(path, links=links) as file:
        size = file.seek(0, 2)
        file.seek(0)
        shape, fortran, dtype = header(file, size, str(path))
        order = "F" if fortran else "C"
        if not math.prod(shape) or not dtype.itemsize:
            return np.zeros(shape, dtype, order)
        try:
            mapped = np.memmap(file, dtype, "r", file.tell(), shape, order)
        except (OSError, ValueError) as fault:
            raise BadInput(f"{path} cannot be mapped into memory: {_short(fault)}.") from None
        mapped.filename = path.absolute()  # pyright: ignore[reportAttributeAccessIssue]  numpy does not know it
        return mapped


def _short(fault: BaseException) -> str:
    return (str(fault).splitlines() or [type(fault).__name__])[0][:120].rstrip(".")
