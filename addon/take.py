"""The folders that takes live in: one for each press of Render, numbered."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import bpy

from ..backend.motion_bridge.errors import BadInput
from ..backend.motion_bridge.takes import lock
from ..backend.motion_bridge.takes.output_path import BELOW, check_output

LONGEST = 1023  # bytes of a path in Blender, on every system
_NAME = re.compile(r"take_(\d{3,})")
_FRAME = re.compile(r"frame_(-?\d{4,})\.png")


@dataclass(frozen=True)
class Take:
    """One job's output: its frames, and in `shot` the snapshot that they were made from."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def shot(self) -> Path:
        return self.folder / "shot"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep others from writing to the take; a folder that is empty afterwards is taken away."""
        with lock.writing_to(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with lock.held(self.folder):
                yield
        finally:
            with suppress(OSError):
                self.folder.rmdir()

    def frames(self) -> dict[int, Path]:
        """The frames on disk by their number in the scene, rising."""
        try:
            names = os.listdir(self.folder)
        except OSError:
            return {}  # not begun
        found = {int(match[1]): self.folder / name for name in names if (match := _FRAME.fullmatch(name))}
        return dict(sorted(found.items()))


def output_folder(path: str) -> Path:
    """The folder that the panel's output field means; BadInput when nothing can be written there.

    `//` is the folder of the .blend file, which must have been saved.
    """
    if not path.strip():
        raise BadInput("The output folder is empty; choose one in the Motion Bridge panel, such as //motion_bridge/.")
    if path.startswith("//") and not bpy.data.filepath:
        raise BadInput(f"The output folder {path} starts beside the .blend file; save the file first.")
    folder = check_output(bpy.path.abspath(path))
    length = len(os.fsencode(folder))
    if length > LONGEST - BELOW:
        raise BadInput(
            f"The output folder {path[:40]}… is a path of {length} bytes; with the names of the files in it, Blender "
            f"takes {LONGEST - BELOW}. Choose a shorter one."
        )
    return folder


def new(output: Path) -> Take:
    """The next take of an output folder, one above the highest that is there."""
    return Take(output / f"take_{max(_numbers(output), default=0) + 1:03d}")


def claim(output: Path) -> Take:
    """The next take with its folder, which nobody else gets: of two that ask at once each has a number of its own.

    BadInput when it cannot be made.
    """
    with lock.writing_to(output):
        output.mkdir(parents=True, exist_ok=True)
        while True:
            wanted = new(output)
            with suppress(FileExistsError):
                wanted.folder.mkdir()
                return wanted


def takes(output: Path) -> list[Take]:
    """The takes of an output folder, oldest first."""
    folders = [output / f"take_{number:03d}" for number in sorted(_numbers(output))]
    return [Take(folder) for folder in folders if folder.is_dir()]


def last(output: Path) -> Take:
    """The newest take of an output folder; BadInput when there is none."""
    numbers = [number for number in _numbers(output) if (output / f"take_{number:03d}").is_dir()]
    if not numbers:
        raise BadInput(f"There is no take in {output} to go on with; press Render to make the first.")
    return Take(output / f"take_{max(numbers):03d}")


def _numbers(output: Path) -> list[int]:
    if not output.is_dir():
        return []
    return [int(found[1]) for name in os.listdir(output) if (found := _NAME.fullmatch(name))]
