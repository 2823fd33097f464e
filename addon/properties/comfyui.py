"""The settings of the ComfyUI engine: the workflow with the scene, the server with the person's preferences.

So a .blend file from somebody else cannot send pictures to a server of its choice.
"""

from typing import Any

import bpy
from bpy.props import BoolProperty, StringProperty

from ...backend.motion_bridge.engines.comfyui.settings import SETTINGS
from ..compat import BLEND_RELATIVE
from ..names import PACKAGE
from ..paths import absolute
from .from_schema import property_of

PLAIN = ("chunk", "overlap", "frame_step", "multiple", "holes")


class MotionBridgeComfyUI(bpy.types.PropertyGroup):
    """As `scene.motion_bridge.comfyui`."""

    workflow: StringProperty(
        name=SETTINGS["workflow"].label,
        description=SETTINGS["workflow"].help,
        subtype="FILE_PATH",
        options=BLEND_RELATIVE,
    )
    chunk: property_of(SETTINGS["chunk"])
    overlap: property_of(SETTINGS["overlap"])
    frame_step: property_of(SETTINGS["frame_step"])
    multiple: property_of(SETTINGS["multiple"])
    holes: property_of(SETTINGS["holes"])

    def engine_settings(self) -> dict[str, Any]:
        """By the names that the engine knows."""
        server = server_preferences()
        found = {name: getattr(self, name) for name in PLAIN}
        return found | {
            "workflow": str(absolute(self.workflow)) if self.workflow else "",
            "server": server.address,
            "allow_remote": server.allow_remote,
        }


class MotionBridgeComfyUIServer(bpy.types.PropertyGroup):
    """As `comfyui` of the extension's preferences."""

    def _forget(self, context: bpy.types.Context) -> None:
        self["allow_remote"] = False  # it was allowed for another address

    address: StringProperty(
        name="ComfyUI Server",
        description=SETTINGS["server"].help,
        default=SETTINGS["server"].default,
        update=_forget,
    )
    allow_remote: BoolProperty(name=SETTINGS["allow_remote"].label, description=SETTINGS["allow_remote"].help)


def server_preferences() -> Any:
    """The server's part of the preferences."""
    return bpy.context.preferences.addons[PACKAGE].preferences.comfyui  # type: ignore[union-attr]
