"""What stays the same while the loop runs: model, schedules, where motion comes from, what is read from files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from ....errors import BadInput
from ....media import video
from ....models import depth as estimators
from ....models import device as machine
from ....models import load as models
from ....models.compiled import compile_parts
from ....models.flow_matching import FlowModel
from ....models.image_model import SMALLEST, Conditioning, ImageModel
from ....schedules import Context
from ....shot import Shot
from ... import setting
from .. import input_files, known, schedule_limits
from ..settings import SETTINGS
from . import (
    color_match,
    conditioning,
    depth,
    guided_images,
    images,
    internal_resolution,
    latent_channel_weights,
    motion_sources,
)
from .conditioning import FrameConditioning
from .depth import DepthSource
from .feedback_space import FeedbackSpace, LatentSpace, PixelSpace
from .frame_schedule import FrameSchedules, read
from .guided_images import GuidedImages
from .images import Picture, from_bytes
from .internal_resolution import Size
from .mask import Masks
from .motion_sources import MotionSource

SPACES: dict[str, type[PixelSpace] | type[LatentSpace]] = {"pixel": PixelSpace, "latent": LatentSpace}
OF_SCENE = "scene"  # the depth_model that is the Shot's own depth


@dataclass(frozen=True)
class LoopContext:
    """Made once, before the first frame; everything in it can be made again from the Shot and its settings."""

    shot: Shot  # at the internal resolution
    settings: Mapping[str, Any]
    schedules: FrameSchedules
    model: ImageModel
    conditioning: FrameConditioning
    space: FeedbackSpace
    motion_source: MotionSource
    depth: DepthSource
    guide: list[Picture]  # (H, W, 3) a frame; empty without a guide video
    masks: Masks
    guided_images: GuidedImages
    start_picture: Tensor  # (1, 3, H, W): to begin with, whether or not anything of it is kept
    color_reference: Tensor | None  # (1, 3, H', W'): the colors to keep, where a file gives them
    color_coherence: str  # None, a color space, or Latent
    device: str
    size: Size  # of the frames; they are generated at the start picture's


def prepare(
    shot: Shot,
    settings: Mapping[str, Any],
    precision: str | None = None,
    model: ImageModel | None = None,
    say: Callable[[str], None] = lambda sentence: None,
) -> LoopContext:
    """Read and load everything. BadInput for what cannot be; what is quick to check is checked before the model.

    precision: of the model that made the frames which exist, where a job goes on. model: one that is loaded already.
    say: is told whatever people should know of the job, a sentence each.
    """
    context = Context(len(shot.frames), shot.seed, shot.fps, dialect=settings["dialect"])
    settings = input_files.used(settings, shot.schedules, context)
    _check(shot, settings)
    input_files.check(settings, shot.schedules, context)
    schedule_limits.check(settings, shot.schedules, context, shot.frames)
    conditioning.check(shot, settings)
    size = (shot.width, shot.height)
    painted = internal_resolution.of(size, settings)
    for sentence in internal_resolution.sentence(size, painted, settings):
        say(sentence)
    shot = internal_resolution.seen(shot, painted)
    schedules = read(shot, dict(settings), pixel_scale=painted[0] / size[0])
    for sentence in schedules.ignored():
        say(sentence)
    device = machine.resolve(settings["device"])
    frames = _guide(shot, settings)
    seen = _depths(shot, settings, device)
    moving = _motions(shot, settings, schedules, frames, seen, device)
    covered = Masks(settings, schedules.texts, _video(shot, settings["mask_video"], "mask_video"), painted, device)
    guided = guided_images.read(settings["guided_images"], schedules.context, painted, device)
    start = _start(shot, settings, frames, guided, device)
    reference = None
    if settings["color_reference"] not in ("first", "video"):
        reference = from_bytes(images.read(settings["color_reference"], "color_reference"), device)
    if model is None:
        # what is compiled was changed for this job
        load = models.load_model if settings["compile"] else models.load_cached
        model = load(conditioning.choice(shot, settings, schedules, device, precision), say)
    _say_size(shot, model, say)
    if settings["compile"]:
        say(compile_parts(model))
    _check_negatives(shot, schedules, model)
    shown = conditioning.FrameConditioning(shot, settings, schedules, model, device)
    space = SPACES[settings["feedback"]](model, size == painted, latent_channel_weights.read(settings, model))
    coherence = settings["color_coherence"]
    if coherence == "auto":
        coherence = "Latent" if settings["feedback"] == "latent" else "LAB"
    return LoopContext(
        shot,
        settings,
        schedules,
        model,
        shown,
        space,
        moving,
        seen,
        frames,
        covered,
        guided,
        start,
        reference,
        coherence,
        device,
        size,
    )


def _check_negatives(shot: Shot, schedules: FrameSchedules, model: ImageModel) -> None:
    """BadInput now rather than at some later frame, where the model takes no negative prompt and is given one."""
    for k, frame in enumerate(shot.frames):
        if k == 0 or frame in shot.prompts or frame in shot.negative:
            prompt, negative = schedules.prompts(shot.prompts, k)
            guidance = schedules.guidance(k, isinstance(model, FlowModel))
            model.check_negative(Conditioning(prompt, negative, guidance))


def _say_size(shot: Shot, model: ImageModel, say: Callable[[str], None]) -> None:
    width, height = (-(-side // model.multiple) * model.multiple for side in (shot.width, shot.height))
    if (width, height) != (shot.width, shot.height):
        say(
            f"The model takes sizes in multiples of {model.multiple}: frames are made at {width}x{height}, their "
            f"edges mirrored, and cut to {shot.width}x{shot.height}."
        )


def _check(shot: Shot, settings: Mapping[str, Any]) -> None:
    setting.check(SETTINGS, settings)
    known.check(settings)
    if min(shot.width, shot.height) < SMALLEST:
        raise BadInput(f"{shot.width}x{shot.height} is too small for a model; each side needs {SMALLEST} pixels.")
    if settings["feedback"] == "latent" and settings["color_coherence"] in color_match.SPACES:
        raise BadInput(
            f"color_coherence {settings['color_coherence']} works on pixels, and feedback is latent; choose Latent, "
            "auto or None."
        )
    estimated = settings["depth_model"] not in ("", OF_SCENE)
    if settings["hybrid_mask"] == "Video Depth" and not estimated:
        raise BadInput("hybrid_mask 'Video Depth' needs a depth_model; name one.")
    if settings["hybrid_mask"] == "Depth" and not estimated and shot.depth is None:
        raise BadInput("hybrid_mask 'Depth' needs depth; read the Shot again with depth, or name a depth_model.")
    if settings["depth_model"] == OF_SCENE and shot.depth is None:
        raise BadInput("depth_model is 'scene', and this Shot has no depth; read it again with depth.")


def _motions(
    shot: Shot,
    settings: Mapping[str, Any],
    schedules: FrameSchedules,
    frames: list[Picture],
    seen: DepthSource,
    device: str,
) -> MotionSource:
    if settings["mode"] == "interpolation":
        return motion_sources.Static()
    if settings["mode"] == "video":
        return motion_sources.steps_of_guide(frames, "Optical Flow", schedules, settings, device)
    own = _own_motions(shot, settings, schedules, frames, seen, device)
    if settings["hybrid_motion"] == "None":
        return own
    return motion_sources.CombinedMotion(
        own, motion_sources.steps_of_guide(frames, settings["hybrid_motion"], schedules, settings, device)
    )


def _own_motions(
    shot: Shot,
    settings: Mapping[str, Any],
    schedules: FrameSchedules,
    frames: list[Picture],
    seen: DepthSource,
    device: str,
) -> MotionSource:
    kind, flipped = settings["motion"], settings["perspective_flip"]
    if kind == "scene":
        if shot.depth is None and (shot.flow is None or settings["cadence"] > 1):
            raise BadInput("This Shot has no depth, so the scene's motion is unknown; read it again with depth.")
        return motion_sources.SceneMotion(shot, device)
    if kind == "2D":
        return motion_sources.steps_2d(schedules, flipped)
    if kind == "3D":
        return motion_sources.steps_3d(schedules, seen, flipped)
    return motion_sources.steps_of_guide(frames, motion_sources.OF_GUIDE[kind], schedules, settings, device)


def _depths(shot: Shot, settings: Mapping[str, Any], device: str) -> DepthSource:
    of_picture = settings["mode"] == "feedback" and settings["motion"] == "3D"
    if not of_picture and settings["hybrid_mask"] not in ("Depth", "Video Depth"):
        return depth.Flat()
    if settings["depth_model"] not in ("", OF_SCENE):
        return depth.Estimated(estimators.load(settings["depth_model"], device), settings["dialect"] == "classic")
    return depth.OfShot(shot) if shot.depth is not None else depth.Flat()


def _guide(shot: Shot, settings: Mapping[str, Any]) -> list[Picture]:
    """The guide video's frames, one for each of the job's; none where nothing follows it."""
    path, every = settings["guide_video"], settings["extract_nth_frame"]
    if not path or every < 1:
        return _video(shot, path, "guide_video")
    size = (shot.width, shot.height)
    begin = settings["extract_from_frame"]
    return list(video.spooled(video.frames_by_number(Path(path), len(shot.frames), begin, every, *size)))


def _video(shot: Shot, path: str, name: str) -> list[Picture]:
    """A video's frames at the Shot's rate and size; none without one."""
    if not path:
        return []
    size = shot.width, shot.height
    return list(video.spooled(video.frames_at_rate(Path(path), len(shot.frames), shot.fps, *size, name)))


def _start(shot: Shot, settings: Mapping[str, Any], frames: list[Picture], guided: GuidedImages, device: str) -> Tensor:
    if settings["mode"] == "video" or settings["init_image"] == "guide":
        return from_bytes(frames[0], device)
    if settings["init_image"]:
        found = images.read(settings["init_image"], "init_image")
        return from_bytes(images.fitted(found, shot.width, shot.height), device)
    return guided.at(0) if guided else from_bytes(shot.first_frame, device)
