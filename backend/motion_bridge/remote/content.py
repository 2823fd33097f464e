"""Files by the hash of their content: what both ends of a remote job have, lack, and send once."""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BadInput, ProtocolError
from ..files import json_text, regular, reserve, writing
from ..files.reserve import FULL
from ..takes.output_path import LONGEST_NAME

PIECE = 256 << 10  # bytes that go into one message: what a slow link carries in a moment
BLOCK = 1 << 20
LIMIT = 20e9  # bytes that the store keeps of earlier jobs
MOST_FILES = 200_000  # of a job
LARGEST = 1 << 40  # bytes of a file
FRAME_FILE = re.compile(r"frame_-?\d{4,18}\.png|state/frame_-?\d{4,18}\.npy", re.ASCII)
_SHOT_FILE = re.compile(r"[A-Za-z0-9_.-]{1,120}", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Entry:
    """One file of a job."""

    name: str  # shot/… or take/…
    sha256: str
    size: int  # bytes


def sha256(path: Path) -> str:
    total = hashlib.sha256()
    with regular.open_regular(path, links=False) as file:
        while block := file.read(BLOCK):
            total.update(block)
    return total.hexdigest()


def entry(path: Path, name: str) -> Entry:
    return Entry(name, sha256(path), path.stat().st_size)


def entries_of(payload: bytes) -> list[Entry]:
    """The files that a manifest lists. ProtocolError for a name that no job's file has."""
    try:
        listed = json_text.parse(payload, "A manifest")
    except BadInput as fault:
        raise ProtocolError(str(fault)) from None
    if not isinstance(listed, list) or len(listed) > MOST_FILES:
        raise ProtocolError("A manifest is not a list of files.")
    found = [_entry_of(item) for item in listed]
    if len({each.name for each in found}) != len(found):
        raise ProtocolError("A manifest names a file twice.")
    return found


def _entry_of(item: Any) -> Entry:
    match item:
        case [str(name), str(sha), int(size)] if _is_ours(name) and _HASH.fullmatch(sha) and 0 <= size <= LARGEST:
            return Entry(name, sha, size)
    raise ProtocolError(f"A manifest lists {str(item)[:100]!r}, which is not a job's file.")


def _is_ours(name: str) -> bool:
    folder, _, rest = name.partition("/")
    if folder == "shot":
        return bool(_SHOT_FILE.fullmatch(rest)) and set(rest) != {"."}
    return folder == "take" and bool(FRAME_FILE.fullmatch(rest)) and len(rest) < LONGEST_NAME


def payload_of(entries: list[Entry]) -> list[list[Any]]:
    return [[each.name, each.sha256, each.size] for each in entries]


def pieces(path: Path, offset: int) -> Iterator[tuple[int, bytes]]:
    """A file from an offset on, in pieces with their offsets."""
    with regular.open_regular(path, links=False) as file:
        file.seek(offset)
        while block := file.read(PIECE):
            yield offset, block
            offset += len(block)


class Store:
    """Files that were sent to this machine, under their hashes. A file that is not whole yet ends in .part."""

    def __init__(self, root: Path):
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._root = root

    def path(self, sha: str) -> Path:
        """Where the file lies; ProtocolError for what is no hash."""
        if not _HASH.fullmatch(sha):
            raise ProtocolError("A piece of a file carries no hash.")
        return self._root / sha

    def there(self, sha: str) -> bool:
        path = self.path(sha)
        if path.is_file():
            with suppress(OSError):
                os.utime(path)  # what is used is kept
            return True
        return False

    def arrived(self, sha: str) -> int:
        """Bytes of a file that is not whole."""
        try:
            return self._part(sha).stat().st_size
        except OSError:
            return 0

    def restart_if_full(self, wanted: Entry) -> None:
        """Drop what a process left that was killed while it compared a whole file with its hash."""
        if wanted.size and self.arrived(wanted.sha256) >= wanted.size:
            writing.remove(self._root, self._part(wanted.sha256).name)

    def append(self, wanted: Entry, offset: int, block: bytes) -> bool:
        """One more piece; whether the file is whole. BadInput when the disk is full, or what arrived has another hash.

        ProtocolError for a piece that does not follow what is there.
        """
        part = self._part(wanted.sha256)
        if offset != self.arrived(wanted.sha256) or offset + len(block) > wanted.size:
            raise ProtocolError(f"A piece of {wanted.name} came at {offset}, where it does not belong.")
        try:
            with part.open("ab") as file:
                file.write(block)
        except OSError as fault:
            if fault.errno in FULL:
                raise BadInput(f"The GPU machine's disk is full: {reserve.free(self._root)}.") from None
            raise
        if offset + len(block) < wanted.size:
            return False
        self._accept(wanted, part)
        return True

    def _accept(self, wanted: Entry, part: Path) -> None:
        if sha256(part) != wanted.sha256:
            writing.remove(self._root, part.name)
            raise BadInput(f"{wanted.name} arrived damaged; render again.")
        writing.move(part, self.path(wanted.sha256))

    def add(self, path: Path, sha: str) -> None:
        """Keep a file that was made here."""
        with suppress(OSError):
            if not self.there(sha):
                _copy(path, self._root, sha)

    def put(self, wanted: Entry, work: Path) -> None:
        """Lay a file into a job's folder; BadInput when it has not arrived."""
        if wanted.size == 0:
            writing.write(work, wanted.name, b"")
        elif self.there(wanted.sha256):
            _copy(self.path(wanted.sha256), work, wanted.name)
        else:
            raise BadInput(f"{wanted.name} did not reach the GPU machine; render again.")

    def sweep(self, limit: float = LIMIT) -> None:
        """Delete what was not used for longest until the rest is within the limit."""
        found = []
        for each in self._root.iterdir():
            with suppress(OSError):
                about = each.stat()
                found.append((about.st_mtime, about.st_size, each))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= limit:
                return
            with suppress(OSError):
                writing.remove(self._root, path.name)
                total -= size

    def _part(self, sha: str) -> Path:
        return self.path(sha).with_suffix(writing.PART)


def _copy(old: Path, root: Path, name: str) -> None:
    """Copied, never linked: a job's file that is replaced or damaged must not change what the store holds."""
    with regular.open_regular(old, links=False) as source, writing.replacing(root, name) as file:
        shutil.copyfileobj(source, file, BLOCK)
