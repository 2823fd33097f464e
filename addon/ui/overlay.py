"""What is followed, drawn over the camera's view: where each point is at the current frame, and its way."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader
from numpy.typing import NDArray

from ...backend.motion_bridge.shot import Tracks
from ..exchange.track_preview import Look
from ..viewer.camera_overlay import looks_through_camera, picture_corners
from .working import Working

COLOURS = {  # of the kinds
    "grid": (0.75, 0.75, 0.80),
    "path": (0.25, 0.60, 1.00),
    "live": (0.35, 0.95, 0.35),
    "pinned": (1.00, 0.25, 0.20),
}
SIDE, LINE = 5, 1.5  # pixels of a point, and of the width of a way
HIDDEN, WAY, COMING = 0.25, 0.8, 0.35  # opacity of hidden points, of the ways up to the playhead, and beyond it
GRID_WAY = 6  # frames that the ways of a grid go back: all of them would cover the picture
SQUARE = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])

Array = NDArray[Any]


@dataclass(frozen=True)
class Shown:
    """What was read, and the scene that it was read from."""

    scene: str
    file: str
    frames: tuple[int, ...]
    size: tuple[int, int]  # of the picture, pixels
    tracks: Tracks


class Overlay:
    """The one overlay of this Blender."""

    shown: Shown | None = None
    handle: Any = None


def show(shown: Shown) -> None:
    """Draw this from now on, in place of what was drawn before."""
    Overlay.shown = shown
    if Overlay.handle is None:
        Overlay.handle = bpy.types.SpaceView3D.draw_handler_add(draw, (), "WINDOW", "POST_PIXEL")
    redraw_views()


def hide() -> None:
    """Draw nothing any more."""
    if Overlay.handle is not None:
        bpy.types.SpaceView3D.draw_handler_remove(Overlay.handle, "WINDOW")
    Overlay.shown = Overlay.handle = None
    redraw_views()


def redraw_views() -> None:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


def draw() -> None:
    """Draw in the 3D view that is being drawn, if it looks through the camera that was read."""
    context, shown = bpy.context, Overlay.shown
    if shown is None or not looks_through_camera(context):
        return
    if (context.scene.name, bpy.data.filepath) != (shown.scene, shown.file):
        return
    corners = picture_corners(context)
    if corners is None:
        return
    scale = (corners[1] - corners[0]) / shown.size
    at = max(int(np.searchsorted(shown.frames, context.scene.frame_current, side="right")) - 1, 0)
    gpu.state.blend_set("ALPHA")
    segments, colors = ways(shown.tracks, at)
    draw_batch("LINES", corners[0] + segments * scale, colors, None)
    places, colors = points(shown.tracks, at)
    draw_squares(corners[0] + places * scale, colors, SIDE * context.preferences.system.ui_scale)
    gpu.state.blend_set("NONE")


def ways(tracks: Tracks, at: int) -> tuple[Array, Array]:
    """Line segments (n, 2, 2) along the ways in pixels of the picture, where points are seen, and their RGBA (n, 4)."""
    count = tracks.xy.shape[1]
    kinds = np.array(tracks.kind)
    until = np.arange(1, count)
    near = (until > at - GRID_WAY) & (until <= at)
    wanted = tracks.visible[:, 1:] & tracks.visible[:, :-1]
    wanted &= np.where((kinds == "grid")[:, None], near, (kinds != "pinned")[:, None])
    track, frame = np.nonzero(wanted)
    segments = np.stack([tracks.xy[track, frame], tracks.xy[track, frame + 1]], axis=1)
    return segments, colors_of(kinds[track], np.where(frame < at, WAY, COMING))


def points(tracks: Tracks, at: int) -> tuple[Array, Array]:
    """Where the points are at a position of the Shot (n, 2), in pixels of the picture, and their RGBA (n, 4)."""
    return tracks.xy[:, at], colors_of(np.array(tracks.kind), np.where(tracks.visible[:, at], 1.0, HIDDEN))


def colors_of(kinds: Array, opacity: Array) -> Array:
    colors = np.empty((len(kinds), 4), np.float32)
    for kind, colour in COLOURS.items():
        colors[kinds == kind, :3] = colour
    colors[:, 3] = opacity
    return colors


def draw_squares(centers: Array, colors: Array, side: float | Array) -> None:
    """Draw squares around places (n, 2) of the region, each in a color (n, 4). side: of all, or (n,); pixels."""
    squares = centers[:, None] + SQUARE * np.reshape(side, (-1, 1, 1))
    first = np.arange(len(squares), dtype=np.int32)[:, None, None] * 4
    draw_batch("TRIS", squares, colors, (first + np.array([(0, 1, 2), (0, 2, 3)], np.int32)).reshape(-1, 3))


def draw_batch(kind: Any, corners: Array, colors: Array, triangles: Any) -> None:
    """Draw lines or triangles whose corners (n, m, 2) are in pixels of the region, each group in a colour (n, 4).

    kind: LINES or TRIS. triangles: (k, 3) corners, counted over all groups; None for lines.
    """
    if not len(corners):
        return
    each = corners.shape[1]
    flat = np.zeros((len(corners) * each, 3), np.float32)
    flat[:, :2] = corners.reshape(-1, 2)
    if kind == "LINES":
        shader = gpu.shader.from_builtin("POLYLINE_SMOOTH_COLOR")
        shader.uniform_float("viewportSize", gpu.state.viewport_get()[2:])
        shader.uniform_float("lineWidth", LINE * bpy.context.preferences.system.ui_scale)
    else:
        shader = gpu.shader.from_builtin("SMOOTH_COLOR")
    content = {"pos": flat, "color": np.ascontiguousarray(colors.repeat(each, axis=0))}
    batch_for_shader(shader, kind, content, indices=triangles).draw(shader)


class MOTION_BRIDGE_OT_show_tracks(Working, bpy.types.Operator):
    """Draw what is followed over the camera view: grid gray, path blue, live green, pinned red; dim: hidden, to come"""

    bl_idname = "motion_bridge.show_tracks"
    bl_label = "Show Tracks"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self._in_window = not bpy.app.background
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        self._scene = context.scene.name
        if context.space_data and context.space_data.type == "VIEW_3D" and context.scene.camera:
            context.space_data.region_3d.view_perspective = "CAMERA"  # type: ignore[attr-defined]
        return self.start(context, lambda: Look(context))

    def done(self, task: Look, files: tuple[Path, ...], sentences: tuple[str, ...]) -> None:
        assert task.tracks
        show(Shown(self._scene, bpy.data.filepath, task.frames, task.size, task.tracks))
        seen = int(task.tracks.visible[:, 0].sum())
        told = f"{len(task.tracks.name)} points are followed, {seen} of them seen at the first frame."
        self.report({"INFO"}, " ".join((told, *sentences)))


class MOTION_BRIDGE_OT_hide_tracks(bpy.types.Operator):
    """Draw them no longer"""

    bl_idname = "motion_bridge.hide_tracks"
    bl_label = "Hide Tracks"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return Overlay.shown is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        hide()
        return {"FINISHED"}


_register, _unregister = bpy.utils.register_classes_factory(
    (MOTION_BRIDGE_OT_show_tracks, MOTION_BRIDGE_OT_hide_tracks)
)


def register() -> None:
    _register()


def unregister() -> None:
    hide()
    _unregister()
