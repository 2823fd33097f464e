"""Finished frames on disk: the truth about how far a job has come.

A take is one job's output folder. Its frames are PNG files named after the frame in the scene; each carries, in a text
chunk named "motion_bridge", what it was made from. A frame is written under a temporary name and renamed when it is
whole, so that a name without `.part` always stands for a frame that was finished. Disks and copies can damage it later:
the checksums that PNG files carry show that, and such a frame is made again.
"""

import io
import json
import os
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BackendFailed, BadInput
from ..files import json_text, npy, regular, reserve, writing
from ..media import png
from . import lock
from .frame import Frame

VERSION = 1  # of what is written into the files
KEY = "motion_bridge"
PART = writing.PART
STATE = "state"  # the folder of what an engine keeps beside its frames; of no use once all are finished
_FRAME = re.compile(r"frame_(-?\d{4,})\.png")
_STRAY = re.compile(r"frame_-?\d{4,}\.png\.part")
_CHECK = b"CRC1"  # before the checksum that ends a state file; numpy reads past both


Chunks = Callable[[int], Mapping[str, str]]  # of a frame's place in the job


def no_chunks(index: int) -> Mapping[str, str]:
    """What a frame carries beside its identity where nobody says."""
    return {}


def frame_name(number: int) -> str:
    """The file name of a frame: frame_0001.png, frame_-0005.png, frame_123456.png."""
    return f"frame_{'-' if number < 0 else ''}{abs(number):04d}.png"


def there(folder: Path) -> list[str]:
    """The names of the frames in a folder, in the order of names; none where there is no folder."""
    return sorted(filter(_FRAME.fullmatch, os.listdir(folder))) if folder.is_dir() else []


def number_of(name: str) -> int:
    """The number of the frame that has this file name, one of `there`."""
    found = _FRAME.fullmatch(name)
    assert found
    return int(found[1])


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
def take(
    folder: Path, identity: Identity, numbers: Sequence[int], resume: bool, more: Chunks = no_chunks
) -> Iterator["TakeWriter"]:
    """A take that is open for writing; nobody else can open it meanwhile.

    numbers: the Shot's frames. more: further text chunks of a frame; they decide nothing.

    BadInput when another process has the folder, when it holds frames and this is no resume, or when it holds pictures
    that this job did not make: nothing is ever overwritten.
    """
    with lock.writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with lock.held(folder):
        opened = TakeWriter(folder, identity, numbers, more)
        with lock.writing_to(folder):
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
    for name in filter(_STRAY.fullmatch, os.listdir(folder)):
        writing.remove(folder, name)
    return there(folder)


class TakeWriter:
    """The frames of one job; an engine asks it for those that are finished."""

    def __init__(self, folder: Path, identity: Identity, numbers: Sequence[int], more: Chunks = no_chunks):
        self.folder = folder
        self._more = more
        self._fields = identity.fields()
        self._numbers = numbers
        self._finished: set[int] = set()
        self.damaged: list[str] = []  # names of frames that were finished and are no longer whole; they are made again

    def __contains__(self, index: int) -> bool:
        return index in self._finished

    def __len__(self) -> int:
        return len(self._finished)

    def path(self, index: int) -> Path:
        return self.folder / frame_name(self._numbers[index])

    def pixels(self, index: int) -> NDArray[np.uint8]:
        """A finished frame, (H, W, 3) uint8; rounded where it was written with 16 bits."""
        return png.eight_bits(png.read_deep(self.path(index)))

    def notes(self, index: int) -> Mapping[str, Any]:
        """What the engine noted with a finished frame."""
        fields = _fields(self.path(index))
        notes = fields.get("notes") if fields else None
        return notes if isinstance(notes, dict) else {}

    def state(self, index: int) -> NDArray[np.generic] | None:
        """What the engine needs of a finished frame beside its picture; None where nothing (whole) is there."""
        path = self._state(index)
        try:
            return _state_of(regular.read_bytes(path, links=False), str(path))
        except BadInput:
            return None

    def _state(self, index: int) -> Path:
        return self.folder / STATE / f"{self.path(index).stem}.npy"

    def scan(self, names: Sequence[str]) -> None:
        """Find out which of these files are finished frames of this job; BadInput for another's pictures."""
        index_of = {frame_name(number): index for index, number in enumerate(self._numbers)}
        for name in names:
            fields = _fields(self.folder / name)
            if fields is None:
                self.damaged.append(name)
                continue
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
            if frame.state is not None:  # first of all, so that a finished frame always has its state
                self._write(f"{STATE}/{path.stem}.npy", _state_bytes(frame.state))
            pixels = frame.pixels if frame.deep is None else frame.deep
            self._write(path.name, png.encode(pixels, {KEY: text, **self._more(frame.index)}))
        except OSError as fault:
            free = reserve.free(self.folder)
            raise BackendFailed(f"{path} could not be written: {fault.strerror}; {free}.") from None
        self._finished.add(frame.index)
        return path

    def _write(self, name: str, content: bytes) -> None:
        writing.write(self.folder, name, content)


def _state_bytes(state: NDArray[Any]) -> bytes:
    """A .npy file with its checksum behind it."""
    content = io.BytesIO()
    np.save(content, state, allow_pickle=False)
    whole = content.getvalue()
    return whole + _CHECK + zlib.crc32(whole).to_bytes(4, "big")


def _state_of(content: bytes, where: str) -> NDArray[np.generic]:
    """The array in such bytes; those of older versions have no checksum."""
    whole, check = content[:-8], content[-8:]
    if check[:4] == _CHECK:
        if zlib.crc32(whole) != int.from_bytes(check[4:], "big"):
            raise BadInput(f"{where} is damaged.")
        content = whole
    return npy.of_bytes(content, where).copy()


def _fields(path: Path) -> dict[str, Any] | None:
    """What a frame says of itself; {} for a whole picture that is not ours, None for one that is not whole.

    Every byte is read and its checksum compared, but nothing is unpacked.
    """
    try:
        text = png.text_of(regular.read_bytes(path, png.LARGEST_FILE, links=False), str(path)).get(KEY, "{}")
    except BadInput:
        return None
    try:
        fields = json_text.parse(text, str(path))
    except BadInput:
        return {}
    return fields if isinstance(fields, dict) else {}
