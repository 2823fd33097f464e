"""What the buttons do; each calls a function that a script could call too."""

from collections.abc import Callable
from typing import Any

import bpy

from ...backend.motion_bridge.errors import Cancelled, MotionBridgeError
from .. import take
from ..live.session import current
from ..properties import settings_of
from ..render import queue
from ..render.manager import window
from ..render.request import last_take, new_take
from ..viewer import movie, sequencer_area
from .stand_in import sketch_stands_in


def attempt(operator: bpy.types.Operator, action: Callable[[], None]) -> set[str]:
    """Do it; what goes wrong becomes the operator's report."""
    try:
        action()
    except Cancelled as fault:
        operator.report({"WARNING"}, str(fault))
        return {"CANCELLED"}
    except MotionBridgeError as fault:
        operator.report({"ERROR"}, str(fault))
        return {"CANCELLED"}
    return {"FINISHED"}


class Idle:
    """Poll of the buttons that wait until whatever is under way has ended."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        reason = _under_way()
        if reason:
            cls.poll_message_set(reason)  # type: ignore[attr-defined]
        return not reason


def _under_way() -> str:
    """What other work waits for; empty where nothing is under way. A queue is, between its takes, too."""
    if current() is not None:
        return "A live session is open; keep or drop it first"
    if queue.running():
        return "The queue is running; cancel it first"
    return "A take is being made; wait, or press Esc" if window.running else ""


class MOTION_BRIDGE_OT_render(Idle, bpy.types.Operator):
    """Generate the frames of the scene's range into a new take. From a script it returns when they are made"""

    bl_idname = "motion_bridge.render"
    bl_label = "Render"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if bpy.app.background:
            return self.execute(context)
        if sketch_stands_in(settings_of(context.scene)):
            operators: Any = bpy.ops
            return operators.motion_bridge.render_sketch("INVOKE_DEFAULT")
        return _begun(self, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        return attempt(self, lambda: window.run(context, new_take(context.scene)))


class MOTION_BRIDGE_OT_render_sketch(Idle, bpy.types.Operator):
    """Generate with the built-in sketch, which shows motion only, because no image model is here"""

    bl_idname = "motion_bridge.render_sketch"
    bl_label = "No Image Model Is Here"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return set(context.window_manager.invoke_props_dialog(self, width=400, confirm_text="Render the Sketch"))

    def draw(self, context: bpy.types.Context) -> None:
        for line in (
            "The built-in sketch would paint instead. It shows motion only:",
            "few things, up to 256 pixels, no pictures to keep.",
            "The panel has the button that gets a real model.",
        ):
            self.layout.label(text=line)

    def execute(self, context: bpy.types.Context) -> set[str]:
        return _begun(self, context)


def _begun(operator: bpy.types.Operator, context: bpy.types.Context) -> set[str]:
    """Begin a new take, and have a Sequencer for it."""
    begun = attempt(operator, lambda: window.begin(context, new_take(context.scene)))
    if begun == {"FINISHED"}:
        sequencer_area.make_soon(context.window)
    return begun


class MOTION_BRIDGE_OT_resume(Idle, bpy.types.Operator):
    """Make the frames that the last take still lacks, from the scene as it was when that take was begun"""

    bl_idname = "motion_bridge.resume"
    bl_label = "Resume"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if bpy.app.background:
            return self.execute(context)
        return attempt(self, lambda: window.begin(context, last_take(context.scene)))

    def execute(self, context: bpy.types.Context) -> set[str]:
        return attempt(self, lambda: window.run(context, last_take(context.scene)))


class MOTION_BRIDGE_OT_cancel(bpy.types.Operator):
    """Stop the running job; the frames that are finished stay (Esc)"""

    bl_idname = "motion_bridge.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if current() is not None:
            return False  # a session has keys of its own
        return window.running and not (context.screen and context.screen.is_animation_playing)

    def execute(self, context: bpy.types.Context) -> set[str]:
        window.cancel()
        return {"FINISHED"}


class MOTION_BRIDGE_OT_movie(Idle, bpy.types.Operator):
    """Write the last take as an H.264 movie beside its folder"""

    bl_idname = "motion_bridge.movie"
    bl_label = "Make Movie"

    def execute(self, context: bpy.types.Context) -> set[str]:
        return attempt(self, lambda: self._write(context.scene))

    def _write(self, scene: bpy.types.Scene) -> None:
        made = take.last(take.output_folder(settings_of(scene).output))
        path = movie.write(made, made.folder.with_suffix(".mp4"))
        self.report({"INFO"}, f"Saved {path}")


class MOTION_BRIDGE_OT_open_folder(bpy.types.Operator):
    """Show the takes in the system's file browser"""

    bl_idname = "motion_bridge.open_folder"
    bl_label = "Open Folder"

    def execute(self, context: bpy.types.Context) -> set[str]:
        return attempt(self, lambda: self._open(context.scene))

    def _open(self, scene: bpy.types.Scene) -> None:
        folder = take.output_folder(settings_of(scene).output)
        bpy.ops.wm.path_open(filepath=str(take.last(folder).folder))


CLASSES = (
    MOTION_BRIDGE_OT_render,
    MOTION_BRIDGE_OT_render_sketch,
    MOTION_BRIDGE_OT_resume,
    MOTION_BRIDGE_OT_cancel,
    MOTION_BRIDGE_OT_movie,
    MOTION_BRIDGE_OT_open_folder,
)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
