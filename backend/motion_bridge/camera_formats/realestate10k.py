"""Camera lines of RealEstate10K, as CameraCtrl, VideoX-Fun and GameCraft read them, too.

A first line that is free; then for each frame `time fx fy cx cy 0 0` and the three rows of the world-to-camera matrix,
OpenCV axes: fx / W, fy / H, cx / W, cy / H. VideoX-Fun and CameraCtrl take the numbers for those of a 1280×720 picture
and stretch fx or fy for any other shape; the "videox-fun" form undoes that, so that what is read is true.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..errors import BadInput
from ..files.regular import read_text
from ..files.writing import write_named
from ..shot import Shot
from .path import Array, CameraPath, Counts, from_first, inverse, of_shot, sample

WIDE = 16 / 9
COUNTS = Counts(16.0, 4)
NUMBERS = 19
LONGEST = 1e15  # microseconds


def write(shot: Shot, out: Path) -> tuple[tuple[Path, ...], list[str]]:
    """The plain form: every frame of the Shot, its time in microseconds."""
    path = from_first(of_shot(shot))
    times = np.round(np.arange(len(path.pose)) * 1e6 / path.fps).astype(int)
    return _write(path, times, np.array([path.width, path.height]), out), []


def write_videox_fun(shot: Shot, out: Path) -> tuple[tuple[Path, ...], list[str]]:
    """What VideoX-Fun's reader takes for the truth: 4k + 1 frames at 16 a second, lenses made ready for its stretch."""
    path, notices = sample(from_first(of_shot(shot)), COUNTS)
    wide = path.width / path.height > WIDE
    focal = (path.width, path.width / WIDE) if wide else (path.height * WIDE, path.height)
    return _write(path, np.zeros(len(path.pose), int), np.array(focal), out), notices


def _write(path: CameraPath, times: Array, focal: Array, out: Path) -> tuple[Path, ...]:
    """focal: the lengths in pixels that fx and fy are shares of."""
    lens, world = path.intrinsics, inverse(path.pose)
    rows = np.column_stack(
        [
            *(lens[:, 0, 0] / focal[0], lens[:, 1, 1] / focal[1]),
            *(lens[:, 0, 2] / path.width, lens[:, 1, 2] / path.height),
            np.zeros((len(lens), 2)),
            world[:, :3].reshape(-1, 12),
        ]
    )
    lines = [f"{time} " + " ".join(f"{value + 0:.12g}" for value in row) for time, row in zip(times, rows, strict=True)]
    write_named(out, "\n".join(["", *lines]) + "\n")
    return (out,)


def read(file: Path, width: int, height: int, fps: float = 24.0) -> CameraPath:
    """The plain form, for a picture of this size; a rate that the times do not give is the caller's."""
    rows = np.array(list(_rows(file)))
    if not len(rows):
        raise BadInput(f"{file} holds no camera lines.")
    pose = np.tile(np.eye(4), (len(rows), 1, 1))
    pose[:, :3] = rows[:, 7:].reshape(-1, 3, 4)
    lens = np.tile(np.eye(3), (len(rows), 1, 1))
    lens[:, 0, 0], lens[:, 0, 2] = rows[:, 1] * width, rows[:, 3] * width
    lens[:, 1, 1], lens[:, 1, 2] = rows[:, 2] * height, rows[:, 4] * height
    steps = np.diff(rows[:, 0].clip(-LONGEST, LONGEST))
    with np.errstate(over="ignore"):
        rate = 1e6 / np.median(steps) if len(steps) and (steps > 0).all() else fps
    return CameraPath(inverse(pose), lens, width, height, float(rate))


def has_lines(text: str) -> bool:
    """Whether a text looks like camera lines: its second line has 19 words, numbers all."""
    words = text.splitlines()[1].split() if len(text.splitlines()) > 1 else []
    return len(words) == NUMBERS and all(word.lstrip("+-").replace(".", "", 1)[:1].isdigit() for word in words)


def _rows(file: Path) -> Iterator[list[float]]:
    for number, line in enumerate(read_text(file).splitlines()[1:], 2):
        words = line.split()
        if not words:
            continue
        try:
            values = [float(word) for word in words]
        except ValueError:
            values = []
        if len(values) != NUMBERS or not np.isfinite(values).all():
            raise BadInput(f"{file}, line {number}: {NUMBERS} numbers belong there: time, lens, 0 0 and a 3x4 matrix.")
        yield values
