"""The command's options for what an engine is told: --settings, --preset, --set."""

import argparse
from collections.abc import Callable
from typing import Any

import bpy

from ...backend.motion_bridge.cli import engine_options as shared
from ..properties import settings_of

add = shared.add


def changes(
    options: argparse.Namespace, scene: bpy.types.Scene, frames: tuple[int, ...], note: Callable[[str], None]
) -> dict[str, Any]:
    """What the options replace, as fields of a Request; note: is told what a settings file asks for in vain."""
    if not (options.settings or options.preset or options.set):
        return {}
    settings = settings_of(scene)
    engine = options.engine or settings.engine
    given = shared.given(options, engine, frames, settings.engine_settings(engine))
    for notice in given.notices:
        note(notice)
    return given.fields()
