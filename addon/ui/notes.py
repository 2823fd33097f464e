"""What is worth knowing of the last job: one icon with their number in the panel, which opens the list."""

import re
from typing import Any

import bpy

from ...backend.motion_bridge.engines import base as engines
from ..properties import settings_of
from ..render.manager import window
from .text import draw_lines, short_paths

WIDTH = 22  # of the list, in units of Blender's interface, 20 pixels each
_IDENTIFIER = re.compile(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b")


def notes() -> list[str]:
    """The sentences of the job that runs or ran last, and whether the scene is still the one that it was read from."""
    said = list(window.session.job.notes) if window.session else []
    if window.running and window.scene_changed:
        said.append(f"The scene has changed; {_what_changed_means()}.")
    return said


def draw_notes(layout: bpy.types.UILayout) -> None:
    """The icon; nothing where there is nothing to know."""
    count = len(notes())
    if count:
        text = f"{count} Note{'s' if count != 1 else ''}"
        layout.popover(MOTION_BRIDGE_PT_notes.bl_idname, text=text, icon="INFO")


def in_the_panels_words(sentence: str, settings: Any) -> str:
    """A sentence of an engine with its settings called as the panel calls them, and with short paths.

    settings: the scene's.
    """
    if settings.engine not in engines.loadable():
        return short_paths(sentence)
    engine = engines.find(settings.engine)
    labels = {name: setting.label for name, setting in engine.schema.items()}
    own: Any = getattr(settings, settings.engine, None)
    for group in (own, getattr(own, "texts", None)):
        if group is not None:
            labels |= {each.identifier: each.name for each in group.bl_rna.properties}
    return short_paths(_IDENTIFIER.sub(lambda found: labels.get(found[0], found[0]), sentence))


def _what_changed_means() -> str:
    job = window.session.job if window.session else None
    if job is not None and job.state is type(job.state).RENDERING:
        return "key pictures that are rendered now may not fit; render again"
    return "these frames still show it as it was"


class MOTION_BRIDGE_PT_notes(bpy.types.Panel):
    """The list."""

    bl_idname = "MOTION_BRIDGE_PT_notes"
    bl_label = "Notes"
    bl_space_type = "VIEW_3D"
    bl_region_type = "HEADER"
    bl_options = {"INSTANCED"}
    bl_ui_units_x = WIDTH

    layout: bpy.types.UILayout

    def draw(self, context: bpy.types.Context) -> None:
        settings = settings_of(context.scene)
        for note in notes():
            draw_lines(self.layout, in_the_panels_words(note, settings), WIDTH * 20 - 60, icon="DOT")


CLASSES = (MOTION_BRIDGE_PT_notes,)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
