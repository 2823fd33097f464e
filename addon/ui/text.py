"""Sentences in a layout: Blender cuts labels off, so long ones become several lines."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import blf
import bpy

from ...backend.motion_bridge.files import home

POINTS = 11  # of the interface font where the theme does not say
MARGIN, ICON = 84, 22  # pixels at scale 1: what the borders of sidebar, panel, box and label take up, and an icon


def draw_wrapped(layout: bpy.types.UILayout, sentence: str, context: bpy.types.Context, icon: Any = "NONE") -> None:
    """A label as wide as the region and as high as it needs, with an icon on its first line."""
    margin = MARGIN if icon == "NONE" else MARGIN + ICON
    draw_lines(layout, sentence, context.region.width / context.preferences.system.ui_scale - margin, icon)


def draw_lines(layout: bpy.types.UILayout, sentence: str, width: float, icon: Any = "NONE") -> None:
    """The same in lines of at most so many pixels at scale 1."""
    column = layout.column(align=True)
    column.scale_y = 0.8
    for line in wrapped(bpy.app.translations.pgettext_iface(sentence), width):
        column.label(text=line, icon=icon, translate=False)
        icon = "BLANK1" if icon != "NONE" else "NONE"


def wrapped(sentence: str, width: float) -> list[str]:
    """A text in lines that are no wider than so many pixels at scale 1; a word that is wider is broken."""
    return [line for paragraph in sentence.splitlines() for line in _lines(paragraph, width)]


def _lines(paragraph: str, width: float) -> Iterator[str]:
    line = ""
    for word in paragraph.split():
        longer = f"{line} {word}" if line else word
        if width_of(longer) <= width:
            line = longer
            continue
        if line:
            yield line
        while width_of(word) > width and len(word) > 1:
            fits = next(n for n in range(len(word) - 1, 0, -1) if n == 1 or width_of(word[:n]) <= width)
            yield word[:fits]
            word = word[fits:]
        line = word
    yield line


@lru_cache(maxsize=8192)
def width_of(text: str) -> float:
    """The pixels that a text takes up in the interface font at scale 1."""
    blf.size(0, POINTS)
    return blf.dimensions(0, text)[0]


def short_paths(sentence: str) -> str:
    """The same with paths as people write them: // beside the .blend file, ~ in the person's home."""
    beside = bpy.path.abspath("//")
    if bpy.data.filepath and len(beside) > 1:
        sentence = sentence.replace(beside, "//")
    own = home.home()
    if own is not None and own != Path(own.anchor):
        sentence = sentence.replace(f"{own}/", "~/").replace(f"{own}\\", "~\\")
    return sentence


def clock(seconds: float) -> str:
    """A stretch of time as people read it: 0:08, 12:30, 1:02:03."""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"
