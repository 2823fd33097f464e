"""Arrays of a long snapshot in one temporary file, so that memory stays flat however many frames there are."""

import hashlib
import sys
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from ....backend.motion_bridge.files.temporary import temporary_file, write_all


@dataclass(frozen=True, slots=True)
class Handle:
    """Where an array is kept; equal handles of one store are equal arrays."""

    start: int  # bytes
    shape: tuple[int, ...]
    dtype: str


class Store:
    """Keeps arrays; what is there already is not kept twice. The file goes when the store does. Any thread may ask."""

    def __init__(self) -> None:
        """BadInput where no temporary file can be made."""
        self._file = temporary_file()  # it lives as long as the store
        self._lock = Lock()
        self._end = 0
        self._known: dict[bytes, Handle] = {}

    def put(self, array: Any) -> Handle:
        """Keep an array; what comes back finds it again. BadInput where the temporary folder has no room for it."""
        array = np.ascontiguousarray(array)
        body = memoryview(array).cast("B") if array.size else memoryview(b"")  # pyright: ignore[reportArgumentType]
        digest = hashlib.blake2b(body, digest_size=16)
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        key = digest.digest()
        with self._lock:
            if key not in self._known:
                self._write(body)
                self._known[key] = Handle(self._end, array.shape, sys.intern(array.dtype.str))
                self._end += len(body)
            return self._known[key]

    def get(self, handle: Handle) -> Any:
        """The array that a handle stands for, as a copy."""
        array = np.empty(handle.shape, handle.dtype)
        if array.size:
            with self._lock:
                self._file.seek(handle.start)
                rest = memoryview(array).cast("B")  # pyright: ignore[reportArgumentType]
                while count := self._file.readinto(rest):  # type: ignore[attr-defined]
                    rest = rest[count:]
        return array

    def _write(self, body: memoryview) -> None:
        self._file.seek(self._end)
        write_all(self._file, body, self._end + len(body))
