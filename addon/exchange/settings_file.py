"""A Deforum settings file into the panel's fields."""

from pathlib import Path

import bpy

from ...backend.motion_bridge.engines.deforum import settings_import
from ..properties import settings_of


def load(scene: bpy.types.Scene, path: Path, with_size: bool) -> tuple[str, ...]:
    """Fill the scene's settings from a file; what of it has no meaning here. BadInput names file and place.

    The file's frame 0 is the first frame of the scene's range. with_size: take its size, length and rate as well.
    """
    settings = settings_of(scene)
    found = settings_import.read(path, settings.deforum.engine_settings()["model"])
    settings.deforum.take(found.settings, found.schedules)
    if found.seed is not None:
        settings.seed = found.seed
    if found.prompts:
        settings.prompts.clear()
        for frame, text in found.prompts.items():
            key = settings.prompts.add()
            key.frame, key.text = scene.frame_start + frame * scene.frame_step, text
        settings.active_prompt = 0
    if with_size:
        _size(scene, found)
    return found.notices


def _size(scene: bpy.types.Scene, found: settings_import.ImportedSettings) -> None:
    render = scene.render
    if found.width and found.height:
        render.resolution_x, render.resolution_y, render.resolution_percentage = found.width, found.height, 100
    if found.frames:
        scene.frame_step = 1
        scene.frame_end = scene.frame_start + found.frames - 1
    if found.fps:
        render.fps = max(round(found.fps), 1)
        render.fps_base = render.fps / found.fps
