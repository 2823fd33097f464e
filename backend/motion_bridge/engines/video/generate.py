"""One job: a Shot's frames, clip by clip.

A clip is begun with the last frames of the one before it. They are kept as the state of that clip's last Shot frame,
exactly as the model gave them in 8 bits; so a resumed job begins a clip as the job did that was interrupted, and makes
the same bytes. Where they are gone the clip before is drawn again, unseen.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import BackendFailed
from ...media.png import eight_bits
from ...model_registry.video_registry import CAMERA, DEPTH, FAMILIES, TRACKS, WARP, VideoFamily
from ...shot import Shot
from ..base import Changes, Finished, Frame, Notice, Progress
from . import (
    camera_path,
    clip_plan,
    clip_scene,
    depth_control,
    edge_control,
    frame_size,
    known_pixels,
    track_control,
)
from .clip_inputs import ClipInputs, Step
from .clip_plan import Clip, ClipPlan
from .clip_scene import ClipScene
from .requirements import check_control
from .resize import resized
from .settings import MOTION
from .shot_frames import at_shot_frames, nearest_frames

Array = NDArray[Any]


class VideoModel(Protocol):
    """A loaded model; pipelines/ has one for each family."""

    family: str  # of FAMILIES
    said: list[str]  # how it runs, in sentences

    def check(self, control: str, width: int, height: int) -> None:
        """BadInput for what this very model cannot do."""
        ...

    def draw(self, inputs: ClipInputs, control: str) -> Generator[Step | None, None, NDArray[np.float32]]:
        """The frames (F, H, W, 3), sRGB from 0 to 1; until then steps as they are done, and None now and then.

        It can be closed at any time, and stops within a step.
        """
        ...


Load = Callable[[Mapping[str, Any]], VideoModel]


def generate(
    shot: Shot,
    settings: Mapping[str, Any],
    finished: Finished,
    changes: Changes,
    load: Load,
    said_before: str | None = None,
) -> Iterator[Frame | Notice | Progress]:
    """The frames of a Shot that are not finished, in rising order. BadInput for what the model cannot do.

    said_before: one of the model's own sentences that people have read.
    """
    model = load(settings)
    family = FAMILIES[model.family]
    check_control(family, settings["control"])
    control = settings["control"] or family.controls[0]
    width, height = frame_size.chosen(family, settings["size"], shot.width, shot.height)
    model.check(control, width, height)
    offsets = np.array(shot.frames) - shot.frames[0]
    plan = clip_plan.plan(offsets.tolist(), shot.fps, family, settings["length"])
    said = [
        *(each for each in model.said if each != said_before),
        *plan.notices,
        *frame_size.sentence(family, (width, height), shot.width, shot.height),
    ]
    said += _limits(shot, family, control, settings, plan)
    yield from map(Notice, said)
    job = _Job(shot, settings, model, family, control, plan, width, height, finished, changes)
    for clip in plan.clips:
        missing = [k for k in clip.frames if k not in finished]
        if missing:
            yield from job.frames(clip, missing)


@dataclass
class _Job:
    shot: Shot
    settings: Mapping[str, Any]
    model: VideoModel
    family: VideoFamily
    control: str
    plan: ClipPlan
    width: int
    height: int
    finished: Finished
    changes: Changes
    tail: tuple[int, NDArray[np.uint8]] | None = None  # number of a clip, and its last frames

    def frames(self, clip: Clip, missing: list[int]) -> Iterator[Frame | Progress]:
        """The missing frames of a clip."""
        pictures = yield from self._drawn(clip)
        scene = self._scene(clip) if self.settings["resampling"] == MOTION and self._has_surfaces else None
        offsets = np.array(self.shot.frames) - self.shot.frames[0]
        made = at_shot_frames(scene, pictures) if scene else nearest_frames(self.plan, clip, offsets, pictures)
        for k, picture in made:
            self.changes()
            if k not in missing:
                continue
            last = k == clip.frames[-1] and clip.number + 1 < len(self.plan.clips)
            state = pictures[-self.family.carried :] if last else None
            notes = {"clip": clip.number, "prompt": self._prompt(clip)}
            yield Frame(k, resized(picture, self.shot.width, self.shot.height), notes, state)

    def _drawn(self, clip: Clip) -> Generator[Progress, None, NDArray[np.uint8]]:
        """The clip's frames (F, H, W, 3) uint8."""
        carried = (yield from self._carried(clip)) if clip.carried else None
        inputs = yield from self._inputs(clip, carried)
        where = f" (clip {clip.number + 1} of {len(self.plan.clips)})" if len(self.plan.clips) > 1 else ""
        with closing(self.model.draw(inputs, self.control)) as drawing:
            try:
                while True:
                    step = next(drawing)
                    self.changes()  # a cancelled job ends here
                    if step is not None:
                        yield Progress(0, f"{step.what}{where}", step.done, step.total)
            except StopIteration as ended:
                pictures = ended.value
        wanted = (clip.count, self.height, self.width, 3)
        if pictures.shape != wanted:
            raise BackendFailed(f"{self.family.label} drew frames of shape {pictures.shape}, not {wanted}.")
        if not np.isfinite(pictures).all():
            raise BackendFailed(
                f"{self.family.label} answered with values that are not numbers. Try another seed; if that does not "
                "help, the weights are damaged."
            )
        made = np.clip(np.rint(pictures * 255), 0, 255).astype(np.uint8)
        self.tail = clip.number, made[-self.family.carried :]
        return made

    def _carried(self, clip: Clip) -> Generator[Progress, None, NDArray[np.uint8]]:
        """The last frames (C, H, W, 3) of the clip before: remembered, kept beside its last frame, or drawn again."""
        before = self.plan.clips[clip.number - 1]
        if self.tail is not None and self.tail[0] == before.number:
            return self.tail[1]
        if before.frames and before.frames[-1] in self.finished:
            state = self.finished.state(before.frames[-1])
            if state is not None and state.shape == (self.family.carried, self.height, self.width, 3):
                return np.asarray(state, np.uint8)
        made = yield from self._drawn(before)
        return made[-self.family.carried :]

    def _inputs(self, clip: Clip, carried: NDArray[np.uint8] | None) -> Generator[Progress, None, ClipInputs]:
        shot, settings = self.shot, self.settings
        if carried is None:
            start = resized(eight_bits(shot.first_frame), self.width, self.height)[None]
        else:
            start = carried
        number = shot.frames[clip.frames[0]] if clip.frames else shot.frames[-1]
        inputs = ClipInputs(
            width=self.width,
            height=self.height,
            count=clip.count,
            fps=self.family.fps,
            prompt=self._prompt(clip),
            negative=next((text for at, text in sorted(shot.negative.items(), reverse=True) if at <= number), ""),
            seed=(shot.seed + clip.number) % 2**32,
            steps=settings["steps"] or self.family.steps,
            guidance=self.family.guidance if settings["guidance"] < 0 else settings["guidance"],
            strength=settings["strength"],
            start=start,
            noise_free=settings["noise_free"],
            noise_known=settings["noise_known"],
        )
        if self.control == CAMERA:
            path = camera_path.of_clip(shot, self.plan, clip, self.width, self.height)
            return replace(inputs, pose=path.pose, intrinsics=path.intrinsics)
        made = []
        for at, each in enumerate(self._control_frames(clip, inputs, carried)):
            self.changes()
            made.append(each)
            yield Progress(0, "Reading the scene for the model", at + 1, clip.count)
        known = known_pixels.stacked(made)
        return replace(inputs, video=known.pixels, hole=known.hole)

    def _control_frames(
        self, clip: Clip, inputs: ClipInputs, carried: NDArray[np.uint8] | None
    ) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
        if self.control == WARP:
            begin = inputs.start if carried is not None else inputs.start[:0]
            filled = self.family is FAMILIES["wan-i2v"]
            return known_pixels.of_frames(self._scene(clip), begin, filled=filled)
        none = np.zeros((self.height, self.width), bool)
        return ((picture, none) for picture in self._structure(clip))

    def _structure(self, clip: Clip) -> Iterator[NDArray[np.uint8]]:
        """Pictures (H, W, 3) of where things are."""
        if self.control == TRACKS:
            first = max(0, clip.first - track_control.TRAIL + 1)
            times = np.array([self.plan.shot_time(i) for i in range(first, clip.last + 1)])
            xy, visible = track_control.at_times(self.shot, times)
            size, out = (self.shot.width, self.shot.height), (self.width, self.height)
            return (track_control.frame(xy, visible, i - first, size, out) for i in range(clip.first, clip.last + 1))
        scene = self._scene(clip)
        if self.control == DEPTH:
            return depth_control.frames(scene.scene, scene.model, self._depth_range)
        lens = scene.scene.shot.camera.intrinsics
        return (edge_control.picture(scene.scene.surfaces(p), edge_control.focal_of(lens[p])) for p in scene.model)

    @cached_property
    def _depth_range(self) -> depth_control.DepthRange | None:
        return depth_control.range_of(self.shot)

    def _prompt(self, clip: Clip) -> str:
        number = self.shot.frames[clip.frames[0]] if clip.frames else self.shot.frames[-1]
        return self.shot.prompt(number)

    def _scene(self, clip: Clip) -> ClipScene:
        return clip_scene.of_clip(self.shot, self.plan, clip, self.width, self.height)

    @property
    def _has_surfaces(self) -> bool:
        return self.shot.geometry is not None or self.shot.depth is not None


def _limits(
    shot: Shot, family: VideoFamily, control: str, settings: Mapping[str, Any], plan: ClipPlan
) -> Iterator[str]:
    """What this control cannot say of this Shot, in sentences."""
    whole = abs(1 / plan.rate - round(1 / plan.rate)) < clip_plan.EXACT
    if shot.geometry is None and not whole:
        if control == CAMERA:
            yield "Between the shot's frames its camera is interpolated: turns along the great circle, places straight."
        elif shot.depth is not None:
            yield (
                "This shot holds maps of its own frames, not the surfaces: each of the model's frames is told the "
                "nearest one, up to half a frame off. A shot with geometry is exact."
            )
    if shot.cuts:
        yield "The shot has cuts; the model sees them as one clip. Render each part by itself."
    if control == CAMERA:
        yield f"{family.label} is told the camera alone: moving objects, depth and what stands where are its own."
    if control == DEPTH:
        yield "Depth has one range for the whole shot: inverse depth, near is white, the sky black."
    if not family.first_frame:
        yield f"{family.label} does not take a first frame: its pictures need not look like the shot's."
    if any(shot.negative.values()) and settings["guidance"] in (0.0, 1.0):
        yield "Without guidance the negative prompt has no effect."
