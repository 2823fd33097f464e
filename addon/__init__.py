"""Motion Bridge inside Blender."""

from . import properties, ui
from .cli import command
from .render.manager import window
from .viewer import camera_overlay, sequencer_watch, status, takes_in_view


def register() -> None:
    properties.register()
    camera_overlay.register()  # before what is drawn over it
    status.register()
    takes_in_view.register()
    ui.register()
    command.register()
    sequencer_watch.register()


def unregister() -> None:
    window.close()
    sequencer_watch.unregister()
    command.unregister()
    ui.unregister()
    takes_in_view.unregister()
    status.unregister()
    camera_overlay.unregister()
    properties.unregister()
