"""What an engine is, and which ones there are.

An engine takes a Shot and yields its frames in order. It never touches files or the pipe: frames.py stores what it
yields, worker.py shows it. Engines are imported when a job asks for them, so that light ones run where torch is not.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import BadInput
from .shot import Shot


@dataclass(frozen=True)
class Frame:
    """One finished picture."""

    index: int  # position in the Shot, from 0
    pixels: NDArray[np.uint8]  # (H, W, 3), sRGB, top row first
    notes: Mapping[str, Any] = field(default_factory=dict)  # what a resumed job must know of it; kept in the file
    # notes["said"]: sentences that people should read, shown when the frame is made
    state: NDArray[np.generic] | None = None  # what a resumed job must have that is no text; kept beside the file


class Finished(Protocol):
    """The frames of this job that are on disk already, so that a resumed job goes on exactly where it was."""

    def __contains__(self, index: int) -> bool: ...
    def pixels(self, index: int) -> NDArray[np.uint8]: ...
    def notes(self, index: int) -> Mapping[str, Any]: ...
    def state(self, index: int) -> NDArray[np.generic] | None: ...  # None where there is none, or it was deleted


Changes = Callable[[], list[Mapping[str, Any]]]  # what the caller changed since it was last asked, oldest first


class Engine(Protocol):
    """A generator of frames. `frames` yields those that are not finished, in rising order.

    It asks `changes` between frames or chunks and takes what it can; a field outside `accepts` never reaches it.
    """

    accepts: frozenset[str]  # what may change while it runs: tracks, prompts, settings
    defaults: Mapping[str, Any]  # its settings and what they are when nobody says otherwise

    def needs(self, settings: Mapping[str, Any]) -> frozenset[str]:
        """Optional Shot fields it cannot do without under all these settings: depth, objects, tracks, flow."""
        ...

    def frames(self, shot: Shot, finished: Finished, changes: Changes) -> Iterator[Frame]: ...


ENGINES = {  # name → module with an object `engine`
    "reproject": "reproject.engine",
    "deforum": "deforum.engine",
    "motionstream": "motionstream.engine",
}


def find(name: str) -> Engine:
    """The engine of that name; BadInput lists those there are."""
    if name not in ENGINES:
        raise BadInput(f"There is no engine {name!r}; choose one of {', '.join(sorted(ENGINES))}.")
    return import_module(f".{ENGINES[name]}", __package__).engine


def settings(engine: Engine, shot: Shot) -> dict[str, Any]:
    """The engine's settings for this Shot."""
    return completed(engine, shot.settings)


def completed(engine: Engine, given: Mapping[str, Any]) -> dict[str, Any]:
    """All of the engine's settings: its defaults with the given ones on top; BadInput for unknown names."""
    unknown = sorted(set(given) - set(engine.defaults))
    if unknown:
        raise BadInput(f"Unknown setting {unknown[0]!r}; this engine knows {', '.join(sorted(engine.defaults))}.")
    return {**engine.defaults, **given}
