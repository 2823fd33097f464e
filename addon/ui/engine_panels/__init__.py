"""What each engine is told beside the scene: one file an engine, under the engine's name.

Such a file has `register` and `unregister`, which `engine_panel` makes of a panel, of the properties that the scene
keeps for the engine, and of what they say. An engine without a file runs by its defaults.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import bpy

from ....backend.motion_bridge.engines.base import ENGINES
from ... import properties
from ..look import DrawLook, looks
from ..panels import EXPERT, EnginePanel, in_each_editor

Step = Callable[[], None]


def engine_panel(
    panel: type[EnginePanel],
    read: properties.Read,
    groups: Sequence[type] = (),
    more: Sequence[type] = (),
    schedules: properties.ReadSchedules | None = None,
    look: DrawLook | None = None,
) -> tuple[Step, Step]:
    """What registers an engine's panel, and what unregisters it.

    read: what the panel says, of the scene's settings. groups: property groups; the last one is
    `scene.motion_bridge.<engine>`. more: operators and menus that the panel shows. schedules: those that Blender
    animates, at the frames of a job. look: draws a few sliders for what its pictures look like.
    """
    register_classes, unregister_classes = bpy.utils.register_classes_factory((*more, *in_each_editor(panel, EXPERT)))

    def register() -> None:
        properties.attach(panel.engine, read, groups, schedules)
        if look:
            looks[panel.engine] = look
        register_classes()

    def unregister() -> None:
        unregister_classes()
        looks.pop(panel.engine, None)
        properties.detach(panel.engine, groups)

    return register, unregister


def files() -> list[ModuleType]:
    """The files of those engines that have one."""
    return [import_module(f".{name}", __package__) for name in ENGINES if find_spec(f".{name}", __package__)]


def register() -> None:
    for file in files():
        file.register()


def unregister() -> None:
    for file in reversed(files()):
        file.unregister()
