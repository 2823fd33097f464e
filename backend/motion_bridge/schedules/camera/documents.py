"""A Shot's camera as schedules, and the texts that carry them to other programs.

`for_webui` fits them to the webui's own warp, `for_metric` states the true motion for an engine that warps truly.
"""

import json
from bisect import bisect_left
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry.cancellation import breathe
from ...shot import Shot
from .. import Context, values, webui_writer
from ..parseq import document
from ..parseq.fields import DEFAULTS, field_of
from ..webui_defaults import SCHEDULES
from . import guide_video
from .convention import CHANNELS_2D, CHANNELS_3D
from .export import export
from .fit import distances
from .metric import WINDOW, flow, metric_schedules, strays
from .reference_flow import Error, Truth, measure
from .report import plot, report
from .webui_warp import Warp2D

Array = NDArray[np.floating]

CENTERD = 0.05  # pixels by which a lens may be shifted without a word


@dataclass(frozen=True)
class Written:
    """Schedules and what is to be known of them."""

    mode: str  # animation_mode: "3D" or "2D"
    schedules: Mapping[str, str]  # by the names of a settings file
    settings: Mapping[str, Any]  # the other keys of a settings file without which they mean something else
    error: Error  # what they cannot express, pixels a frame
    sentences: tuple[str, ...]
    plot: str  # SVG: the error over the frames


def for_webui(shot: Shot, tolerance: float, keep: Collection[int] = ()) -> Written:
    """Schedules for the webui and Forge, whose warp is not a pinhole: as few keys as cost no more than so many pixels.

    tolerance: mean pixels a frame; 0 for a key at every frame. keep: positions of frames that have a key in any case.
    BadInput without depth.
    """
    made = export(shot, tolerance, keep)
    told = report(shot, made)
    rest = {name: value for name, value in made.settings().items() if name not in SCHEDULES}
    rest.pop("animation_mode")
    return Written(made.mode, made.schedules, rest, made.error, told.sentences, told.plot)


def for_metric(shot: Shot, tolerance: float, keep: Collection[int] = ()) -> Written:
    """The true motion in scene units. tolerance: pixels by which a point may stray in 24 frames; 0 for every frame.
    keep: positions of frames that have a key in any case.

    BadInput without depth, and for a camera that changes between perspective and orthographic.
    """
    schedules = metric_schedules(shot, tolerance or None, keep)
    truth = measure(shot)
    flat = bool(shot.camera.orthographic.all())
    value = _channels(schedules, CHANNELS_2D if flat else CHANNELS_3D, truth.frames)
    error = _slid(shot, truth, schedules, value) if flat else truth.error(_travelled(shot, truth, value))
    found = [
        f"The picture moves {truth.size():.2f} pixels a frame.",
        f"Under a true warp the schedules are {error.mean:.3f} off.",
    ]
    if not flat:
        found.append(f"A point that stands still strays at most {strays(shot, value):.3f} pixels in {WINDOW} frames.")
    return Written(
        "2D" if flat else "3D",
        schedules,
        {"diffusion_cadence": 1},
        error,
        (*found, *_unsaid(shot)),
        plot(shot.frames, {"schedules": error.each}),
    )


def settings_file(shot: Shot, written: Written) -> str:
    """The text of deforum_settings.txt, with every key of the webui."""
    return webui_writer.text(_document(shot, written.mode, written.schedules, written.settings))


def guide_settings(shot: Shot, movie: str) -> str:
    """The settings file that makes the webui follow a guide video at that path and nothing else."""
    schedules = {name: value for name, value in guide_video.SETTINGS.items() if name in SCHEDULES}
    rest = {name: value for name, value in guide_video.SETTINGS.items() if name not in SCHEDULES}
    mode = rest.pop("animation_mode")
    return webui_writer.text(_document(shot, mode, schedules, {**rest, "video_init_path": movie}))


def json_file(shot: Shot, written: Written) -> str:
    """The schedules alone with the run that they belong to, as one JSON object; `motion-bridge schedules` reads it."""
    whole = _document(shot, written.mode, written.schedules, written.settings)
    kept = ("animation_mode", "max_frames", "fps", "W", "H", "seed", *written.settings, "prompts")
    found = {name: whole[name] for name in kept}
    return json.dumps(found | {"schedules": dict(written.schedules)}, indent=1, ensure_ascii=False) + "\n"


def parseq_file(shot: Shot, written: Written, name: str) -> tuple[str, tuple[str, ...]]:
    """A Parseq document, and what has to be set in Deforum beside it. BadInput for a Shot of one frame."""
    known = [schedule for schedule in written.schedules if field_of(schedule) in DEFAULTS]
    series = _channels(written.schedules, tuple(known), len(shot.frames))
    made = document.document(dict(zip(known, series.T, strict=True)), fps=rate(shot), name=name)
    beside = {schedule: text for schedule, text in written.schedules.items() if schedule not in known}
    beside |= {"animation_mode": written.mode}
    beside |= {key: value for key, value in written.settings.items() if key == "use_depth_warping"}
    missing = ", ".join(f"{key} {json.dumps(value).strip(chr(34))}" for key, value in beside.items())
    return document.text(made), (f"Parseq says nothing of these; set them in Deforum: {missing}.",)


def fields(written: Written) -> str:
    """The schedules for the clipboard: a line with the field's name, a line to paste into it, an empty line."""
    settings = {"animation_mode": written.mode, **written.settings}
    lines = [f"{name}\n{value if isinstance(value, str) else json.dumps(value)}\n" for name, value in settings.items()]
    return "\n".join([*(f"{name}\n{text}\n" for name, text in written.schedules.items()), *lines])


def rate(shot: Shot) -> float:
    """Frames of the Shot a second; a Shot of every second frame has half the scene's."""
    span = shot.frames[-1] - shot.frames[0]
    return shot.fps * (len(shot.frames) - 1) / span if span else shot.fps


def _document(shot: Shot, mode: str, schedules: Mapping[str, str], rest: Mapping[str, Any]) -> dict[str, Any]:
    return webui_writer.document(
        schedules,
        width=shot.width,
        height=shot.height,
        max_frames=len(shot.frames),
        fps=rate(shot),
        mode=mode,
        seed=shot.seed,
        prompts=_from_zero(shot.prompts, shot.frames),
        negative=_from_zero(shot.negative, shot.frames),
        changes=rest,
    )


def _from_zero(texts: Mapping[int, str], frames: tuple[int, ...]) -> dict[int, str]:
    """Prompts by the frame's place in the Shot; of those before its first frame the last one holds."""
    return {at: texts[key] for key in sorted(texts) if (at := bisect_left(frames, key)) < len(frames)}


def _channels(schedules: Mapping[str, str], names: tuple[str, ...], frames: int) -> Array:
    """What the texts say at every frame: (T, C)."""
    return np.stack([values(schedules[name], Context(max_frames=frames), name) for name in names], axis=-1)


def _travelled(shot: Shot, truth: Truth, value: Array) -> Array:
    moved = np.zeros_like(truth.flow)
    index = (truth.at - 0.5).astype(np.intp)
    for k in range(1, truth.frames):
        breathe()
        if k not in truth.still:
            moved[k] = np.where(truth.seen[k], flow(shot, value, k, index).T, 0.0)
    return moved


def _slid(shot: Shot, truth: Truth, schedules: Mapping[str, str], value: Array) -> Error:
    x, y = _channels(schedules, ("transform_center_x", "transform_center_y"), 1)[0]
    warp = Warp2D(shot.width, shot.height, (truth.at - 0.5).astype(np.intp), (float(x), float(y)))
    return truth.error_of(distances(warp, truth, value, 1.0))


def _unsaid(shot: Shot) -> list[str]:
    """What no schedule can say of this shot."""
    found = []
    if shot.objects is not None and np.ptp(shot.objects.pose, axis=1).any():
        found.append("Part of that are things that move by themselves; schedules move the camera alone.")
    if shot.cuts:
        named = ", ".join(map(str, shot.cuts))
        found.append(f"The cut at frame {named} has no motion, for schedules cannot say it: generate each part alone.")
    middle = np.array([shot.width, shot.height]) / 2
    if not shot.camera.orthographic.all() and np.abs(shot.camera.intrinsics[:, :2, 2] - middle).max() > CENTERD:
        found.append("The lens is shifted, which schedules cannot say: whoever reads them has to know it.")
    return found
