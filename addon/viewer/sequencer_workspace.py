"""A workspace with a Sequencer, found or made: Blender's own files have none."""

from pathlib import Path
from typing import Any

import bpy

from ...backend.motion_bridge.errors import BadInput
from .. import compat

NAME = "Video Editing"
TEMPLATE = Path("startup", "bl_app_templates_system", "Video_Editing", "startup.blend")


def open_takes(window: Any, takes: bpy.types.Scene) -> None:
    """Show a takes' scene in a workspace with a Sequencer: the present one, one that is there, or Blender's own.

    BadInput where Blender's template is missing. A workspace is shown when the window is drawn next.
    """
    workspace = find(window.workspace) or _append(window)
    window.workspace = workspace
    compat.open_in_sequencer(window, workspace, takes)


def find(present: Any) -> Any:
    """A workspace with a Sequencer: the present one if it has one, else one of Blender's name, else any; or None."""
    there = [workspace for workspace in bpy.data.workspaces if _has_sequencer(workspace)]
    there.sort(key=lambda workspace: (workspace != present, workspace.name != NAME))
    return there[0] if there else None


def _has_sequencer(workspace: Any) -> bool:
    return any(area.type == "SEQUENCE_EDITOR" for screen in workspace.screens for area in screen.areas)


def _append(window: Any) -> Any:
    utilities: Any = bpy.utils
    template = Path(utilities.system_resource("SCRIPTS")) / TEMPLATE
    before = set(bpy.data.workspaces)
    try:
        with bpy.context.temp_override(window=window):
            bpy.ops.workspace.append_activate(idname=NAME, filepath=str(template))
    except RuntimeError:
        pass  # what it says is of a file; what helps is said below
    made = [workspace for workspace in bpy.data.workspaces if workspace not in before and _has_sequencer(workspace)]
    if not made:
        raise BadInput(
            f"Blender's workspace {NAME} could not be read from {template}. "
            "Change an editor to the Video Sequencer, then press Open in Sequencer again."
        )
    return made[0]
