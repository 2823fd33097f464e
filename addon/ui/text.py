"""Sentences in a layout: Blender cuts labels off, so long ones become several lines."""

import textwrap
from typing import Any

import bpy

LETTER = 6.6  # pixels of an average letter of the interface font at scale 1


def draw_wrapped(layout: bpy.types.UILayout, sentence: str, context: bpy.types.Context, icon: Any = "NONE") -> None:
    """A label as wide as the region and as high as it needs, with an icon on its first line."""
    scale = context.preferences.system.ui_scale
    margin = 50 if icon == "NONE" else 75
    width = max(int((context.region.width / scale - margin) / LETTER), 12)
    column = layout.column(align=True)
    column.scale_y = 0.8
    for paragraph in sentence.splitlines():
        for line in textwrap.wrap(paragraph, width) or [""]:
            column.label(text=line, icon=icon)
            icon = "BLANK1" if icon != "NONE" else "NONE"


def clock(seconds: float) -> str:
    """A stretch of time as people read it: 0:08, 12:30, 1:02:03."""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"
