"""One writer for one folder.

The lock is the operating system's, on a file that says whose it is: it ends with its process whatever ended that, so a
stale one is recognized at once. Such locks may not reach other machines; between those the name in the file decides.
A backend that was stopped (SIGSTOP) while its host died cannot end by itself: whoever wants its folder wakes it, and it
ends.
"""

import errno
import json
import os
import platform
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .. import launch
from ..errors import BadInput
from ..files import json_text, regular, writing

NAME = "motion_bridge.lock"
LONGEST = 4096  # bytes of its text
TRIES = 50  # to lock a file that its last owner does not delete meanwhile
WAKING = 2.0  # seconds that a woken backend has to end
_CLOSE_FIRST = os.name == "nt"
PS_PATIENCE = 5.0  # seconds
OURS = ("frame_", "shot", "state", "motion_bridge")  # how the names of what we write begin


@dataclass(frozen=True)
class Owner:
    """What a lock's file says; zeros and nothing where it says nothing that makes sense."""

    pid: int = 0
    host: str = ""
    parent: int = 0  # the process that started it

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host[:100]}" if self.pid else "another process"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; BadInput names the process that has it.

    BadInput also where something in the folder that we would write to is a link: a take is written where it lies.
    """
    _refuse_links(folder)
    file = _lock(folder)
    try:
        yield
    finally:
        # First emptied: where it cannot be deleted it stays, and must name nobody. Then deleted while it is locked, so
        # that nobody locks a file that is about to go; only Windows deletes no file that is open.
        with suppress(OSError):
            os.ftruncate(file, 0)
        if _CLOSE_FIRST:
            os.close(file)
        with suppress(OSError, BadInput):  # the folder itself may be gone
            writing.remove(folder, NAME)
        if not _CLOSE_FIRST:
            os.close(file)


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn a refusal of the system to write to a folder into BadInput."""
    try:
        yield
    except OSError as fault:
        raise BadInput(f"Nothing can be written to {folder}: {fault.strerror}. Choose another folder.") from None


def _refuse_links(folder: Path) -> None:
    with writing_to(folder), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(OURS) and writing.is_linked(entry):
                raise BadInput(
                    f"{folder / entry.name} is a link; a take is never written through one. Remove it, or choose "
                    "another folder."
                )


def _lock(folder: Path) -> int:
    """A locked descriptor of the folder's lock file, which says that it is ours.

    Its last owner may delete the file between our opening and locking it. Then the name belongs to a newer file, or to
    none: what stands under it shows that.
    """
    mine = {"pid": os.getpid(), "host": platform.node(), "parent": os.getppid()}
    for _ in range(TRIES):
        with writing_to(folder):
            file = writing.open_own(folder, NAME)
        try:
            if not _try_lock(file) and not _wake(_owner(file), file):
                owner = _owner(file)
                raise BadInput(f"{folder} is in use by {owner}; wait for it to finish or choose another folder.")
            owner = _owner(file)
            if owner.host not in (platform.node(), ""):
                raise BadInput(
                    f"{folder} is in use by {owner}. If that machine no longer works on it, delete {folder / NAME}."
                )
            text = json.dumps({**mine, "token": secrets.token_hex(8)}).encode()
            with writing_to(folder):
                _write(file, text)
            if _content(folder) == text:
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)
    raise BadInput(f"{folder / NAME} cannot be locked: it changes all the time. Choose another folder.")


def _write(file: int, text: bytes) -> None:
    os.ftruncate(file, 0)
    os.lseek(file, 0, os.SEEK_SET)
    os.write(file, text)


def _content(folder: Path) -> bytes | None:
    try:
        return regular.read_bytes(folder / NAME, LONGEST, links=False)
    except BadInput:
        return None


def _owner(file: int) -> Owner:
    os.lseek(file, 0, os.SEEK_SET)
    try:
        found = json_text.parse(os.read(file, LONGEST), NAME)
    except BadInput:
        return Owner()
    if not isinstance(found, dict):
        return Owner()
    pid, host, parent = found.get("pid"), found.get("host"), found.get("parent", 0)
    if type(pid) is not int or not isinstance(host, str) or not 0 < pid < 1 << 32:
        return Owner()
    return Owner(pid, host, parent if type(parent) is int else 0)


def _wake(owner: Owner, file: int) -> bool:
    """Wake a stopped process whose parent is gone and see whether it ends; whether the lock is ours then."""
    if os.name == "nt" or not owner.pid or owner.host != platform.node() or not _abandoned(owner):
        return False
    try:
        os.kill(owner.pid, signal.SIGCONT)
    except OSError:  # somebody else's, or gone just now
        return _try_lock(file)
    end = time.monotonic() + WAKING
    while not (locked := _try_lock(file)) and time.monotonic() < end:
        time.sleep(0.02)
    return locked


def _abandoned(owner: Owner) -> bool:
    """Whether a process is stopped and no longer has the parent that started it."""
    try:
        if sys.platform == "linux":
            fields = Path(f"/proc/{owner.pid}/stat").read_text().rsplit(")", 1)[1].split()
        else:
            fields = launch.ask(["ps", "-o", "stat=,ppid=", "-p", str(owner.pid)], PS_PATIENCE).stdout.split()
        state, parent = fields[0], int(fields[1])
    except (OSError, IndexError, ValueError, launch.TimeoutExpired):
        return False
    return state.startswith("T") and bool(owner.parent) and parent != owner.parent


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
