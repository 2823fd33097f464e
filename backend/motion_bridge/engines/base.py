"""What an engine is, and which ones there are.

An engine takes a Shot and yields its frames in order. It never touches files or the pipe: takes/writer.py stores what
it yields, ipc/server.py shows it. Engines are imported when a job asks for them, so light ones run without torch.
"""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, Protocol

from ..errors import BadInput
from ..shot import Shot
from ..takes.frame import Finished, Frame

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
