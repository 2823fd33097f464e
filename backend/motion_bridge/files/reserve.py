"""Disk space taken before it is used.

A file that is mapped into memory and has holes kills its process (SIGBUS) when the disk fills while it is written.
Reserved first, a full disk is an error like any other.
"""

import errno
import os
import shutil
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..errors import BadInput
from .writing import create, remove

BLOCK = 1 << 20  # bytes of zeros written at a time
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_UNSUPPORTED = (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOTSUP)


def map_new(root: Path, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """A new .npy file below a folder, mapped into memory for writing, its space reserved. BadInput when it is full."""
    kind = np.dtype(dtype)
    file = create(root, name)
    try:
        header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        file.flush()
        start = file.tell()
        size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
        reserve(file, start + size, root / name)
        if not size:
            return np.zeros(shape, kind)
        mapped = np.memmap(file, kind, "r+", start, shape)
        mapped.filename = (root / name).absolute()  # pyright: ignore[reportAttributeAccessIssue]  numpy does not know it
        return mapped
    except BaseException:
        file.close()
        remove(root, name)
        raise
    finally:
        file.close()  # the map keeps the file by itself


def reserve(file: BinaryIO, size: int, shown: Path | str) -> None:
    """Make a file so many bytes long, all of them on disk. shown: what to call it when the disk is full."""
    try:
        _take(file.fileno(), size)
    except OSError as fault:
        if fault.errno not in FULL:
            raise
        raise BadInput(no_room(shown, size)) from None


@contextmanager
def room_for(shown: Path, size: int) -> Iterator[None]:
    """Turn what the system says while so many bytes are written into BadInput. shown: where they go."""
    try:
        yield
    except OSError as fault:
        if fault.errno in FULL:
            raise BadInput(no_room(shown, size)) from None
        raise BadInput(f"{shown} cannot be written: {fault.strerror or fault}. Choose another place.") from None


def no_room(shown: Path | str, size: int | None = None) -> str:
    """The sentence about a disk that is full: path, needed (where that is known), free."""
    needed = "" if size is None else f"it needs {size / 1e6:,.1f} MB, and "
    return f"{shown} does not fit: {needed}{free(Path(shown))}. Make room or choose another disk."


def free(path: Path) -> str:
    """How much is free where a path lies, as the end of a sentence."""
    place = next((each for each in (path, *path.parents) if each.is_dir()), Path.cwd())
    try:
        return f"{shutil.disk_usage(place).free / 1e6:,.1f} MB are free on that disk"
    except OSError:
        return "that disk does not answer"


def _take(descriptor: int, size: int) -> None:
    """By what the system has: posix_fallocate, F_PREALLOCATE (macOS), zeros elsewhere."""
    if hasattr(os, "posix_fallocate"):
        try:
            return os.posix_fallocate(descriptor, 0, size) if size else None
        except OSError as fault:
            if fault.errno not in _UNSUPPORTED:
                raise
    elif sys.platform == "darwin" and _preallocate(descriptor, size):
        return os.ftruncate(descriptor, size)
    return _zeros(descriptor, size)


def _preallocate(descriptor: int, size: int) -> bool:
    """macOS: struct fstore {flags, posmode, offset, length, bytesalloc}; False where the file system cannot."""
    import fcntl

    all_of_it, from_the_end = 4, 3  # F_ALLOCATEALL, F_PEOFPOSMODE
    missing = size - os.fstat(descriptor).st_size
    order = struct.pack("=IiqqQ", all_of_it, from_the_end, 0, max(missing, 0), 0)
    try:
        fcntl.fcntl(descriptor, getattr(fcntl, "F_PREALLOCATE", 42), order)
    except OSError as fault:
        if fault.errno in _UNSUPPORTED:
            return False
        raise
    return True


def _zeros(descriptor: int, size: int) -> None:
    at = os.fstat(descriptor).st_size
    os.lseek(descriptor, at, os.SEEK_SET)
    while at < size:
        at += os.write(descriptor, bytes(min(BLOCK, size - at)))
