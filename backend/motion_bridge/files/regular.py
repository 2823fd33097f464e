"""Opening what somebody else made: regular files only, no longer than a limit, without ever waiting.

A FIFO blocks whoever opens it, a device may never end, and either can lie where a file is expected.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from ..errors import BadInput

LARGEST = 1 << 30  # bytes of a file that is read as a whole
LARGEST_TEXT = 64 << 20  # bytes of a settings file or document
PIECE = 1 << 20  # bytes read at a time where the size is not known
_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_BINARY", "O_NOINHERIT", "O_CLOEXEC", "O_NONBLOCK"))
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)


def open_regular(path: Path, limit: int | None = None, *, links: bool = True) -> BinaryIO:
    """A file opened for reading; the caller closes it.

    limit: bytes it may have; None where it is read piece by piece. links: whether the name may be a link to the file.
    BadInput when it is missing, no regular file or larger.
    """
    return os.fdopen(_open(path, limit, links)[0], "rb")


def read_bytes(path: Path, limit: int = LARGEST, *, links: bool = True) -> bytes:
    """All of a file, as `open_regular` opens it."""
    descriptor, size = _open(path, limit, links)
    try:
        content = _read(descriptor, size, limit)
    except OSError as fault:
        raise BadInput(f"{path} cannot be read: {reason(fault)}.") from None
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise BadInput(f"{path} has more than {limit:,} bytes; no more are read.")
    return content


def _read(descriptor: int, size: int, limit: int) -> bytes:
    """Up to one byte above the limit: a file may have grown meanwhile, and the size of one in /proc says nothing."""
    content = os.read(descriptor, size + 1)
    if len(content) == size:
        return content
    pieces = [content]
    while content and (missing := limit + 1 - sum(map(len, pieces))) > 0:
        content = os.read(descriptor, min(missing, PIECE))
        pieces.append(content)
    return b"".join(pieces)


def _open(path: Path, limit: int | None, links: bool) -> tuple[int, int]:
    """A descriptor and the size of the file."""
    try:
        _check_kind(path, os.stat(path, follow_symlinks=links))  # first: opening some devices already does something
        descriptor = os.open(path, _FLAGS if links else _FLAGS | _NO_LINKS)
    except FileNotFoundError:
        raise BadInput(f"{path} cannot be read: there is no such file.") from None
    except (OSError, ValueError) as fault:
        raise BadInput(f"{path} cannot be read: {reason(fault)}.") from None
    try:
        about = os.fstat(descriptor)
        _check_kind(path, about)
        if limit is not None and about.st_size > limit:
            raise BadInput(f"{path} has {about.st_size:,} bytes; at most {limit:,} are read.")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, about.st_size


def read_text(path: Path, limit: int = LARGEST_TEXT, *, links: bool = True) -> str:
    """A file's text in UTF-8, with or without a byte order mark; line ends as they are."""
    try:
        return read_bytes(path, limit, links=links).decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise BadInput(f"{path} is not text in UTF-8: byte {fault.start} cannot be decoded.") from None


def reason(fault: OSError | ValueError) -> str:
    """What the system says of a failure, without the path, which the sentence names already."""
    return getattr(fault, "strerror", None) or str(fault)


def _check_kind(path: Path, about: os.stat_result) -> None:
    if stat.S_ISREG(about.st_mode):
        return
    if stat.S_ISDIR(about.st_mode):
        raise BadInput(f"{path} is a folder; a file belongs there.")
    if stat.S_ISLNK(about.st_mode):
        raise BadInput(f"{path} is a link; put the file itself there.")
    raise BadInput(f"{path} is a device, pipe or socket; a file belongs there.")
