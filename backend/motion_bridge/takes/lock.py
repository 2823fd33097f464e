"""One writer for one folder.

The lock is the operating system's, on a file that says whose it is: it ends with its process whatever ended that, so a
stale one is recognised at once. Such locks may not reach other machines; between those the name in the file decides.
"""

import errno
import json
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import BadInput

NAME = "motion_bridge.lock"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; BadInput names the process that has it."""
    path = folder / NAME
    with writing(folder):
        file = _lock(path)
    try:
        if _owner(file)[1] not in (platform.node(), ""):
            raise BadInput(
                f"{folder} is in use by {_name(file)}. If that machine no longer works on it, delete {path}."
            )
        with writing(folder):
            os.ftruncate(file, 0)
            os.lseek(file, 0, os.SEEK_SET)
            os.write(file, json.dumps({"pid": os.getpid(), "host": platform.node()}).encode())
        try:
            yield
        finally:
            # Deleted while it is locked, so that nobody locks a file that is about to go. Windows refuses that, and
            # the folder itself may be gone; a file that stays is stale, which is as good.
            with suppress(OSError):
                path.unlink()
    finally:
        os.close(file)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn a refusal of the system to write to a folder into BadInput."""
    try:
        yield
    except OSError as fault:
        raise BadInput(f"Nothing can be written to {folder}: {fault.strerror}. Choose another folder.") from None


def _lock(path: Path) -> int:
    """A locked descriptor of the file of that name, which its last owner may be deleting meanwhile."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        if not _try_lock(file):
            owner = _name(file)
            os.close(file)
            raise BadInput(f"{path.parent} is in use by {owner}; wait for it to finish or choose another folder.")
        if path.exists() and os.path.samestat(os.fstat(file), os.stat(path)):
            return file
        os.close(file)


def _owner(file: int) -> tuple[int, str]:
    """Process number and machine in the lock's file; 0 and nothing in a new one."""
    os.lseek(file, 0, os.SEEK_SET)
    try:
        owner = json.loads(os.read(file, 4096))
        return int(owner["pid"]), str(owner["host"])
    except (ValueError, TypeError, KeyError):
        return 0, ""


def _name(file: int) -> str:
    pid, host = _owner(file)
    return f"process {pid} on {host}" if pid else "another process"


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: int) -> bool:
        os.lseek(file, 1 << 30, os.SEEK_SET)  # far behind the text, which others must be able to read
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as fault:
            return fault.errno not in (errno.EWOULDBLOCK, errno.EACCES)  # else: a disk without locks
        return True
