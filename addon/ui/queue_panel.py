"""Several cameras, seeds and engines in a row."""

from typing import Any

import bpy
from bpy.props import EnumProperty, IntProperty

from ..properties import settings_of
from ..render import queue
from ..render.again import LARGEST_SEED
from .operators import Idle, attempt
from .panels import Sidebar, engine_label, in_each_editor, listens

ROWS = 3


class MOTION_BRIDGE_UL_queue(bpy.types.UIList):
    """State, camera, engine and seed of each."""

    def draw_item(self, context, layout, data, item, icon, active_data, active_property, index=0, flt_flag=0) -> None:
        states = item.bl_rna.properties["state"].enum_items
        row = layout.row(align=True)
        camera = item.camera.name if item.camera else "Scene camera"
        row.label(text=camera, icon=states[item.state].icon, translate=item.camera is None)
        beside = row.row()
        beside.alignment = "RIGHT"
        beside.active = False
        seed = f", {item.seed}" if listens(item.engine, "seed") else ""
        beside.label(text=f"{engine_label(item.engine)}{seed}", translate=False)


class NotRunning:
    """Poll of what changes the queue."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("The queue is running; cancel it first")  # type: ignore[attr-defined]
        return not queue.running()


class MOTION_BRIDGE_OT_queue_add(NotRunning, bpy.types.Operator):
    """Put takes in the queue: through the scene's camera or each selected one, with the engine and seed of the panel"""

    bl_idname = "motion_bridge.queue_add"
    bl_label = "Add to Queue"
    bl_options = {"REGISTER", "UNDO"}

    cameras: EnumProperty(
        name="Cameras",
        items=[
            ("SCENE", "Scene's", "The camera that the scene has"),
            ("SELECTED", "Selected", "Each camera that is selected"),
            ("ALL", "All", "Each camera of the scene"),
        ],
    )
    seeds: IntProperty(name="Seeds", description="Takes per camera, with consecutive seeds", default=1, min=1, max=100)

    def execute(self, context: bpy.types.Context) -> set[str]:
        scene = context.scene
        settings: Any = settings_of(scene)
        found = {
            "SCENE": [scene.camera],
            "SELECTED": [thing for thing in context.selected_objects if thing.type == "CAMERA"],
            "ALL": [thing for thing in scene.objects if thing.type == "CAMERA"],
        }[self.cameras]
        if not found or None in found:
            self.report({"WARNING"}, "There is no such camera; add one, or select cameras.")
            return {"CANCELLED"}
        for camera in found:
            for more in range(self.seeds):
                entry = settings.queue.add()
                entry.camera, entry.engine, entry.seed = (
                    camera,
                    settings.engine,
                    (settings.seed + more) % (LARGEST_SEED + 1),
                )
        settings.active_queue = len(settings.queue) - 1
        return {"FINISHED"}


class MOTION_BRIDGE_OT_queue_remove(NotRunning, bpy.types.Operator):
    """Take the chosen entry out of the queue; its take, if there is one, stays"""

    bl_idname = "motion_bridge.queue_remove"
    bl_label = "Remove from Queue"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings: Any = settings_of(context.scene)
        settings.queue.remove(settings.active_queue)
        settings.active_queue = max(min(settings.active_queue, len(settings.queue) - 1), 0)
        return {"FINISHED"}


class MOTION_BRIDGE_OT_queue_move(NotRunning, bpy.types.Operator):
    """Make the chosen entry earlier or later"""

    bl_idname = "motion_bridge.queue_move"
    bl_label = "Move in Queue"
    bl_options = {"REGISTER", "UNDO"}

    by: IntProperty(default=-1, options={"HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings: Any = settings_of(context.scene)
        target = settings.active_queue + self.by
        if not 0 <= target < len(settings.queue):
            return {"CANCELLED"}
        settings.queue.move(settings.active_queue, target)
        settings.active_queue = target
        return {"FINISHED"}


class MOTION_BRIDGE_OT_queue_run(Idle, bpy.types.Operator):
    """Make the takes of the queue one after the other; those that are done are left out"""

    bl_idname = "motion_bridge.queue_run"
    bl_label = "Render Queue"

    def execute(self, context: bpy.types.Context) -> set[str]:
        return attempt(self, lambda: queue.begin(context))


class MOTION_BRIDGE_OT_queue_cancel(bpy.types.Operator):
    """Cancel the current take, keep its frames, and stop the queue"""

    bl_idname = "motion_bridge.queue_cancel"
    bl_label = "Cancel Queue"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return queue.running()

    def execute(self, context: bpy.types.Context) -> set[str]:
        queue.cancel()
        return {"FINISHED"}


class QueuePanel(Sidebar):
    """Closed until somebody wants more than one take."""

    bl_label = "Queue"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        settings: Any = settings_of(context.scene)
        row = layout.row()
        row.template_list("MOTION_BRIDGE_UL_queue", "", settings, "queue", settings, "active_queue", rows=ROWS)
        side = row.column(align=True)
        side.operator("motion_bridge.queue_add", text="", icon="ADD").cameras = "SCENE"
        side.operator("motion_bridge.queue_add", text="", icon="OUTLINER_OB_CAMERA").cameras = "ALL"
        side.operator("motion_bridge.queue_remove", text="", icon="REMOVE")
        side.operator("motion_bridge.queue_move", text="", icon="TRIA_UP").by = -1
        side.operator("motion_bridge.queue_move", text="", icon="TRIA_DOWN").by = 1
        if 0 <= settings.active_queue < len(settings.queue):
            draw_entry(layout, settings.queue[settings.active_queue])
        if queue.running():
            layout.operator("motion_bridge.queue_cancel", icon="CANCEL")
        else:
            layout.operator("motion_bridge.queue_run", icon="RENDER_ANIMATION")


def draw_entry(layout: Any, entry: Any) -> None:
    """What is said of one entry."""
    column = layout.column(align=True)
    column.enabled = not queue.running()
    column.prop(entry, "camera", text="")
    if listens(entry.engine, "seed"):
        column.prop(entry, "seed")
    if entry.outcome:
        column.label(text=entry.outcome, icon=entry.bl_rna.properties["state"].enum_items[entry.state].icon)


def in_render_menu(menu: Any, context: bpy.types.Context) -> None:
    """The Render menu's entries."""
    layout = menu.layout
    layout.separator()
    layout.operator_context = "INVOKE_DEFAULT"
    layout.operator("motion_bridge.render", text="Motion Bridge Take", icon="RENDER_ANIMATION")
    layout.operator("motion_bridge.queue_run", text="Motion Bridge Queue")


CLASSES = (
    MOTION_BRIDGE_UL_queue,
    MOTION_BRIDGE_OT_queue_add,
    MOTION_BRIDGE_OT_queue_remove,
    MOTION_BRIDGE_OT_queue_move,
    MOTION_BRIDGE_OT_queue_run,
    MOTION_BRIDGE_OT_queue_cancel,
    *in_each_editor(QueuePanel),
)


def register() -> None:
    queue.register()
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.TOPBAR_MT_render.append(in_render_menu)  # type: ignore[arg-type]  # it gets the menu, too


def unregister() -> None:
    bpy.types.TOPBAR_MT_render.remove(in_render_menu)  # type: ignore[arg-type]
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
    queue.unregister()
