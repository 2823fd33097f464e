"""Writing the webui's and Forge's settings file.

Every key is written, so that loading the file resets everything that an earlier session left behind. Motion that the
caller does not mention stands still: the program's own defaults would drift forwards.
"""

import difflib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import BadInput
from ..files import writing
from ..shot import prompt_at
from .interpolation import texts, values
from .prompts import MARK
from .variables import Context
from .webui_defaults import ALL, CHOICES, FORGE, NAMES, SCHEDULES

STILL = {"zoom": "0: (1)", "translation_z": "0: (0)"}
MODES = CHOICES["animation_mode"]
LARGEST_SIDE = 8192  # pixels


def write(path: Path, schedules: Mapping[str, str], **rest: Any) -> None:
    """`document` as a file."""
    writing.write_named(path, text(document(schedules, **rest)))


def text(settings: Mapping[str, Any]) -> str:
    """Settings as the text of deforum_settings.txt."""
    return json.dumps(settings, indent=4, ensure_ascii=False, allow_nan=False) + "\n"


def document(
    schedules: Mapping[str, str],
    *,
    width: int,
    height: int,
    max_frames: int,
    fps: float,
    mode: str = "3D",
    seed: int = -1,
    prompts: Mapping[int, str] | None = None,
    negative: Mapping[int, str] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Every key of a settings file that the webui's loader takes whole.

    schedules: {the webui's name: text}, each readable by the webui itself. width, height: pixels; the webui rounds them
    down to multiples of 8. prompts, negative: {frame: text}. changes: any other keys.
    BadInput names a schedule or key that the webui would not understand.
    """
    fixed = {"W": width, "H": height, "max_frames": max_frames, "fps": fps, "animation_mode": mode, "seed": seed}
    if mode not in MODES:
        raise BadInput(f"animation_mode {mode!r} is none of {', '.join(MODES)}.")
    for name, side in (("W", width), ("H", height)):
        if not 8 <= side <= LARGEST_SIDE:
            raise BadInput(f"{name} is {side}; the webui takes 8 to {LARGEST_SIDE} pixels.")
    if not (math.isfinite(fps) and fps > 0):
        raise BadInput(f"fps is {fps}; it must be positive.")
    _check_schedules(schedules, Context(max_frames, seed, dialect="webui"))
    changes = dict(changes or {})
    _check_changes(changes, fixed, schedules)
    found = {**ALL, **STILL, "diffusion_cadence": 1, **fixed, **changes, **schedules}
    found["prompts"] = _prompts(prompts or {}, negative or {})
    return found


def _check_schedules(schedules: Mapping[str, str], context: Context) -> None:
    for name, written in schedules.items():
        if name not in SCHEDULES:
            raise BadInput(f"The webui has no schedule {name!r}{_nearest(name, SCHEDULES)}.")
        (texts if name in NAMES else values)(written, context, name)


def _check_changes(changes: Mapping[str, Any], *taken: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if name not in ALL and name not in FORGE:
            raise BadInput(f"The webui has no setting {name!r}{_nearest(name, ALL)}.")
        if name == "prompts" or any(name in others for others in taken):
            raise BadInput(f"{name} is given twice; leave it out of the changes.")
        if name in CHOICES and value not in CHOICES[name]:
            raise BadInput(f"{name} is {value!r}; the webui knows {', '.join(CHOICES[name])}.")


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _prompts(prompts: Mapping[int, str], negative: Mapping[int, str]) -> dict[str, str]:
    """Both sides under each frame where either changes; frame 0 always there."""
    found = {}
    for frame in sorted({0, *prompts, *negative}):
        if frame < 0:
            raise BadInput(f"prompts has a key at frame {frame}; the first is 0.")
        apart = prompt_at(negative, frame)
        if MARK in prompt_at(prompts, frame) + apart:
            raise BadInput(f"The prompt at frame {frame} holds {MARK} itself; give the negative part separately.")
        found[str(frame)] = prompt_at(prompts, frame) + (f" {MARK} {apart}" if apart else "")
    return found
