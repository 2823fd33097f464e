"""The engines as choices: a picture, a name, and whether each can run now."""

import time
from dataclasses import dataclass
from typing import Any

import bpy

from ...backend.motion_bridge import install_commands
from ...backend.motion_bridge.engines.base import ENGINES
from ...backend.motion_bridge.errors import MotionBridgeError
from ..parts import part
from .stand_in import sketch_stands_in
from .thumbnails import engine_icon

installation, readiness = part("interpreter.installation"), part("interpreter.readiness")
downloads, mending = part("ui.downloads"), part("ui.readiness")

AGE = 1.0  # seconds that a state is believed: panels are drawn often, and finding out looks at files
HEIGHT = 1.2  # of a choice, in lines


@dataclass(frozen=True)
class EngineState:
    """Whether an engine can run, in two or three words."""

    text: str
    icon: Any  # one of Blender's
    ready: bool


READY = EngineState("Ready", "CHECKMARK", True)
SKETCH = EngineState("Sketch only", "INFO", True)
IMPOSSIBLE = EngineState("Not possible", "CANCEL", False)

_states: dict[str, tuple[float, EngineState]] = {}  # engine → when it was found out, and what


def draw_engines(layout: bpy.types.UILayout, context: bpy.types.Context, settings: Any) -> None:
    """A choice for each engine, and below them how to get what the chosen one lacks."""
    column = layout.column(align=True)
    for item in settings.bl_rna.properties["engine"].enum_items:
        draw_choice(column, settings, item.identifier)
    if mending:
        mending.draw_readiness(layout, context, settings.engine)
    if downloads and state_of(settings.engine).ready and sketch_stands_in(settings):
        downloads.draw_model(layout, context, getattr(settings, settings.engine).model)


def draw_choice(layout: bpy.types.UILayout, settings: Any, engine: str) -> None:
    """Picture, name and state of one engine."""
    row = layout.row(align=True)
    row.template_icon(engine_icon(engine), scale=HEIGHT)
    split = row.split(factor=0.5)
    split.scale_y = HEIGHT
    split.prop_enum(settings, "engine", engine)
    beside = split.row()
    beside.active = settings.engine == engine
    state = state_of(engine)
    if engine == settings.engine and state.ready and sketch_stands_in(settings):
        state = SKETCH
    beside.label(text=state.text, icon=state.icon)


def state_of(engine: str) -> EngineState:
    """Whether an engine can run, as it was found a moment ago."""
    now = time.monotonic()
    found = _states.get(engine)
    if found is None or now - found[0] > AGE:
        found = _states[engine] = now, _found(engine)
    return found[1]


def _found(engine: str) -> EngineState:
    try:
        if engine not in ENGINES or readiness is None or readiness.lacking(engine) is None:
            return READY
    except MotionBridgeError:
        return EngineState("No Python", "ERROR", False)
    if install_commands.impossible(install_commands.this_machine()):
        return IMPOSSIBLE
    if installation is None or installation.python():
        return EngineState("Incomplete", "ERROR", False)
    if downloads and downloads.task and downloads.task.running:
        return EngineState("Installing", "SORTTIME", False)
    return EngineState(f"Install {installation.gigabytes():.0f} GB", "IMPORT", False)
