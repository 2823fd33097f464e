"""Motion Bridge inside Blender."""

from . import properties, ui
from .cli import command
from .render.manager import window
from .viewer import sequencer_watch


def register() -> None:
    properties.register()
    ui.register()
    command.register()
    sequencer_watch.register()


def unregister() -> None:
    window.close()
    sequencer_watch.unregister()
    command.unregister()
    ui.unregister()
    properties.unregister()
