"""The scene that takes are cut in.

A strip goes through the view transform of its scene, and what a take holds has been through one already: only where
the view is Standard does a strip show the bytes of its file, in the preview and in what is rendered. So takes have a
scene of their own beside the one that they were made from, with its rate, size and range.
"""

from typing import Any

import bpy

from .. import compat
from ..properties import settings_of
from ..scene.restore_state import restore

PLAIN = {"view_transform": "Standard", "look": "None", "exposure": 0.0, "gamma": 1.0, "use_curve_mapping": False}
DISPLAY = "sRGB"
LIKE_THE_SOURCE = (
    "resolution_x",
    "resolution_y",
    "resolution_percentage",
    "pixel_aspect_x",
    "pixel_aspect_y",
    "fps",
    "fps_base",
)


def chosen_scene(context: Any) -> Any:
    """The scene that somebody gave the Sequencer, where it shows files as they are; None where takes need their own."""
    chosen = compat.sequencer_scene(context)
    return chosen if chosen != context.scene and shows_files_as_they_are(chosen) else None


def takes_scene(source: Any) -> bpy.types.Scene:
    """The scene for a scene's takes; a takes' scene is its own."""
    if source_of(source) is not None:
        return source
    settings = settings_of(source)
    if settings.takes is None:
        settings.takes = bpy.data.scenes.new(f"{source.name} Takes")
    takes = settings.takes
    _prepare(takes, source)
    return takes


def with_strips(source: Any) -> Any:
    """A scene's takes' scene, if it holds any take; that of any other scene where this one has none."""
    for scene in (source, *bpy.data.scenes):
        takes = settings_of(scene).takes if scene else None
        if takes is not None and takes.sequence_editor and len(compat.strips(takes)):
            return takes
    return None


def source_of(takes: Any) -> Any:
    """The scene that a scene holds the takes of; None where it is not a takes' scene."""
    return next((scene for scene in bpy.data.scenes if settings_of(scene).takes == takes), None)


def shows_files_as_they_are(scene: Any) -> bool:
    """Whether the bytes of a strip's files come out of a scene unchanged."""
    view = scene.view_settings
    plain = all(getattr(view, name) == value for name, value in PLAIN.items())
    return plain and scene.display_settings.display_device == DISPLAY


def _prepare(takes: Any, source: Any) -> None:
    """What a takes' scene must be set to; what the artist may want otherwise is left alone once it has strips."""
    restore(takes.display_settings, {"display_device": DISPLAY})
    restore(takes.view_settings, PLAIN)
    if not len(compat.strips(takes)):
        restore(takes.render, {name: getattr(source.render, name) for name in LIKE_THE_SOURCE})
        restore(takes.render, {"use_sequencer": True, "dither_intensity": 0.0})
        takes.frame_start, takes.frame_end = source.frame_start, source.frame_end
        takes.frame_set(source.frame_current)
