"""The Live button, what can be done with a session, and its keys.

The keys act only over the camera's view: a modal operator would hold back Blender's automatic
saving, and would take keys from every other editor.
"""

from typing import Any

import bpy

from ...backend.motion_bridge.engines import base as engines
from ..live import session as live
from ..live.session import LiveState
from ..properties import settings_of
from ..render.manager import window
from ..render.request import LIVE
from .operators import Idle, attempt
from .text import draw_wrapped


class Session:
    """Poll of what needs an open session."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return live.current() is not None


class MOTION_BRIDGE_OT_live(Idle, bpy.types.Operator):
    """Stream while the scene is changed: move the camera, drag live objects and points, type prompts"""

    bl_idname = "motion_bridge.live"
    bl_label = "Live"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not super().poll(context) or live.current() is not None:
            return False
        if not can_be_directed(context.scene):
            cls.poll_message_set("This engine takes no changes while it runs; choose Reproject or MotionStream")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        def begin() -> None:
            live.begin(context)
            if context.space_data and context.space_data.type == "VIEW_3D" and context.scene.camera:
                context.space_data.region_3d.view_perspective = "CAMERA"  # type: ignore[attr-defined]

        return attempt(self, begin)


class MOTION_BRIDGE_OT_live_pause(Session, bpy.types.Operator):
    """Pause generating (Space over the camera's view)"""

    bl_idname = "motion_bridge.live_pause"
    bl_label = "Pause"

    def execute(self, context: bpy.types.Context) -> set[str]:
        session = live.current()
        assert session
        session.toggle_pause()
        return {"FINISHED"}


class MOTION_BRIDGE_OT_live_keep(Session, bpy.types.Operator):
    """End the session and keep it: its frames as a take, its motion as keyframes (Enter over the camera's view)"""

    bl_idname = "motion_bridge.live_keep"
    bl_label = "Keep"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        session = live.current()
        if session is not None and session.used_frames < 0:
            cls.poll_message_set("Nothing was generated yet")
            return False
        return session is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        session = live.current()
        assert session
        for sentence in session.keep():
            self.report({"INFO"}, sentence)
        return {"FINISHED"}


class MOTION_BRIDGE_OT_live_drop(Session, bpy.types.Operator):
    """End the session and move what it made to the system's trash (Esc over the camera's view)"""

    bl_idname = "motion_bridge.live_drop"
    bl_label = "Drop"

    def execute(self, context: bpy.types.Context) -> set[str]:
        session = live.current()
        assert session
        session.drop()
        return {"FINISHED"}


class MOTION_BRIDGE_OT_live_key(bpy.types.Operator):
    """A key of the session, over the camera's view"""

    bl_idname = "motion_bridge.live_key"
    bl_label = "Live Session"
    bl_options = {"INTERNAL"}

    do: bpy.props.EnumProperty(
        items=[("pause", "Pause or Continue", ""), ("keep", "Keep", ""), ("drop", "Drop", "")], options={"SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        region: Any = context.region_data
        in_view = region is not None and context.region is not None and context.region.type == "WINDOW"
        return live.current() is not None and in_view and region.view_perspective == "CAMERA"

    def execute(self, context: bpy.types.Context) -> set[str]:
        operators: Any = bpy.ops
        operator = getattr(operators.motion_bridge, f"live_{self.do}")
        if not operator.poll():
            return {"PASS_THROUGH"}
        operator("EXEC_DEFAULT", True)  # with an undo step where it has one
        return {"FINISHED"}


def draw_live_button(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The button beside Render; while a session is open, how it goes and what can be done with it."""
    session = live.current()
    if session is None:
        layout.operator("motion_bridge.live", icon="REC")
        return
    column = layout.column(align=True)
    column.label(text=session.summary, icon="PAUSE" if session.paused else "REC")
    if session.sentence:
        draw_wrapped(column, session.sentence, context, icon="INFO")
    row = column.row(align=True)
    row.scale_y = 1.4
    if session.state in (LiveState.RUNNING, LiveState.PAUSED):
        row.operator("motion_bridge.live_pause", text="Continue" if session.paused else "Pause")
    row.operator("motion_bridge.live_keep", icon="CHECKMARK")
    row.operator("motion_bridge.live_drop", icon="TRASH")


def prompt_sentence(scene: bpy.types.Scene) -> str:
    """What becomes of prompts that are typed while a job runs; empty while none does."""
    job = window.session.job if window.session and window.running else None
    if job is None:
        return ""
    if "prompts" in engines.find(job.engine).accepts:
        return "Prompts that are typed now take effect with the next chunk."
    label = engines.find(job.engine).label or job.engine
    return f"{label} ignores prompts while it runs; what is typed now is for the next Render."


def can_be_directed(scene: bpy.types.Scene) -> bool:
    """Whether the scene's engine takes changes of the scene while it runs."""
    name = settings_of(scene).engine
    there = engines.loadable()
    return name in there and bool(there[name].accepts & LIVE)


KEYS = (  # keymap, its editor, key, what it does; a region asks "Frames", where Space plays, before "3D View"
    ("Frames", "EMPTY", "SPACE", "pause"),
    ("3D View", "VIEW_3D", "RET", "keep"),
    ("3D View", "VIEW_3D", "NUMPAD_ENTER", "keep"),
    ("3D View", "VIEW_3D", "ESC", "drop"),
)
_items: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []

CLASSES = (
    MOTION_BRIDGE_OT_live,
    MOTION_BRIDGE_OT_live_pause,
    MOTION_BRIDGE_OT_live_keep,
    MOTION_BRIDGE_OT_live_drop,
    MOTION_BRIDGE_OT_live_key,
)

_register, _unregister = bpy.utils.register_classes_factory(CLASSES)


def register() -> None:
    _register()
    configuration = bpy.context.window_manager.keyconfigs.addon
    if configuration is None:  # Blender runs without a window
        return
    for name, editor, key, do in KEYS:
        keymaps: Any = configuration.keymaps
        keymap = keymaps.new(name, space_type=editor)
        item = keymap.keymap_items.new("motion_bridge.live_key", key, "PRESS")
        item.properties.do = do
        _items.append((keymap, item))


def unregister() -> None:
    live.close()
    for keymap, item in _items:
        keymap.keymap_items.remove(item)
    _items.clear()
    _unregister()
