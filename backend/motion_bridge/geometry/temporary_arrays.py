"""Room for the arrays of long shots that no memory is spent on."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..files import reserve, temporary

SMALL = 1 << 20  # bytes; what is no larger stays in memory


def scratch(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array of zeros in a temporary file, which goes when the array does; in memory where it is small.

    BadInput when the disk has no room for all of it.
    """
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    if size <= SMALL:
        return np.zeros(shape, dtype)
    with temporary.explained(size), temporary.temporary_file() as file:
        reserve.reserve(file, size, temporary.place())
        return np.memmap(file, dtype, "r+", shape=shape)


def pieces(array: NDArray[Any]) -> Iterator[slice]:
    """Rows of an array, as many at a time as are small; one at least."""
    rows = max(1, SMALL * len(array) // max(1, array.nbytes))
    return (slice(at, at + rows) for at in range(0, len(array), rows))
