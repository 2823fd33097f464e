"""Finished frames on disk: the truth about how far a job has come.

A take is one job's output folder. Its frames are PNG files named after the frame in the scene; each carries, in a text
chunk named "motion_bridge", what it was made from. A frame is written under a temporary name and renamed when it is
whole, so that a name without `.part` always stands for a finished frame.
"""

import io
import json
import os
import re
import shutil
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BackendFailed, BadInput
from ..media import png
from . import lock
from .frame import Frame

VERSION = 1  # of what is written into the files
KEY = "motion_bridge"
PART = ".part"
STATE = "state"  # the folder of what an engine keeps beside its frames; of no use once all are finished
_FRAME = re.compile(r"frame_(-?\d{4,})\.png")
_STRAY = re.compile(r"frame_-?\d{4,}\.png\.part")
_HEAD = 4096  # bytes: the text of most frames ends before
_LONGEST_TEXT = 1 << 20
_OURS = b"iTXt" + KEY.encode() + bytes(5)  # the start of our text chunk: not compressed, no language
_END = bytes(4) + b"IEND" + zlib.crc32(b"IEND").to_bytes(4, "big")


def frame_name(number: int) -> str:
    """The file name of a frame: frame_0001.png, frame_-0005.png, frame_123456.png."""
    return f"frame_{'-' if number < 0 else ''}{abs(number):04d}.png"


def there(folder: Path) -> list[str]:
    """The names of the frames in a folder, in the order of names; none where there is no folder."""
    return sorted(filter(_FRAME.fullmatch, os.listdir(folder))) if folder.is_dir() else []


@dataclass(frozen=True)
class Identity:
    """What frames were made from; those of another identity are another job's."""

    shot: str  # shot.digest
    engine: str
    settings: Mapping[str, Any]

    def fields(self) -> dict[str, Any]:
        """As it stands in the files."""
        settings = json.loads(json.dumps(dict(self.settings), allow_nan=False))  # a tuple is a list in a file
        return {"version": VERSION, "shot": self.shot, "engine": self.engine, "settings": settings}


@contextmanager
def take(folder: Path, identity: Identity, numbers: Sequence[int], resume: bool) -> Iterator["Take"]:
    """A take that is open for writing; nobody else can open it meanwhile.

    numbers: the Shot's frames. BadInput when another process has the folder, when it holds frames and this is no
    resume, or when it holds pictures that this job did not make: nothing is ever overwritten.
    """
    with lock.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with lock.held(folder):
        opened = Take(folder, identity, numbers)
        with lock.writing(folder):
            there = _sweep(folder)
            if there and not resume:
                raise BadInput(
                    f"{folder} holds {len(there)} frames already. Resume to make only what is missing, or choose "
                    "another folder."
                )
            opened.scan(there)
        yield opened


def _sweep(folder: Path) -> list[str]:
    """Delete what interrupted writes left behind; the names of the frames that are there."""
    names = os.listdir(folder)
    for name in filter(_STRAY.fullmatch, names):
        (folder / name).unlink()
    return there(folder)


class Take:
    """The frames of one job; an engine asks it for those that are finished."""

    def __init__(self, folder: Path, identity: Identity, numbers: Sequence[int]):
        self.folder = folder
        self._fields = identity.fields()
        self._numbers = numbers
        self._finished: set[int] = set()

    def __contains__(self, index: int) -> bool:
        return index in self._finished

    def __len__(self) -> int:
        return len(self._finished)

    def path(self, index: int) -> Path:
        return self.folder / frame_name(self._numbers[index])

    def pixels(self, index: int) -> NDArray[np.uint8]:
        """A finished frame, (H, W, 3) uint8."""
        return png.read(self.path(index))

    def notes(self, index: int) -> Mapping[str, Any]:
        """What the engine noted with a finished frame."""
        fields = _text(self.path(index))
        return fields["notes"] if fields else {}

    def state(self, index: int) -> NDArray[np.generic] | None:
        """What the engine needs of a finished frame beside its picture; None where nothing (whole) is there."""
        try:
            return np.load(self._state(index), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None

    def _state(self, index: int) -> Path:
        return self.folder / STATE / f"{self.path(index).stem}.npy"

    def scan(self, names: Sequence[str]) -> None:
        """Find out which of these files are finished frames of this job; BadInput for another's pictures."""
        index_of = {frame_name(number): index for index, number in enumerate(self._numbers)}
        for name in names:
            fields = _text(self.folder / name)
            if fields is None:
                continue  # damaged: it is made again
            fields.pop("notes", None)
            number = fields.pop("frame", None)
            if fields != self._fields or name not in index_of or number != self._numbers[index_of[name]]:
                raise BadInput(
                    f"{self.folder / name} was not made from this shot with these settings; choose another folder."
                )
            self._finished.add(index_of[name])

    def save(self, frame: Frame) -> Path:
        """Write a frame; it is on disk, whole, when this returns. BackendFailed when the disk does not take it."""
        fields = {**self._fields, "frame": self._numbers[frame.index], "notes": dict(frame.notes)}
        text = json.dumps(fields, sort_keys=True, ensure_ascii=False, allow_nan=False)
        path = self.path(frame.index)
        try:
            if frame.state is not None:
                self._save_state(frame.index, frame.state)
            _write(path, png.encode(frame.pixels, {KEY: text}))
        except OSError as fault:
            raise BackendFailed(f"{path} could not be written: {fault.strerror}; {_free(self.folder)}.") from None
        self._finished.add(frame.index)
        return path

    def _save_state(self, index: int, state: NDArray[Any]) -> None:
        """First of all, so that a finished frame always has its state."""
        path = self._state(index)
        path.parent.mkdir(exist_ok=True)
        path.with_name(path.name + PART).unlink(missing_ok=True)
        content = io.BytesIO()
        np.save(content, state, allow_pickle=False)
        _write(path, content.getvalue())


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + PART)
    try:
        with open(part, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _free(folder: Path) -> str:
    try:
        return f"{shutil.disk_usage(folder).free / 1e6:,.0f} MB are free on that disk"
    except OSError:
        return "that disk does not answer"


def _text(path: Path) -> dict[str, Any] | None:
    """What a frame says of itself; {} for a whole picture that is none of ours, None for one that is not whole.

    Only the head and the end are read: ten thousand frames must be looked through within a second.
    """
    with open(path, "rb", buffering=0) as file:
        text = _quick_text(file)
    if text is None:
        try:
            text = png.read_text(path).get(KEY, "{}")
        except BadInput:
            return None
    try:
        fields = json.loads(text)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _quick_text(file: IO[bytes]) -> str | None:
    """Our text in a file that is laid out as png.encode does it and has all its bytes; None for any other."""
    head = file.read(_HEAD)
    at, text = len(png.SIGNATURE), None
    while len(head) >= at + 8:
        length, kind = int.from_bytes(head[at : at + 4], "big"), head[at + 4 : at + 8]
        behind = at + 12 + length
        if kind == b"IDAT":
            file.seek(behind)
            return text if file.read(len(_END) + 1) == _END else None
        if length > _LONGEST_TEXT:
            return None
        if len(head) < behind + 8:
            head += file.read(behind + 8 - len(head))
        if head[at + 4 : behind - 4].startswith(_OURS):
            text = head[at + 4 + len(_OURS) : behind - 4].decode(errors="replace")
        at = behind
    return None
