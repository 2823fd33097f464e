"""What a take is, in a few words: read from its folder, whose files outlive every Blender."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..backend.motion_bridge.errors import BadInput
from ..backend.motion_bridge.files import json_text, writing
from ..backend.motion_bridge.media import png
from ..backend.motion_bridge.takes import writer
from . import take
from .take import Take
from .takes_on_disk import FAVORITE, size

MOST = 200  # takes that a list shows, the newest


@dataclass(frozen=True)
class TakeSummary:
    """One take in a list."""

    take: Take
    engine: str  # empty where no frame says
    prompt: str  # the first one
    seed: int
    frames: int  # on disk
    total: int  # of its Shot; 0 where there is none yet
    fps: float
    bytes: int
    favorite: bool
    thumbnail: Path | None

    @property
    def seconds(self) -> float:
        """How long it plays when it is whole."""
        return self.total / self.fps if self.fps else 0.0

    @property
    def whole(self) -> bool:
        return 0 < self.total <= self.frames


def summaries(output: Path) -> Iterator[TakeSummary]:
    """The takes of an output folder, newest first, at most MOST."""
    for each in reversed(take.takes(output)[-MOST:]):
        with suppress(OSError):  # gone meanwhile
            yield summary(each)


def summary(made: Take) -> TakeSummary:
    """One take, as far as its files can be read: a damaged Shot leaves its fields empty."""
    frames = made.frames()
    shot = _shot(made)
    prompts = shot.get("prompts")
    first = next(iter(prompts.values()), "") if isinstance(prompts, dict) else ""
    numbers, seed, fps = shot.get("frames"), shot.get("seed"), shot.get("fps")
    return TakeSummary(
        made,
        engine_of(made) or "",
        first if isinstance(first, str) else "",
        seed if isinstance(seed, int) else 0,
        len(frames),
        _length(numbers, frames) if isinstance(numbers, list) else 0,
        float(fps) if isinstance(fps, int | float) else 0.0,
        size(made),
        is_favorite(made),
        next(iter(frames.values()), None) or _first_frame(made),
    )


def _length(numbers: list[Any], frames: Mapping[int, Path]) -> int:
    """The frames of a take: its Shot's, or of a live session, whose Shot has one, as far as it went."""
    if len(numbers) == 1 and frames and isinstance(numbers[0], int):
        return max(frames) - numbers[0] + 1
    return len(numbers)


def is_favorite(made: Take) -> bool:
    """Whether somebody wants to keep it: a file in its folder says so."""
    return (made.folder / FAVORITE).is_file()


def set_favorite(made: Take, wanted: bool) -> None:
    """Say so, or no longer. BadInput where the folder cannot be written."""
    try:
        if wanted:
            writing.write(made.folder, FAVORITE, b"")
        else:
            writing.remove(made.folder, FAVORITE)
    except OSError as fault:
        raise BadInput(f"{made.folder} cannot be written: {fault.strerror or fault}.") from None


def engine_of(old: Take) -> str | None:
    """The engine that made a take's frames, from what is written in one of them."""
    for path in old.frames().values():
        try:
            return json_text.parse(png.read_text(path)[writer.KEY], str(path))["engine"]
        except (BadInput, KeyError, TypeError):
            continue  # damaged; another one will say
    return None


def _shot(made: Take) -> dict[str, Any]:
    try:
        return json_text.read_object(made.shot / "shot.json", links=False)
    except BadInput:
        return {}


def _first_frame(made: Take) -> Path | None:
    path = made.shot / "first_frame.png"
    return path if os.path.isfile(path) else None
