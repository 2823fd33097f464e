"""What an engine is, and which ones there are.

An engine takes a Shot and yields its frames in order. It never touches files or the pipe: takes/writer.py stores what
it yields, ipc/server.py shows it. Engines are imported when somebody asks for them, so light ones run without torch.

A folder beside this file with an `engine.py`, in which an Engine is called `engine`, is an engine under the folder's
name. What it is told in Blender's panel is a file of addon/ui of the same name.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from ..errors import BadInput
from ..ipc.events import Notice, Preview, Progress
from ..provenance import xmp
from ..shot import UNSPECIFIED, GenerationSettings, Shot
from ..takes.frame import Finished, Frame
from .setting import Setting
from .standing_still import standing_still

__all__ = [
    "Alias",
    "Changes",
    "Engine",
    "Finished",
    "Frame",
    "GenerationRequest",
    "ImportedSettings",
    "Notice",
    "Preset",
    "Preview",
    "Progress",
    "find",
]

Changes = Callable[[], list[Mapping[str, Any]]]  # what the caller changed since it was last asked, oldest first

Made = Frame | Notice | Progress | Preview  # a Progress counts what the engine is at: the steps of a sampler, say

DEFAULT = "reproject"  # the engine that needs nothing installed
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Preset:
    """A handful of settings and schedules that go together, under one word."""

    title: str
    purpose: str
    values: Mapping[str, Any]  # by the names that settings_parser.parse knows


@dataclass(frozen=True)
class Alias:
    """Another word for a schedule."""

    schedule: str
    translate: Callable[[str], str]  # the text that somebody gave → the schedule's


@dataclass(frozen=True)
class ImportedSettings:
    """What a settings file asks for; None where it does not say."""

    generation: GenerationSettings = UNSPECIFIED  # its prompts count frames of the job, from 0
    frames: int | None = None  # how many
    fps: float | None = None
    width: int | None = None  # pixels
    height: int | None = None
    notices: tuple[str, ...] = ()  # what of it has no meaning here

    def at(self, frames: Sequence[int]) -> GenerationSettings:
        """Its settings for a job of these frame numbers; prompts past the end are left out."""
        prompts = {frames[at]: text for at, text in self.generation.prompts.items() if 0 <= at < len(frames)}
        return replace(self.generation, prompts=prompts)


@dataclass(frozen=True)
class GenerationRequest:
    """What is asked of an engine, before a scene is read or a model loaded."""

    generation: GenerationSettings  # all that holds
    frames: Sequence[int]  # the scene's frame numbers, rising
    fps: float
    named: frozenset[str] = frozenset()  # schedules that were asked for by name, so that one without effect is wrong


class Engine(Protocol):
    """A generator of frames; what is not declared is as it stands here."""

    label: str = ""  # its name on the screen; the folder's where empty
    description: str = ""  # one line for the menu
    packages: tuple[str, ...] = ()  # what it imports when a job starts, beside numpy
    accepts: frozenset[str] = frozenset()  # what may change while it runs: camera, objects, tracks, prompts, settings
    ignores: frozenset[str] = frozenset()  # what it makes no use of, so that nobody is asked for it: prompts, seed
    defaults: Mapping[str, Any] = NOTHING  # its settings and what they are when nobody says otherwise
    schema: Mapping[str, Setting] = NOTHING  # what each of them may be, where it is more than a type
    schedules: Mapping[str, str] = NOTHING  # its schedules, likewise
    aliases: Mapping[str, Alias] = NOTHING  # what others call some of its schedules
    overrides: Mapping[str, Mapping[str, str]] = NOTHING  # schedule → others that it sets where they are not said too
    presets: Mapping[str, Preset] = NOTHING

    def needs(self, settings: Mapping[str, Any]) -> frozenset[str]:
        """Optional Shot fields it cannot do without under all these settings: geometry, tracks, depth, objects, flow.

        The last three are computed where the Shot has geometry.
        """
        return frozenset()

    def uses_key_pictures(self, settings: Mapping[str, Any]) -> bool:
        """Whether it takes colors from other pictures of the scene than the first one."""
        return False

    def uses_tracks(self, settings: Mapping[str, Any]) -> bool:
        """Whether it does something with tracks where there are some."""
        return True

    def source_type(self, settings: Mapping[str, Any]) -> str:
        """IPTC's word for how its frames come about; those of a model are a trained model's."""
        return xmp.TRAINED if settings.get("model") else xmp.ALGORITHMIC

    def check(self, request: GenerationRequest) -> None:
        """BadInput for what could not be carried out, as far as that can be said before anything is read or loaded."""

    def read_settings_file(self, path: Path, model: str = "") -> ImportedSettings:
        """A settings file as this engine understands it: JSON of its settings and schedules, where it has no other.

        model: the one that will be used, where somebody has chosen it. BadInput names the file and what is wrong.
        """
        from . import settings_parser  # which knows what an engine is

        return settings_parser.read_json(self, path)

    def frames(self, shot: Shot, finished: Finished, changes: Changes) -> Iterator[Made]:
        """The frames that are not finished, in rising order, and between them whatever people should know or see.

        It asks `changes` between frames or chunks and takes what it can; a field outside `accepts` never reaches it.
        """
        ...

    def live(self, shot: Shot, frames: int, finished: Finished, changes: Changes) -> Iterator[Made]:
        """A session of at most so many frames, directed by the changes; shot: the first of them.

        Frame k is what stands there k frames after the Shot's first, as the changes until then have it; each notes as
        `live` the moment that it shows (live_motion.Moment.notes), so that it can be recorded and made again. An engine
        that does not know about camera and objects shows the scene as it stood.
        """
        return self.frames(standing_still(shot, frames), finished, changes)


# name → module with an object `engine`
ENGINES = {path.parent.name: f"{path.parent.name}.engine" for path in sorted(Path(__file__).parent.glob("*/engine.py"))}


def find(name: str) -> Engine:
    """The engine of that name; BadInput lists those there are."""
    if name not in ENGINES:
        raise BadInput(f"There is no engine {name!r}; choose one of {', '.join(sorted(ENGINES))}.")
    return import_module(f".{ENGINES[name]}", __package__).engine


def frames_alone(made: Iterable[Made]) -> Iterator[Frame]:
    """The frames among what an engine yields."""
    return (each for each in made if isinstance(each, Frame))


def loadable() -> dict[str, Engine]:
    """The engines whose own code can be loaded here, by name: one that is broken takes nothing else with it."""
    found = {}
    for name in ENGINES:
        try:
            found[name] = find(name)
        except ImportError:
            continue  # `motion-bridge doctor` says why
    return found


def settings(engine: Engine, shot: Shot) -> dict[str, Any]:
    """The engine's settings for this Shot."""
    return completed(engine, shot.settings)


def completed(engine: Engine, given: Mapping[str, Any]) -> dict[str, Any]:
    """All of the engine's settings: its defaults with the given ones on top; BadInput for a wrong name or value."""
    return {**engine.defaults, **checked(engine, given)}


def checked(engine: Engine, given: Mapping[str, Any]) -> dict[str, Any]:
    """Given settings as they are; BadInput for a wrong name or value."""
    unknown = sorted(set(given) - set(engine.defaults))
    if unknown:
        raise BadInput(f"Unknown setting {unknown[0]!r}; this engine knows {', '.join(sorted(engine.defaults))}.")
    for name, value in given.items():
        (engine.schema.get(name) or Setting(name, engine.defaults[name], name, "")).check(value)
    return dict(given)
