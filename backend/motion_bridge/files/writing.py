"""Writing under names that are ours, below a folder that a person chose.

The folder may be reached through links, as the person named it. Below it no link is followed (on Windows: no symbolic
link and no junction), so a project from a stranger cannot redirect what is written. A file is made under a temporary
name and takes its own only when it is whole. Virus scanners, indexers and OneDrive open new files for a moment;
Windows refuses to replace or delete those meanwhile, so it is asked again for PATIENCE seconds.
"""

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ..errors import BadInput

PART = ".part"
PATIENCE = 2.0  # seconds
PAUSE = 0.02
BUSY = (5, 32, 33)  # Windows: access denied, sharing violation, lock violation
_NAME_SURROGATE = 0x20000000  # of a reparse tag: it stands for another name, as links and junctions do
_RELATIVE = {os.open, os.mkdir, os.stat, os.unlink, os.rename} <= os.supports_dir_fd
_FOLDER = sum(getattr(os, name, 0) for name in ("O_PATH", "O_DIRECTORY", "O_CLOEXEC"))
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
_NEW = os.O_CREAT | os.O_EXCL | sum(getattr(os, name, 0) for name in ("O_BINARY", "O_NOINHERIT", "O_CLOEXEC"))


@contextmanager
def replacing(root: Path, name: str) -> Iterator[BinaryIO]:
    """A file to write; afterwards it is on disk, whole, in the place of an older one, or not at all.

    root: a folder that is there. name: of the file below it, with slashes; its folders are made. BadInput where
    something on the way is a link; OSError as the system raises it.
    """
    with _folder(root, name, make=True) as (at, last):
        with suppress(FileNotFoundError):
            _check_replaceable(root / name, _look(at, last))
        part = last + PART
        _remove(at, part)
        with os.fdopen(_open(at, part, os.O_RDWR | _NEW), "w+b") as file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
            except BaseException:
                with suppress(OSError, ValueError):
                    file.close()
                _remove(at, part)
                raise
        try:
            persist(lambda: os.replace(_there(at, part), _there(at, last), **_both(at)))
        except BaseException:
            _remove(at, part)
            raise


def write(root: Path, name: str, content: bytes) -> None:
    """All of a file's bytes, as `replacing`."""
    with replacing(root, name) as file:
        file.write(content)


def write_named(path: Path, content: bytes | str) -> None:
    """A file that a person named: its folder is made, what has that name is replaced, a link of that name too.

    Text is written in UTF-8 with the line ends it has. BadInput says why it cannot be written.
    """
    with replacing_named(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def replacing_named(path: Path) -> Iterator[BinaryIO]:
    """The same for what is written piece by piece."""
    try:
        with suppress(FileNotFoundError):
            _check_replaceable(path, os.stat(path))  # /dev/stdout is a link to a device
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path.parent, path.name) as file:
            yield file
    except OSError as fault:
        raise BadInput(f"{path} cannot be written: {fault.strerror or fault}. Choose another place.") from None


def rename_folder(old: Path, new: Path) -> None:
    """Give a folder of ours another name beside it, which nothing has. BadInput says why it cannot have that."""
    try:
        persist(lambda: os.rename(old, new))
    except OSError as fault:
        raise BadInput(f"{old} cannot be renamed to {new}: {fault.strerror or fault}.") from None


def create(root: Path, name: str) -> BinaryIO:
    """A new empty file under its own name, to read and write; what had that name is unlinked, never written to."""
    with _folder(root, name, make=True) as (at, last):
        _remove(at, last)
        return os.fdopen(_open(at, last, os.O_RDWR | _NEW), "w+b")


def open_own(root: Path, name: str) -> int:
    """A descriptor of a small file that is written in place, made where it is missing.

    BadInput unless it is a regular file with one name: a second one could be any file of the user's.
    """
    with _folder(root, name, make=False) as (at, last):
        plain = os.O_RDWR | os.O_CREAT | sum(getattr(os, flag, 0) for flag in ("O_BINARY", "O_NOINHERIT", "O_CLOEXEC"))
        with suppress(FileNotFoundError):
            _check_plain(root / name, _look(at, last))
        try:
            descriptor = _open(at, last, plain | getattr(os, "O_NONBLOCK", 0))
        except OSError as fault:
            _explain(fault, root / name)
            raise
    try:
        _check_plain(root / name, os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def append(root: Path, name: str, content: bytes) -> None:
    """Write behind the end of a file of ours."""
    with os.fdopen(open_own(root, name), "r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(content)


def remove(root: Path, name: str) -> None:
    """Unlink a file below a folder; nothing happens where there is none."""
    with _folder(root, name, make=False) as (at, last):
        _remove(at, last)


def persist(action: Callable[[], None], patience: float | None = None) -> None:
    """Do something that Windows refuses while another program looks at the file, again and again for a while."""
    end = time.monotonic() + (PATIENCE if patience is None else patience)
    while True:
        try:
            return action()
        except OSError as fault:
            if getattr(fault, "winerror", None) not in BUSY or time.monotonic() > end:
                raise
        time.sleep(PAUSE)


def move(old: Path, new: Path) -> None:
    """Give a file another name in its folder, in the place of what has it."""
    persist(lambda: os.replace(old, new))


def is_link(about: os.stat_result) -> bool:
    """Whether what lstat found stands for another name: a symbolic link, or a junction on Windows.

    Not so OneDrive's placeholders, which are reparse points too.
    """
    return stat.S_ISLNK(about.st_mode) or bool(getattr(about, "st_reparse_tag", 0) & _NAME_SURROGATE)


def is_linked(entry: "os.DirEntry[str]") -> bool:
    """The same of what scandir found; costs nothing on any system."""
    return entry.is_symlink() or (os.name == "nt" and is_link(entry.stat(follow_symlinks=False)))


Place = int | Path  # an open folder, or on Windows its path


@contextmanager
def _folder(root: Path, name: str, make: bool) -> Iterator[tuple[Place, str]]:
    """The folder that a name lies in, opened without following links below the root, and the name's last part."""
    *between, last = PurePosixPath(name).parts
    if not last or ".." in (*between, last) or PurePosixPath(name).is_absolute():
        raise ValueError(f"{name!r} is not a name below a folder")
    at: Place = os.open(root, os.O_RDONLY | _FOLDER) if _RELATIVE else root
    try:
        shown = root
        for part in between:
            shown = shown / part
            at = _enter(at, part, shown, make)
        yield at, last
    finally:
        if isinstance(at, int):
            os.close(at)


def _enter(at: Place, part: str, shown: Path, make: bool) -> Place:
    if make:
        with suppress(FileExistsError):
            os.mkdir(_there(at, part), **_one(at))
    about = _look(at, part)
    if is_link(about) or not stat.S_ISDIR(about.st_mode):
        raise BadInput(
            f"{shown} is {'a link' if is_link(about) else 'not a folder'}; remove it, or choose another place."
        )
    if not isinstance(at, int):
        return at / part
    inner = os.open(part, os.O_RDONLY | _FOLDER | _NO_LINKS, dir_fd=at)
    os.close(at)
    return inner


def _open(at: Place, name: str, flags: int) -> int:
    return os.open(_there(at, name), flags | _NO_LINKS, 0o666, **_one(at))


def _look(at: Place, name: str) -> os.stat_result:
    return os.stat(_there(at, name), follow_symlinks=False, **_one(at))


def _remove(at: Place, name: str) -> None:
    with suppress(FileNotFoundError):
        persist(lambda: os.unlink(_there(at, name), **_one(at)))


def _check_plain(path: Path, about: os.stat_result) -> None:
    if is_link(about):
        raise BadInput(f"{path} is a link; nothing is written through it. Remove it.")
    if not stat.S_ISREG(about.st_mode):
        raise BadInput(f"{path} is not a file; remove it.")
    if about.st_nlink > 1:
        raise BadInput(f"{path} has a second name elsewhere on the disk; nothing is written to it. Remove it.")


def _check_replaceable(path: Path, about: os.stat_result) -> None:
    """A device that is replaced by a file is lost to everybody."""
    if not (stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode) or is_link(about)):
        raise BadInput(
            f"{path} is a device, pipe or socket, which a file would take the place of; choose another name."
        )


def _explain(fault: OSError, path: Path) -> None:
    if fault.errno in (errno.ELOOP, errno.EMLINK):  # as Linux, macOS and BSD say "a link"
        raise BadInput(f"{path} is a link; nothing is written through it. Remove it.") from None
    if fault.errno in (errno.ENXIO, errno.EISDIR):
        raise BadInput(f"{path} is not a file; remove it.") from None


def _there(at: Place, name: str) -> str | Path:
    return name if isinstance(at, int) else at / name


def _one(at: Place) -> dict[str, int]:
    return {"dir_fd": at} if isinstance(at, int) else {}


def _both(at: Place) -> dict[str, int]:
    return {"src_dir_fd": at, "dst_dir_fd": at} if isinstance(at, int) else {}
