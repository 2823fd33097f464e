"""Sequencers that are opened later show the takes, too: since 5.0 a new workspace has no scene for its Sequencer."""

from typing import Any

import bpy

from .. import compat
from . import editors


def register() -> None:
    if compat.WORKSPACES_CHOOSE:
        bpy.types.SEQUENCER_HT_header.append(_look)  # type: ignore[arg-type]  # it takes the header, too


def unregister() -> None:
    if compat.WORKSPACES_CHOOSE:
        bpy.types.SEQUENCER_HT_header.remove(_look)  # type: ignore[arg-type]
    if bpy.app.timers.is_registered(_give):
        bpy.app.timers.unregister(_give)


def _look(header: Any, context: Any) -> None:
    """Drawn with every Sequencer; nothing may be changed meanwhile, so a timer does it right afterwards."""
    if context.workspace.sequencer_scene is None and not bpy.app.timers.is_registered(_give):
        bpy.app.timers.register(_give, first_interval=0)


def _give() -> None:
    editors.show_strips()
