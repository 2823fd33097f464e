"""What is to be made, checked as far as it can be before anything is."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import bpy

from ...backend.motion_bridge import shot as shots
from ...backend.motion_bridge.engines import base as engines
from ...backend.motion_bridge.engines import precedence
from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.shot import UNSPECIFIED, GenerationSettings
from .. import take
from ..interpreter import command as backend
from ..properties import settings_of
from ..scene import key_pictures
from ..scene.first_frame import FirstFrame, FromFile, FromImage, FromPixels, FromRender
from ..scene.key_pictures import FIRST_ONLY
from ..scene.map_export import MAPS
from ..scene.snapshot import Request, snapshot
from ..take import Take
from ..take_summary import engine_of
from . import frame_range
from .job import Job

# Options that are in a begun take's Shot already, as pictures and points: a farm gives them again.
ALREADY_READ = ("first_frame", "grid", "sources", "region", "through_glass", "keys", "options", "draft_step")


LIVE = frozenset({"camera", "objects", "tracks"})  # what an engine must take, one of them, to be directed live
LONGEST_LIVE = 50_000  # frames of a live session: half an hour and more


@dataclass(frozen=True)
class Changes:
    """What somebody asks for instead of the scene's own settings."""

    reading: Mapping[str, Any] = field(default_factory=dict)  # fields of the Request
    generation: GenerationSettings = UNSPECIFIED  # on top of the panel's
    named: frozenset[str] = frozenset()  # the schedules among them that are asked for by name


UNCHANGED = Changes()


@dataclass(frozen=True)
class TakeRequest:
    """A take to be made, or to be finished."""

    take: Take
    engine: str
    frames: tuple[int, ...]
    resume: bool
    request: Request | None  # what to read from the scene; None where the take's own Shot is gone on with
    numbered: bool = False  # whether the take is the next of its folder, whichever number that is when it begins
    live: int = 0  # the most frames of a live session; 0: this is none

    @property
    def renders_first_frame(self) -> bool:
        """Whether Blender's renderer has to work first."""
        request = self.request
        return request is not None and isinstance(request.first_frame, FromRender) and not request.renders_later

    def starting_from(self, picture: FromPixels, layer: str) -> "TakeRequest":
        """The same with a first frame that has been rendered meanwhile, of a view layer."""
        assert self.request
        return replace(self, request=replace(self.request, first_frame=picture, layer=layer))

    def begin(self, context: bpy.types.Context) -> Job:
        """Take the snapshot of the context's scene and start the job; BadInput when the scene has no shot in it."""
        command = backend.command(self.engine)
        snapped = snapshot(context, self.request) if self.request else None
        made = take.claim(self.take.folder.parent) if self.numbered else self.take
        try:
            return Job(made, self.engine, command, snapped, self.resume, self.live)
        except BaseException:
            if self.numbered:
                with suppress(OSError):  # something is in it already
                    made.folder.rmdir()
            raise


def new_take(scene: bpy.types.Scene) -> TakeRequest:
    """A new take by the scene's settings, numbered after the last."""
    folder = take.output_folder(settings_of(scene).output)
    return replace(fresh(take.new(folder), scene, settings_of(scene).engine), numbered=True)


def live_take(scene: bpy.types.Scene) -> TakeRequest:
    """A take of a live session that begins with the scene's first frame.

    BadInput when the engine takes no changes while it runs.
    """
    settings = settings_of(scene)
    accepts = engines.find(settings.engine).accepts
    if not accepts & LIVE:
        label = engines.find(settings.engine).label or settings.engine
        raise BadInput(
            f"{label} cannot be directed live: it takes no changes of the scene while it runs. Choose "
            "Reproject or MotionStream."
        )
    new = take.new(take.output_folder(settings.output))
    changes = Changes(reading={"frames": (scene.frame_start,), "keys": FIRST_ONLY})
    request = fresh(new, scene, settings.engine, changes)
    assert request.request
    needs = request.request.needs | {"geometry"}  # points and objects go with it
    return replace(request, numbered=True, live=LONGEST_LIVE, request=replace(request.request, needs=needs))


def last_take(scene: bpy.types.Scene) -> TakeRequest:
    """The newest take by the scene's settings, to be finished; BadInput when there is none."""
    old = take.last(take.output_folder(settings_of(scene).output))
    return resumed(old, scene, engine_of(old) or settings_of(scene).engine)


def fresh(new: Take, scene: bpy.types.Scene, engine: str, changes: Changes = UNCHANGED) -> TakeRequest:
    """A take that is begun.

    BadInput when the folder holds a take: nothing is ever overwritten. ModelMissing when the engine cannot run.
    """
    backend.check(engine)
    if new.frames():  # a Shot without frames is what a refused job left
        raise BadInput(
            f"{new.folder} holds a take already. Resume to make only what is missing, or choose another folder."
        )
    request = quick(request_of(scene, engine, changes), engine, changes)
    return TakeRequest(new, engine, request.frames, False, request)


def resumed(old: Take, scene: bpy.types.Scene, engine: str, changes: Changes = UNCHANGED) -> TakeRequest:
    """A take to be finished from the Shot that it was begun with, or from the scene where it has none yet.

    BadInput when one of the changes is not what the take was begun with.
    """
    if not (old.shot / "shot.json").is_file():
        request = quick(request_of(scene, engine, changes), engine, changes)
        return TakeRequest(old, engine, request.frames, True, request)
    shot = shots.load(old.shot)
    generation = precedence.over(engines.find(engine), shot.generation, changes.generation)
    for name, value in {**changes.reading, **generation.fields()}.items():
        if name in ALREADY_READ:
            continue
        was = getattr(shot, name)
        if value != was:
            raise BadInput(
                f"{old.folder} was begun with {name} {_brief(was)}, not {_brief(value)}. Resume it without that "
                "option, or choose another folder."
            )
    return TakeRequest(old, engine, _frames_of(old, shot.frames), True, None)


def _frames_of(old: Take, frames: tuple[int, ...]) -> tuple[int, ...]:
    """The frames of a take that was begun: its Shot's, or of a live session, whose Shot has one, as far as it went."""
    last = max(old.frames(), default=frames[0])
    return tuple(range(frames[0], last + 1)) if len(frames) == 1 else frames


def request_of(scene: bpy.types.Scene, engine: str, changes: Changes = UNCHANGED) -> Request:
    """What the scene's own settings ask for, with changes; BadInput for what the engine could not carry out."""
    settings = settings_of(scene)
    made_by = engines.find(engine)
    reading = dict(changes.reading)
    frames = reading.get("frames") or frame_range.span(scene.frame_start, scene.frame_end, scene.frame_step)
    frames = reading["frames"] = frames[:: reading.pop("draft_step", settings.draft.step)]
    generation = precedence.over(made_by, settings.generation(engine, frames), changes.generation)
    request = Request(
        frames=frames,
        needs=read_for(made_by.needs(engines.completed(made_by, generation.settings))),
        first_frame=reading.get("first_frame") or first_frame_of(settings),
        generation=generation,
        grid=settings.grid if settings.tracks.use_grid else 0,
        sources=reading["sources"] if "sources" in reading else settings.tracks.wanted(scene),
        region=reading.get("region") or settings.tracks.region(),
        through_glass=settings.tracks.through_glass,
        keys=settings.keys.choice(),
        options=settings.draft.options(settings.keys.blur),
    )
    fps = scene.render.fps / scene.render.fps_base
    made_by.check(engines.GenerationRequest(generation, frames, fps, changes.named))
    request = replace(request, **reading)
    if not made_by.uses_key_pictures(engines.completed(made_by, generation.settings)):
        return replace(request, keys=FIRST_ONLY)
    return with_files(request) if request.keys.folder else request


def with_files(request: Request) -> Request:
    """The request with its first frame from the folder of key pictures, if it is there. BadInput where none is."""
    first = key_pictures.files(request.keys.folder, request.frames).get(request.frames[0])
    if first is None or not isinstance(request.first_frame, FromRender):
        return request
    return replace(request, first_frame=FromFile(str(first)))


def quick(request: Request, engine: str, changes: Changes) -> Request:
    """The request without the usual grid of tracks, where only that would make an engine wait for geometry."""
    made_by = engines.find(engine)
    settings = engines.completed(made_by, request.generation.settings)
    if made_by.needs(settings) or made_by.uses_tracks(settings) or request.sources or "grid" in changes.reading:
        return request
    return replace(request, grid=0)


def read_for(needs: frozenset[str]) -> frozenset[str]:
    """What is read from the scene for an engine: geometry, of which the backend computes what else it needs."""
    return (needs - set(MAPS)) | ({"geometry"} if needs & set(MAPS) else set())


def first_frame_of(settings: Any) -> FirstFrame:
    """Where the first frame comes from, as the panel says."""
    match settings.first_frame:
        case "FILE":
            return FromFile(settings.first_frame_path)
        case "IMAGE":
            if settings.first_frame_image is None:
                raise BadInput("No first frame is chosen; pick an image in the Motion Bridge panel, or Render.")
            return FromImage(settings.first_frame_image.name)
    return FromRender(settings.keys.blur)


def _brief(value: Any) -> str:
    if isinstance(value, tuple) and len(value) > 3:
        return f"{value[0]}-{value[-1]}"
    return str(value)
