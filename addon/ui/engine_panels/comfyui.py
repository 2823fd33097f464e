"""What the ComfyUI engine is told beside the scene, and the one question whether another machine may be sent to."""

from typing import Any

import bpy

from ....backend.motion_bridge.engines.comfyui.address import host_of, is_loopback
from ....backend.motion_bridge.errors import BadInput
from ....backend.motion_bridge.shot import GenerationSettings
from ...properties.comfyui import PLAIN, MotionBridgeComfyUI, MotionBridgeComfyUIServer, server_preferences
from .. import preferences
from ..panels import EnginePanel
from ..text import draw_wrapped
from . import engine_panel


class ComfyUIPanel(EnginePanel):
    """Shown while the engine is ComfyUI."""

    bl_label = "ComfyUI"
    engine = "comfyui"

    def draw_engine(self, layout: bpy.types.UILayout, context: bpy.types.Context, everything: Any) -> None:
        settings = everything.comfyui
        column = layout.column()
        column.prop(settings, "workflow")
        column.prop(everything, "seed")
        column.prop(settings, "chunk")
        if settings.chunk > 1:
            column.prop(settings, "overlap")
        column.prop(settings, "holes")
        draw_server(layout.column(), context)
        header, body = layout.panel("motion_bridge_comfyui_advanced", default_closed=True)
        header.label(text="Advanced")
        if body:
            for name in PLAIN:
                if name not in ("chunk", "overlap", "holes"):
                    body.prop(settings, name)


def draw_server(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The address, and the question when it is another machine's."""
    server = server_preferences()
    layout.prop(server, "address")
    host = remote(server)
    if host and not server.allow_remote:
        draw_wrapped(layout, f"{host} is another machine: pictures of the scene are sent there.", context, icon="ERROR")
        layout.operator("motion_bridge.allow_comfyui", icon="CHECKMARK")


def remote(server: Any) -> str:
    """The machine that the preferences name, where it is not this one."""
    try:
        host = host_of(server.address)
    except BadInput:
        return ""  # Render says what is wrong
    return "" if is_loopback(host) else host


class MOTION_BRIDGE_OT_allow_comfyui(bpy.types.Operator):
    """Send pictures, depth and prompts of the scene to this server, now and later"""

    bl_idname = "motion_bridge.allow_comfyui"
    bl_label = "Allow"

    def execute(self, context: bpy.types.Context) -> set[str]:
        server_preferences().allow_remote = True
        context.preferences.is_dirty = True
        return {"FINISHED"}


_register, _unregister = engine_panel(
    ComfyUIPanel,
    lambda everything: GenerationSettings(settings=everything.comfyui.engine_settings()),  # type: ignore[attr-defined]
    [MotionBridgeComfyUI],
    [MOTION_BRIDGE_OT_allow_comfyui],
)


def register() -> None:
    preferences.attach("comfyui", MotionBridgeComfyUIServer, draw_server)
    _register()


def unregister() -> None:
    _unregister()
    preferences.detach("comfyui", MotionBridgeComfyUIServer)
