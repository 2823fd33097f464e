"""MP4 files as far as their outermost boxes go (ISO/IEC 14496-12): whether one was written to its end."""

from pathlib import Path
from typing import BinaryIO

from ..files import regular

NEEDED = {b"ftyp", b"moov", b"mdat"}
XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")  # the identity of the box that holds an XMP packet
LARGEST_BOX = 16 << 20  # bytes of one that is read
MOST_BOXES = 10_000  # on the outermost level; a movie has a handful


def is_whole(path: Path) -> bool:
    """Whether a file's boxes end where it does and what a player needs is among them.

    A program that does not notice a full disk leaves one without an end. BadInput when there is no such file.
    """
    with regular.open_regular(path) as file:
        size = file.seek(0, 2)
        kinds, at = set(), 0
        for _ in range(MOST_BOXES):
            if at == size:
                return kinds >= NEEDED
            length, kind = _box(file, at, size)
            if not length or at + length > size:
                return False
            kinds.add(kind)
            at += length
    return False


def uuid_box(kind: bytes, content: bytes) -> bytes:
    """A box of somebody's own, to stand at the end of a file. kind: the 16 bytes that name it."""
    return (8 + len(kind) + len(content)).to_bytes(4, "big") + b"uuid" + kind + content


def read_uuid_box(path: Path, kind: bytes) -> bytes | None:
    """What the outermost box of that kind holds; None where there is none. BadInput when there is no such file."""
    with regular.open_regular(path) as file:
        size, at = file.seek(0, 2), 0
        for _ in range(MOST_BOXES):
            length, name = _box(file, at, size)
            if not length or at + length > size:
                return None
            if name == b"uuid" and length <= LARGEST_BOX:
                file.seek(at + 8)
                content = file.read(length - 8)
                if content.startswith(kind):
                    return content[len(kind) :]
            at += length
    return None


def _box(file: BinaryIO, at: int, size: int) -> tuple[int, bytes]:
    """Bytes and kind of the box that begins there; 0 bytes where none does."""
    file.seek(at)
    head = file.read(16)
    if len(head) < 8:
        return 0, b""
    length, kind = int.from_bytes(head[:4]), head[4:8]
    if length == 1:  # the length stands behind the kind, in 64 bits
        length = int.from_bytes(head[8:16]) if len(head) == 16 else 0
    elif length == 0:  # to the end of the file
        length = size - at
    return (length if length >= 8 else 0), kind
