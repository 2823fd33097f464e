"""A Shot from words: prompt, schedules and settings by their names, a preset, a settings file.

Where two of them speak of the same thing, precedence.py says which one holds.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import shot as shots
from ...errors import BadInput
from ...media import png, video_length
from ...media.video_length import VideoLength
from ...model_registry import registry
from ...schedules import Context
from ...schedules.prompts import by_frame
from ...schedules.variables import MOST_FRAMES
from ...schedules.webui_writer import STILL
from ...shot import LARGEST_SIDE, Camera, GenerationSettings, Shot
from .. import precedence, settings_parser
from ..base import GenerationRequest, ImportedSettings
from .engine import DEFAULTS, engine
from .schedules import MOVING_2D, MOVING_3D

SIDE = 1024  # pixels, where nothing says the size
SMALLER = {"sd-1.5": 512, "lcm": 512, "sdxl-turbo": 512, "sketch": 128}
FRAMES, FPS = 120, 24.0
STANDS_STILL = [re.compile(rf"0\s*:\s*\(\s*{value}\s*\)") for value in (r"[+-]?0*\.?0*", r"\+?0*1\.?0*")]  # zoom: 1

Picture = NDArray[np.uint8]
Prompt = str | Mapping[int | str, str]
Where = Path | str


def shot_of(
    *,
    model: str | None = None,
    shot: Shot | Where | None = None,
    settings: Where | None = None,
    preset: str = "",
    prompt: Prompt = "",
    negative: str = "",
    seed: int | None = None,
    frames: int | None = None,
    fps: float | None = None,
    width: int | None = None,
    height: int | None = None,
    first_frame: Picture | Where | None = None,
    preserve_motion: bool | None = None,
    **asked: Any,
) -> tuple[Shot, tuple[str, ...]]:
    """The Shot that is meant, checked before anything is loaded, and what its maker should know of it.

    shot: a scene's, or its folder; without one the picture is moved by schedules or a guide video. settings: a settings
    file. preset: one of presets.py. prompt: a text, or texts by frame of the Shot (from 0 where there is none); a key
    may be an expression of max_f. seed: of the first frame. asked: schedules and settings by name.

    Only without a shot: frames: how many (120); fps: a second (24); width, height: pixels, by default the first
    frame's or what suits the model. first_frame: (H, W, 3) uint8 or a PNG; without one frame 0 is made from the
    prompt alone. A video (mode="video") is animated as long as it lasts, at its own rate.

    preserve_motion: with mode="video", whether the frame before is kept in each frame, warped along the video's motion.
    """
    if preserve_motion is False:
        asked = {"video_preserve": 0.0, **asked}
    file = engine.read_settings_file(Path(settings), model or "") if settings else ImportedSettings()
    named = settings_parser.parse(engine, asked, shot_of.__kwdefaults__ or ())
    if shot is None:
        there = file.generation
        model = model or str(there.settings.get("model", DEFAULTS["model"]))
        picture = _picture(first_frame)
        if picture is None:
            width, height = _said(width, file.width), _said(height, file.height)
        size = _size(width, height, picture, SMALLER.get(registry.resolve(model), SIDE))
        length = _video_length({**there.settings, **named.settings}) if frames is None or fps is None else None
        rate = _said(fps, file.fps, length.fps if length else FPS)
        count = _said(frames, file.frames, length.frames(rate) if length else FRAMES)
        moving = {**there.schedules, **_moving(named.schedules)}
        motion = {} if "motion" in there.settings else {"motion": _motion(moving)}
        begun = picture is not None or _brings_picture({**there.settings, **named.settings})
        base = _blank(count, rate, size, picture, {**motion, "use_init": begun}, not settings)
    else:
        alone = {"frames": frames, "fps": fps, "width": width, "height": height, "first_frame": first_frame}
        for name in (name for name, value in alone.items() if value is not None):
            raise BadInput(f"{name} cannot be chosen for a Shot; it has its own.")
        base = shot if isinstance(shot, Shot) else shots.load(Path(shot))
    if model:
        named = replace(named, settings={**named.settings, "model": registry.resolve(model)})
    first = base.frames[0]
    imported = file.at(base.frames)
    asked_for = replace(named, seed=seed)
    generation = precedence.combined(engine, base.generation, file=imported, preset=preset, named=asked_for)
    dialect = generation.settings.get("dialect", DEFAULTS["dialect"])
    context = Context(len(base.frames), generation.seed or 0, base.fps, dialect=dialect)
    words = GenerationSettings(_prompts(prompt, context, first), {first: negative} if negative else {})
    generation = words.over(generation)
    engine.check_texts(GenerationRequest(generation, base.frames, base.fps, frozenset(_moving(named.schedules))))
    made = base.generated_with(generation)
    shots.check(made, "The Shot")
    return made, (*file.notices, *(registry.fallback_notice(model, generation.settings["model"]) if model else ()))


def _moving(schedules: Mapping[str, str]) -> dict[str, str]:
    """The schedules without those that stand still, which conflict with nothing."""
    return {name: text for name, text in schedules.items() if not STANDS_STILL[name == "zoom"].fullmatch(text.strip())}


def _video_length(settings: Mapping[str, Any]) -> VideoLength | None:
    """The length of the video that is animated; None where none is, or it is missing, which is said later."""
    path = Path(settings.get("guide_video", ""))
    return video_length.measure(path) if settings.get("mode") == "video" and path.is_file() else None


def _said(*values: Any) -> Any:
    """The first that is said at all."""
    return next((value for value in values if value is not None), None)


def _brings_picture(settings: Mapping[str, Any]) -> bool:
    """Whether there is something to begin with although nobody gave a first frame."""
    return settings.get("mode") == "video" or any(settings.get(name) for name in ("init_image", "guided_images"))


def _blank(
    count: int, fps: float, size: tuple[int, int], picture: Picture | None, settings: dict[str, Any], still: bool
) -> Shot:
    """A Shot without a scene; `still`: what nobody moves stands still, where the webui's own defaults would drift."""
    if not 1 <= count <= MOST_FRAMES:
        raise BadInput(f"frames is {count}; it must be at least 1 and at most {MOST_FRAMES}.")
    width, height = size
    lens = np.array([[width, 0, width / 2], [0, width, height / 2], [0, 0, 1]], np.float64)  # nobody looks through it
    return Shot(
        frames=tuple(range(count)),
        fps=float(fps),
        width=width,
        height=height,
        camera=Camera(np.tile(np.eye(4), (count, 1, 1)), np.tile(lens, (count, 1, 1)), np.zeros(count, bool)),
        first_frame=np.full((height, width, 3), 128, np.uint8) if picture is None else picture,
        settings=settings,
        schedules=STILL if still else {},
    )


def _size(width: int | None, height: int | None, picture: Picture | None, side: int) -> tuple[int, int]:
    """Width and height in pixels."""
    rows, columns = picture.shape[:2] if picture is not None else (side, side)
    asked = _said(width, columns), _said(height, rows)
    if picture is not None and asked != (columns, rows):
        raise BadInput(
            f"The first frame has {columns}x{rows} pixels, not {asked[0]}x{asked[1]}; scale it, or omit width and "
            "height."
        )
    if min(asked) < 1 or max(asked) > LARGEST_SIDE:
        raise BadInput(f"{asked[0]}x{asked[1]} pixels are no picture; each side has 1 to {LARGEST_SIDE}.")
    return asked


def _motion(schedules: Mapping[str, str]) -> str:
    """The mode that the schedules speak of."""
    return "3D" if any(name in schedules for name in MOVING_3D if name not in MOVING_2D) else "2D"


def _prompts(prompt: Prompt, context: Context, first: int) -> dict[int, str]:
    """Prompts by frame."""
    if isinstance(prompt, str):
        return {first: prompt} if prompt else {}
    return by_frame({str(frame): text for frame, text in prompt.items()}, context)


def _picture(first_frame: Picture | Where | None) -> Picture | None:
    if first_frame is None:
        return None
    if not isinstance(first_frame, np.ndarray):
        if not Path(first_frame).is_file():
            raise BadInput(f"The first frame {first_frame} is not there.")
        return png.read(Path(first_frame))
    if first_frame.ndim != 3 or first_frame.shape[2] != 3 or first_frame.dtype != np.uint8:
        raise BadInput(
            f"The first frame is {first_frame.dtype} of shape {first_frame.shape}; it must be uint8 (H, W, 3)."
        )
    return first_frame
