"""What the names in a schedule stand for, in each dialect.

webui and classic know the frame, studio knows time and music as well. The superset, used when nobody names a dialect,
knows them all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput

Array = NDArray[Any]

DIALECTS = ("superset", "webui", "classic", "studio")
MOST_FRAMES = 1_000_000


@dataclass(frozen=True)
class Context:
    """The run that a schedule belongs to."""

    max_frames: int = 120
    seed: int = -1
    fps: float = 24.0
    bpm: float = 120.0  # beats a minute, for studio's musical variables
    dialect: str = "superset"

    def __post_init__(self) -> None:
        if not 1 <= self.max_frames <= MOST_FRAMES:
            raise BadInput(f"max_frames is {self.max_frames}; it must be between 1 and {MOST_FRAMES}.")
        if not -(2**63) <= self.seed < 2**63:
            raise BadInput(f"The seed {self.seed} does not fit into 64 bits.")
        for name in ("fps", "bpm"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise BadInput(f"{name} is {getattr(self, name)}; it must be positive.")
        if self.dialect not in DIALECTS:
            raise BadInput(f"There is no dialect {self.dialect!r}; choose one of {', '.join(DIALECTS)}.")


def of_keys(context: Context) -> Mapping[str, Callable[[], Array]]:
    """The variables that the place of a key may use."""
    if context.dialect == "classic":
        return {}
    return {"max_f": partial(_whole, context.max_frames - 1), "s": partial(_whole, context.seed)}


def of_values(context: Context, frames: Array) -> Mapping[str, Callable[[], Array]]:
    """The variables that a value may use, over these frames (N,) int64."""
    known: dict[str, Callable[[], Array]] = {"t": lambda: frames}
    if context.dialect != "classic":
        known |= of_keys(context)
    if context.dialect in ("studio", "superset"):
        known |= _studio(context, frames)
    return known


def _whole(value: int) -> Array:
    return np.array([value], np.int64)


def _fraction(value: float) -> Array:
    return np.array([value], np.float64)


def _studio(context: Context, frames: Array) -> dict[str, Callable[[], Array]]:
    fps, frames_a_beat = context.fps, context.fps * 60 / context.bpm
    last = context.max_frames - 1
    to_go = last - frames  # without an events list, studio's next event is the last frame and the previous the first

    def into_beat() -> Array:
        return frames / frames_a_beat % 1

    return {
        "f": lambda: frames,
        "sec": lambda: frames / fps,
        "pi": lambda: _fraction(np.pi),
        "fps": lambda: _fraction(fps),
        "bpm": lambda: _fraction(context.bpm),
        "beat_offset_s": lambda: _fraction(0),
        "beat_offset_f": lambda: _whole(0),
        "beat": lambda: frames / frames_a_beat,
        "whole_beat": lambda: np.floor(frames / frames_a_beat).astype(np.int64),
        "progress_until_beat": into_beat,
        "frames_until_beat": lambda: ((1 - into_beat()) * frames_a_beat).astype(np.int64),
        "frames_since_beat": lambda: (into_beat() * frames_a_beat).astype(np.int64),
        "second_until_beat": lambda: (1 - into_beat()) / context.bpm * 60,
        "seconds_since_beat": lambda: into_beat() / context.bpm * 60,
        "frames_to_go": lambda: to_go,
        "beats_to_go": lambda: to_go / frames_a_beat,
        "seconds_to_go": lambda: to_go / fps,
        "events_passed": lambda: _whole(0),
        "events_to_go": lambda: _whole(0),
        "events_total": lambda: _whole(0),
        "progress_until_next_event": lambda: frames / max(last, 1),
        "frames_until_next_event": lambda: to_go,
        "beats_until_next_event": lambda: to_go / frames_a_beat,
        "seconds_until_next_event": lambda: to_go / fps,
        "frames_since_prev_event": lambda: frames,
        "beats_since_prev_event": lambda: to_go / frames_a_beat,  # studio measures to the next event here, too
        "seconds_since_prev_event": lambda: to_go / fps,
    }
