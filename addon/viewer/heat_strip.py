"""The error of a take over time as a strip above the take's own: a picture of bars, which covers nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy

from .. import compat
from ..names import TITLE
from .strip import free_channel, holds
from .takes_scene import takes_scene


def place(source: bpy.types.Scene, take: str, frames: Sequence[int], file: Path) -> Any:
    """Put the picture over the frames of a take, in place of an older one; the strip.

    source: the scene that the take was made from. Its thumbnail shows the bars; in the preview it is transparent.
    """
    scene = takes_scene(source)
    strips = compat.strips(scene)
    name = f"{TITLE} {take} error"
    if (old := strips.get(name)) is not None:
        strips.remove(old)
    start, end = frames[0], frames[0] + sum(holds(frames))
    strip = strips.new_image(name, str(file), free_channel(strips, start, end), start, fit_method="STRETCH")
    strip.frame_final_duration = end - start
    strip.blend_type, strip.blend_alpha = "ALPHA_OVER", 0.0
    return strip
