"""A Deforum settings file into the panel's fields."""

from pathlib import Path
from typing import Any

import bpy

from ...backend.motion_bridge.engines.base import ImportedSettings
from ...backend.motion_bridge.engines.deforum.engine import engine
from ..properties import prompt_markers, settings_of


def load(scene: bpy.types.Scene, path: Path, with_size: bool) -> tuple[str, ...]:
    """Fill the scene's settings from a file; what of it has no meaning here. BadInput names file and place.

    The file's frame 0 is the first frame of the scene's range. with_size: take its size, length and rate as well.
    """
    settings: Any = settings_of(scene)
    found = engine.read_settings_file(path, settings.deforum.engine_settings()["model"])
    asked = found.generation
    settings.deforum.take(asked.settings, asked.schedules)
    if asked.seed is not None:
        settings.seed = asked.seed
    if asked.prompts:
        prompt_markers.clear(scene)
        for frame, text in asked.prompts.items():
            prompt_markers.add(scene, scene.frame_start + frame * scene.frame_step, text)
        settings.active_prompt = 0
    if with_size:
        _size(scene, found)
    return found.notices


def _size(scene: bpy.types.Scene, found: ImportedSettings) -> None:
    render = scene.render
    if found.width and found.height:
        render.resolution_x, render.resolution_y, render.resolution_percentage = found.width, found.height, 100
    if found.frames:
        scene.frame_step = 1
        scene.frame_end = scene.frame_start + found.frames - 1
    if found.fps:
        render.fps = max(round(found.fps), 1)
        render.fps_base = render.fps / found.fps
