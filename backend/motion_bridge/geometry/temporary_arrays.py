"""Room for the arrays of long shots that no memory is spent on."""

import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

SMALL = 1 << 20  # bytes; what is no larger stays in memory


def scratch(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array of zeros in a temporary file, which goes when the array does; in memory where it is small."""
    if int(np.prod(shape)) * np.dtype(dtype).itemsize <= SMALL:
        return np.zeros(shape, dtype)
    return np.memmap(tempfile.TemporaryFile(prefix="motion_bridge_"), dtype, "w+", shape=shape)


def pieces(array: NDArray[Any]) -> Iterator[slice]:
    """Rows of an array, as many at a time as are small; one at least."""
    rows = max(1, SMALL * len(array) // max(1, array.nbytes))
    return (slice(at, at + rows) for at in range(0, len(array), rows))
