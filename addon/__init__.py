"""Motion Bridge inside Blender."""

from . import command, ui
from .job.window import window


def register() -> None:
    ui.register()
    command.register()


def unregister() -> None:
    window.close()
    command.unregister()
    ui.unregister()
