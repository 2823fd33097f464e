"""The system's trash: what is put there can be had back by the means that everybody knows.

Linux and its like: https://specifications.freedesktop.org/trash-spec/1.0/, in the person's own trash where the file is
on the same disk, else in the one of its disk. macOS: ~/.Trash. Windows: the shell moves it (SHFileOperationW).
"""

import os
import stat
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import quote

from ..errors import BadInput
from . import home

OWN = 0o700  # nobody else looks into a trash


def put(path: Path) -> None:
    """Move a file or folder to the trash; a link goes itself. BadInput says why it cannot be, and leaves it."""
    whole = path.parent.resolve() / path.name
    try:
        if sys.platform == "win32":
            _by_the_shell(whole)
        elif sys.platform == "darwin":
            _move(whole, _person() / ".Trash")
        else:
            _by_freedesktop(whole)
    except OSError as fault:
        raise BadInput(
            f"{path} cannot be moved to the trash: {fault.strerror or fault}. Delete it in the system's file browser."
        ) from None


def _by_freedesktop(path: Path) -> None:
    trash, origin = _trash_for(path)
    _with_information(path, trash, origin)


def _trash_for(path: Path) -> tuple[Path, str]:
    """The trash that a path belongs into, and how the path is written there."""
    data = Path(os.environ.get("XDG_DATA_HOME") or _person() / ".local" / "share")
    own = data / "Trash"
    own.mkdir(parents=True, exist_ok=True, mode=OWN)
    device = path.lstat().st_dev
    if own.stat().st_dev == device:
        return own, str(path)
    top = _top_of_disk(path, device)
    shared = top / ".Trash" / str(os.getuid())
    if _may_be_shared(shared.parent):
        shared.mkdir(exist_ok=True, mode=OWN)
        return shared, str(path.relative_to(top))
    beside = top / f".Trash-{os.getuid()}"
    beside.mkdir(exist_ok=True, mode=OWN)
    about = beside.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
        raise OSError(f"{beside} is not a trash of yours")
    return beside, str(path.relative_to(top))


def _may_be_shared(trash: Path) -> bool:
    """Whether an administrator has made a trash for everybody: a folder, no link, with the sticky bit."""
    try:
        about = trash.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(about.st_mode) and bool(about.st_mode & stat.S_ISVTX)


def _top_of_disk(path: Path, device: int) -> Path:
    top = path.parent
    while top.parent != top and top.parent.stat().st_dev == device:
        top = top.parent
    return top


def _with_information(path: Path, trash: Path, origin: str) -> None:
    """Where it came from is written first, under a name that nothing has: that claims the name."""
    for folder in ("info", "files"):
        (trash / folder).mkdir(exist_ok=True, mode=OWN)
    text = f"[Trash Info]\nPath={quote(origin)}\nDeletionDate={time.strftime('%Y-%m-%dT%H:%M:%S')}\n"
    for name in _names(path.name):
        try:
            note = os.open(trash / "info" / f"{name}.trashinfo", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(note, "w", encoding="utf-8") as file:
            file.write(text)
        try:
            if os.path.lexists(trash / "files" / name):
                raise FileExistsError(f"{trash / 'files' / name} is there without its information")
            os.rename(path, trash / "files" / name)
        except BaseException:
            os.unlink(trash / "info" / f"{name}.trashinfo")
            raise
        return


def _move(path: Path, trash: Path) -> None:
    """Into a folder under the next free name."""
    trash.mkdir(exist_ok=True, mode=OWN)
    name = next(name for name in _names(path.name) if not os.path.lexists(trash / name))
    os.rename(path, trash / name)


def _names(name: str) -> Iterator[str]:
    """take_001, take_001 2, take_001 3 …"""
    yield name
    for number in count(2):
        yield f"{name} {number}"


def _person() -> Path:
    found = home.home()
    if found is None:
        raise OSError("the person has no home folder, so no trash")
    return found


def _by_the_shell(path: Path) -> None:
    import ctypes
    from ctypes import wintypes

    class Operation(ctypes.Structure):
        """SHFILEOPSTRUCTW, of shellapi.h; packed on 32 bits only."""

        _fields_ = (
            ("hwnd", wintypes.HWND),
            ("wFunc", wintypes.UINT),
            ("pFrom", wintypes.LPCWSTR),
            ("pTo", wintypes.LPCWSTR),
            ("fFlags", ctypes.c_ushort),
            ("fAnyOperationsAborted", wintypes.BOOL),
            ("hNameMappings", ctypes.c_void_p),
            ("lpszProgressTitle", wintypes.LPCWSTR),
        )

    delete, undoable = 3, 0x0040  # FO_DELETE, FOF_ALLOWUNDO
    quiet = 0x0004 | 0x0010 | 0x0400  # FOF_SILENT, FOF_NOCONFIRMATION, FOF_NOERRORUI
    warn = 0x4000  # FOF_WANTNUKEWARNING: ask before anything is deleted for good
    names = ctypes.create_unicode_buffer(f"{path}\0")  # two zeros end the list
    asked = Operation(wFunc=delete, pFrom=ctypes.cast(names, wintypes.LPCWSTR), fFlags=undoable | quiet | warn)
    code = ctypes.windll.shell32.SHFileOperationW(ctypes.byref(asked))  # type: ignore[attr-defined]
    if code or asked.fAnyOperationsAborted:
        raise OSError(f"Windows refused it (code {code})")
