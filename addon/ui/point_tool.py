"""A tool for the points of a live session: grab them in the camera's view, pin, remove and add them.

Blender sends a press before a double click, and a press may be the beginning of nothing. So a press alone changes
nothing: a point is taken once the mouse moves or is held for a moment.
"""

import time
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..live.hands import MOST_ADDED
from ..live.session import LiveSession, current
from ..viewer.camera_overlay import looks_through_camera, picture_corners

REACH = 12.0  # pixels from a point, at an interface scale of 1
STILL = 3.0  # pixels that a mouse moves by accident, at the same scale
HOLD = 0.25  # seconds after which a press without motion takes the point
PULSE = 0.05  # seconds between two looks at a mouse that does not move
NAVIGATION = frozenset({"MIDDLEMOUSE", "WHEELUPMOUSE", "WHEELDOWNMOUSE", "TRACKPADPAN", "TRACKPADZOOM", "MOUSEROTATE"})

Array = NDArray[np.float64]


class Frame:
    """The camera's frame in a region, and the pixels of the picture in it."""

    def __init__(self, corners: Array, size: tuple[int, int], scale: float):
        """corners: (2, 2) top left and bottom right in the region. size: of the picture. scale: the interface's."""
        self.corners = corners
        self.scale = scale
        self._per_pixel = (corners[1] - corners[0]) / size

    def to_picture(self, x: float, y: float) -> Array:
        """A place of the region in pixels of the picture: (2,)."""
        return (np.array([x, y]) - self.corners[0]) / self._per_pixel

    def to_region(self, places: Array) -> Array:
        """Places (…, 2) in pixels of the picture, in pixels of the region."""
        return self.corners[0] + places * self._per_pixel

    def holds(self, x: float, y: float) -> bool:
        """Whether a place of the region is within the frame."""
        (left, top), (right, bottom) = self.corners
        return bool(left <= x <= right and bottom <= y <= top)

    def hit(self, points: Array, x: float, y: float) -> int | None:
        """The nearest of the points (n, 2), in pixels of the picture, within reach of a place of the region."""
        if not len(points):
            return None
        away = np.linalg.norm(self.to_region(points) - (x, y), axis=1)
        away[np.isnan(away)] = np.inf  # removed, or behind the camera
        nearest = int(np.argmin(away))
        return nearest if away[nearest] <= REACH * self.scale else None


def frame_of(context: bpy.types.Context, session: LiveSession) -> Frame | None:
    """The camera's frame in the region under the mouse; None where it does not look through the session's camera."""
    if context.scene.name != session.scene_name or context.region is None or context.region.type != "WINDOW":
        return None
    if not looks_through_camera(context):
        return None
    corners = picture_corners(context)
    return corners if corners is None else Frame(corners, session.size, context.preferences.system.ui_scale)


class PointOperator:
    """What the tool's operators have in common: a point under the mouse is acted on, else the click goes nowhere.

    Beside the frame it goes on to Blender; within it a miss must not deselect everything.
    """

    bl_options = {"INTERNAL"}  # Blender's

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        session = current()
        frame = frame_of(context, session) if session else None
        x, y = event.mouse_region_x, event.mouse_region_y
        if session is None or not session.ready or frame is None or not frame.holds(x, y):
            return {"PASS_THROUGH"}
        return self.act(context, session, frame.hit(session.points, x, y), frame.to_picture(x, y), event)

    def act(self, context: Any, session: LiveSession, point: int | None, place: Array, event: Any) -> set[str]:
        """point: the one under the mouse. place: of the mouse, in pixels of the picture."""
        raise NotImplementedError


class MOTION_BRIDGE_OT_grab_point(PointOperator, bpy.types.Operator):
    """Take a point of the live session and drag it; it follows the scene again once it is let go"""

    bl_idname = "motion_bridge.grab_point"
    bl_label = "Grab Point"

    def act(self, context: Any, session: LiveSession, point: int | None, place: Array, event: Any) -> set[str]:
        if point is None:
            return {"FINISHED"}
        self._session, self._point, self._begun = session, point, time.monotonic()
        self._offset = session.points[point] - place  # so that it does not jump under the mouse
        self._pressed = (event.mouse_x, event.mouse_y)
        self._taken = False
        self._timer = context.window_manager.event_timer_add(PULSE, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        frame = frame_of(context, self._session) if current() is self._session else None
        if frame is None:  # the session has ended, or the view has left the camera
            return self._leave(context)
        if event.type in ("MOUSEMOVE", "TIMER"):
            moved = np.hypot(event.mouse_x - self._pressed[0], event.mouse_y - self._pressed[1])
            late = time.monotonic() - self._begun >= HOLD
            if self._taken or moved >= STILL * frame.scale or late:
                self._taken = True
                place = frame.to_picture(event.mouse_region_x, event.mouse_region_y) + self._offset
                self._session.drag(self._point, *place)
                context.area.tag_redraw()
        elif event.type in ("LEFTMOUSE", "ESC", "RIGHTMOUSE") and event.value in ("RELEASE", "PRESS"):
            return self._leave(context)
        elif event.type in NAVIGATION:
            return {"PASS_THROUGH"}
        return {"RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends it: another file is loaded, or the window is closed."""
        self._leave(context)

    def _leave(self, context: bpy.types.Context) -> set[str]:
        context.window_manager.event_timer_remove(self._timer)
        if self._taken and current() is self._session:
            self._session.release(self._point)
        if context.area:
            context.area.tag_redraw()
        return {"FINISHED"}


class MOTION_BRIDGE_OT_pin_point(PointOperator, bpy.types.Operator):
    """Hold the point under the mouse still where it is; a pinned one is let go"""

    bl_idname = "motion_bridge.pin_point"
    bl_label = "Pin Point"

    def act(self, context: Any, session: LiveSession, point: int | None, place: Array, event: Any) -> set[str]:
        if point is not None:
            (session.release if session.kinds[point] == "pinned" else session.pin)(point)
            context.area.tag_redraw()
        return {"FINISHED"}


class MOTION_BRIDGE_OT_remove_point(PointOperator, bpy.types.Operator):
    """Remove the point under the mouse from the live session"""

    bl_idname = "motion_bridge.remove_point"
    bl_label = "Remove Point"

    def act(self, context: Any, session: LiveSession, point: int | None, place: Array, event: Any) -> set[str]:
        if point is not None:
            session.remove(point)
            context.area.tag_redraw()
        return {"FINISHED"}


class MOTION_BRIDGE_OT_add_point(PointOperator, bpy.types.Operator):
    """Put a new point under the mouse; it stays there until it is dragged"""

    bl_idname = "motion_bridge.add_point"
    bl_label = "Add Point"

    def act(self, context: Any, session: LiveSession, point: int | None, place: Array, event: Any) -> set[str]:
        if point is None:
            if session.add(*place) < 0:
                self.report({"WARNING"}, f"A session can have at most {MOST_ADDED:,} added points; remove some first.")
            context.area.tag_redraw()
        return {"FINISHED"}


KEYS = (
    ("motion_bridge.grab_point", {"type": "LEFTMOUSE", "value": "PRESS"}, None),
    ("motion_bridge.pin_point", {"type": "LEFTMOUSE", "value": "PRESS", "shift": True}, None),
    ("motion_bridge.add_point", {"type": "LEFTMOUSE", "value": "DOUBLE_CLICK"}, None),
    ("motion_bridge.remove_point", {"type": "X", "value": "PRESS"}, None),
)


class PointTool:
    """The tool, once for each mode that people work in."""

    bl_space_type = "VIEW_3D"
    bl_label = "Motion Points"
    bl_description = (
        "Direct the points of a live session in the camera's view.\n"
        "Drag: grab. Shift-click: pin. Double-click: new point. X: remove"
    )
    bl_icon = "ops.transform.translate"
    bl_widget = None
    bl_keymap = KEYS

    @staticmethod
    def draw_settings(context: bpy.types.Context, layout: bpy.types.UILayout, tool: Any) -> None:
        if current() is None:
            layout.label(text="Press Live in the Motion Bridge tab, then drag points here", icon="INFO")
        else:
            layout.label(text="Drag: grab    Shift: pin    Double-click: new    X: remove")


MODES = {"OBJECT": "points", "EDIT_MESH": "points_edit", "POSE": "points_pose"}
TOOLS = [
    type(
        f"MOTION_BRIDGE_TOOL_{name}",
        (PointTool, bpy.types.WorkSpaceTool),
        {"bl_idname": f"motion_bridge.{name}", "bl_context_mode": mode},
    )
    for mode, name in MODES.items()
]

_register, _unregister = bpy.utils.register_classes_factory(
    (
        MOTION_BRIDGE_OT_grab_point,
        MOTION_BRIDGE_OT_pin_point,
        MOTION_BRIDGE_OT_remove_point,
        MOTION_BRIDGE_OT_add_point,
    )
)


def register() -> None:
    _register()
    for tool in TOOLS:
        bpy.utils.register_tool(tool, separator=True)


def unregister() -> None:
    for tool in reversed(TOOLS):
        bpy.utils.unregister_tool(tool)
    _unregister()
