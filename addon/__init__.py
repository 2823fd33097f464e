"""Motion Bridge inside Blender."""

from . import command, settings, ui
from .job.window import window


def register() -> None:
    settings.register()
    ui.register()
    command.register()


def unregister() -> None:
    window.close()
    command.unregister()
    ui.unregister()
    settings.unregister()
