"""The command's options for what an engine is told: --settings, --preset, --set."""

import argparse

import bpy

from ...backend.motion_bridge.cli import engine_options as shared
from ...backend.motion_bridge.cli.engine_options import EngineOptions
from ..properties import settings_of

add = shared.add


def read(options: argparse.Namespace, scene: bpy.types.Scene, frames: tuple[int, ...]) -> EngineOptions:
    """What the options say, for the engine that they name or the scene's."""
    if not (options.settings or options.preset or options.set or options.like):
        return EngineOptions()
    settings = settings_of(scene)
    engine = options.engine or settings.engine
    return shared.read(options, engine, frames, settings.generation(engine).settings)
