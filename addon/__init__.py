"""Motion Bridge inside Blender."""

from . import properties, ui
from .cli import command
from .render.manager import window


def register() -> None:
    properties.register()
    ui.register()
    command.register()


def unregister() -> None:
    window.close()
    command.unregister()
    ui.unregister()
    properties.unregister()
