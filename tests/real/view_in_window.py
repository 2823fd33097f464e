"""Watches a take over the camera's view: … -P view_in_window.py -- REPORT.json TAKES COLORS.png

Nothing else opens while it is made. What the framebuffer holds is saved as arrays beside the report; the times are
those of the product's own functions, without Blender's redraws.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import gpu
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import driving
from driving import drawn, main_window, press, show_our_tab, show_sidebar, view

REPORT, TAKES, COLORS = Path(sys.argv[-3]), Path(sys.argv[-2]), Path(sys.argv[-1])
report: dict = {"ticks": [], "arrivals": [], "draws": [], "status": [], "playheads": []}
os.environ["XDG_DATA_HOME"] = str(REPORT.parent / "data")  # where the trash is
wanted: list[str] = []  # names of framebuffers to be saved when the camera view is drawn next


def steps() -> Iterator[Callable[[], bool]]:
    from bl_ext.user_default.motion_bridge.addon.render import manager
    from bl_ext.user_default.motion_bridge.addon.take import Take
    from bl_ext.user_default.motion_bridge.addon.viewer import camera_overlay, status, takes_in_view

    window = manager.window
    time_ticks(window)
    bpy.types.SpaceView3D.draw_handler_add(look, (camera_overlay,), "WINDOW", "POST_PIXEL")
    scene = bpy.context.scene
    settings: Any = scene.motion_bridge
    settings.output = str(TAKES)
    settings.first_frame, settings.first_frame_path = "FILE", str(COLORS)
    settings.view.follow = True
    scene.view_settings.view_transform = "AgX"
    scene.render.resolution_x, scene.render.resolution_y = 832, 480
    scene.frame_end = 40
    show_sidebar()
    yield drawn(4)
    show_our_tab()
    view().spaces.active.region_3d.view_perspective = "PERSP"
    with bpy.context.temp_override(window=main_window()):
        bpy.ops.wm.save_mainfile()
    report["open_image_before"] = bpy.ops.motion_bridge.open_image.poll()
    yield drawn(2)
    press("render")
    yield lambda: camera_overlay.Overlay.picture is not None and window.session.job.finished >= 3
    report["perspective"] = view().spaces.active.region_3d.view_perspective
    report["image_while_running"] = bpy.data.images.get("Motion Bridge") is not None
    yield drawn(2)
    report["running"] = driving.screenshot(REPORT.parent, "view_running")
    yield lambda: not window.running and not window.step()
    report["error"] = str(window.error)
    report["windows"] = len(bpy.context.window_manager.windows)
    report["editors"] = sorted({area.type for area in main_window().screen.areas})
    report["status_after"] = status.Status.text
    report["frame"] = scene.frame_current
    report["takes_frame"] = settings.takes.frame_current
    report["dirty_images"] = [image.name for image in bpy.data.images if image.is_dirty]
    report["newest"] = bpy.data.images["Motion Bridge"].filepath
    scene.frame_set(40)
    yield lambda: shows(camera_overlay, "frame_0040.png")
    scene.frame_set(1)
    yield lambda: shows(camera_overlay, "frame_0001.png")
    report["scrubbed"] = True
    for name, opacity, wipe in (("whole", 1.0, 1.0), ("half", 0.5, 1.0), ("none", 0.0, 1.0), ("wiped", 1.0, 0.5)):
        settings.view.opacity, settings.view.wipe = opacity, wipe
        wanted.append(name)
        yield drawn(2)
        driving.screenshot(REPORT.parent, f"view_{name}")
    settings.view.wipe = 1.0
    other = TAKES / "take_002"
    shutil.copytree(TAKES / "take_001", other)
    shutil.copy(other / "frame_0040.png", other / "frame_0001.png")
    takes_in_view.show(scene, Take(TAKES / "take_001"), Take(other))
    yield lambda: camera_overlay.Overlay.compared is not None
    report["compared_wipe"] = settings.view.wipe
    wanted.append("compared")
    yield drawn(2)
    driving.screenshot(REPORT.parent, "view_compared")
    view().spaces.active.region_3d.view_perspective = "PERSP"
    settings.view.wipe = 1.0
    wanted.append("elsewhere")
    yield drawn(3)
    yield from live(scene, settings)
    yield from opened(scene, settings)


def opened(scene: Any, settings: Any) -> Iterator[Callable[[], bool]]:
    """The other editors, by their buttons."""
    before = len(bpy.data.workspaces)
    for _ in range(2):
        with bpy.context.temp_override(window=main_window(), scene=scene):
            report["opened"] = list(bpy.ops.motion_bridge.show_takes())
        yield drawn(3)
    report["workspaces_made"] = len(bpy.data.workspaces) - before
    report["workspace"] = main_window().workspace.name
    report["sequencer_scene"] = main_window().workspace.sequencer_scene.name
    report["takes_scene"] = settings.takes.name
    report["window_scene"] = main_window().scene.name == scene.name
    driving.screenshot(REPORT.parent, "view_sequencer")
    for area in main_window().screen.areas:
        if area.type == "PROPERTIES":
            area.ui_type = "IMAGE_EDITOR"
    yield drawn(2)
    with bpy.context.temp_override(window=main_window()):
        report["opened_image"] = list(bpy.ops.motion_bridge.open_image())
    yield drawn(3)
    report["image_editors"] = [
        bool(area.spaces.active.image and area.spaces.active.image.name == "Motion Bridge")
        for area in main_window().screen.areas
        if area.type == "IMAGE_EDITOR"
    ]
    report["windows_in_the_end"] = len(bpy.context.window_manager.windows)
    driving.screenshot(REPORT.parent, "view_image")


def live(scene: Any, settings: Any) -> Iterator[Callable[[], bool]]:
    """A session whose points are grabbed, pinned, removed and added with the mouse."""
    from bl_ext.user_default.motion_bridge.addon.live import session as sessions
    from bl_ext.user_default.motion_bridge.addon.ui import live_overlay
    from bl_ext.user_default.motion_bridge.addon.viewer import camera_overlay, status

    scene.render.resolution_x, scene.render.resolution_y = 416, 240
    settings.grid, settings.first_frame, settings.view.opacity = 4, "RENDER", 1.0
    view().spaces.active.region_3d.view_perspective = "CAMERA"
    area = view()
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=main_window(), area=area, region=region):
        bpy.ops.wm.tool_set_by_id(name="motion_bridge.points")
    report["live"] = list(press("live"))
    session: Any = sessions.current()
    yield lambda: session.used_frames >= 0 and len(session.points) > 0
    report["live_state"] = [session.state.value, session.sentence, len(session.points)]
    corners = camera_corners(camera_overlay, area, region)
    per_pixel = (corners[1] - corners[0]) / session.size

    def at(place: Any) -> tuple[int, int]:
        x, y = np.rint(corners[0] + np.asarray(place) * per_pixel).astype(int)
        return int(region.x + x), int(region.y + y)

    def mouse(kind: str, value: str, place: Any, **held: bool) -> None:
        x, y = at(place)
        main_window().event_simulate(type=kind, value=value, x=x, y=y, **held)

    def inner() -> list[int]:
        """Points well inside the frame, from the middle outward."""
        away = np.linalg.norm(session.points - np.array(session.size) / 2, axis=1)
        return [int(each) for each in np.argsort(away) if away[each] < 90]

    report["live_draws"], report["amber"] = [], 0

    def draw() -> None:
        report["live_draws"].append(seconds_of(live_overlay.draw))
        used_until = session.newest.arrived - session.behind
        report["amber"] = max(report["amber"], int((~live_overlay.Drawn.trail.segments(used_until)[2]).sum()))

    handle = bpy.types.SpaceView3D.draw_handler_add(draw, (), "WINDOW", "POST_PIXEL")
    point = inner()[0]
    first = session.points[point].copy()
    mouse("MOUSEMOVE", "NOTHING", first)
    yield after(1)
    mouse("LEFTMOUSE", "PRESS", first)
    for step in range(1, 9):
        mouse("MOUSEMOVE", "NOTHING", first + (step * 5, step * 2))
        yield drawn(1)
    yield lambda: session.kinds[point] == "live"
    report["grabbed"] = [session.kinds[point], (session.points[point] - first).tolist()]
    report["header"] = [status.Status.header, status.Status.text]
    driving.screenshot(REPORT.parent, "view_live_drag")
    mouse("LEFTMOUSE", "RELEASE", first + (40, 16))
    yield lambda: session.kinds[point] == "grid"
    report["released"] = session.kinds[point]
    second = inner()[1]
    place = session.points[second].copy()
    mouse("MOUSEMOVE", "NOTHING", place)
    yield after(0.5)
    mouse("LEFTMOUSE", "PRESS", place, shift=True)
    mouse("LEFTMOUSE", "RELEASE", place, shift=True)
    yield lambda: session.kinds[second] == "pinned"
    report["pinned"] = session.kinds[second]
    count, empty = len(session.kinds), np.array(session.size) / 2 + (3, 70)
    kinds = list(session.kinds)
    mouse("MOUSEMOVE", "NOTHING", empty)
    yield after(0.5)
    mouse("LEFTMOUSE", "PRESS", empty)
    mouse("LEFTMOUSE", "RELEASE", empty)
    yield after(1)
    report["selected_after_a_miss"] = len(bpy.context.selected_objects)
    report["kinds_after_a_miss"] = session.kinds == kinds
    keymap = bpy.context.window_manager.keyconfigs.user.keymaps["3D View Tool: Object, Motion Points"]
    report["keys"] = sorted(f"{item.idname} {item.type} {item.value}" for item in keymap.keymap_items)
    with bpy.context.temp_override(window=main_window(), area=area, region=region):
        bpy.ops.motion_bridge.add_point("INVOKE_DEFAULT")  # simulated presses never become a double click
    report["added"] = [len(session.kinds) - count, session.kinds[-1]]
    if len(session.kinds) > count:
        report["added"].append((session.points[-1] - empty).tolist())
        yield drawn(2)
        driving.screenshot(REPORT.parent, "view_live_points")
        mouse("MOUSEMOVE", "NOTHING", empty)
        yield after(0.5)
        mouse("X", "PRESS", empty)
        mouse("X", "RELEASE", empty)
        yield lambda: bool(np.isnan(session.points[-1]).all())
        report["removed"] = bool(np.isnan(session.points[-1]).all())
    report["objects"] = len(scene.objects)
    bpy.types.SpaceView3D.draw_handler_remove(handle, "WINDOW")
    press("live_drop")
    yield lambda: sessions.current() is None and not status.Status.header
    report["after_live"] = [sessions.current() is None, status.Status.header, status.Status.text]
    scene.render.resolution_x, scene.render.resolution_y = 832, 480


def after(seconds: float) -> Callable[[], bool]:
    """True when the time is over: for what must not happen meanwhile, and for Blender to take note of the mouse."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def camera_corners(camera_overlay: Any, area: Any, region: Any) -> np.ndarray:
    with bpy.context.temp_override(window=main_window(), area=area, region=region):
        return camera_overlay.picture_corners(bpy.context)


def time_ticks(window: Any) -> None:
    """Time every look at the job while it runs; apart from them, those that bring frames."""
    step = window.step

    def timed() -> bool:
        session = window.session
        before = session.job.finished if session else 0
        told: list[bool] = []
        spent = seconds_of(lambda: told.append(step()))
        goes_on = told[0]
        if session:
            report["ticks"].append(spent)
            if session.job.finished > before:
                report["arrivals"].append(spent)
        return goes_on

    window.step = timed


def shows(camera_overlay: Any, name: str) -> bool:
    """Whether the camera's view shows a file of the take."""
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.media import png, texture

    picture = camera_overlay.Overlay.picture
    return picture is not None and np.array_equal(picture.packed, texture.packed(png.read(TAKES / "take_001" / name)))


def look(camera_overlay: Any) -> None:
    """Draw once more what the product has drawn, to time it; where that is asked for, save the framebuffer instead."""
    context = bpy.context
    picture = camera_overlay.Overlay.picture
    if wanted:
        name = wanted.pop()
        width, height = context.region.width, context.region.height
        content = gpu.state.active_framebuffer_get().read_color(0, 0, width, height, 4, 0, "FLOAT")
        np.save(REPORT.parent / f"{name}.npy", np.asarray(content, np.float32).reshape(height, width, 4))
        report[f"{name}_corners"] = camera_overlay.picture_corners(context).tolist()
    elif picture is not None and context.region_data.view_perspective == "CAMERA":
        picture.uploaded = None
        report["draws"].append(seconds_of(camera_overlay.draw))


def seconds_of(work: Callable[[], Any]) -> tuple[float, float]:
    """What a piece of work took: of this thread's computing, and by the clock, which other programs lengthen."""
    begun = time.thread_time(), time.perf_counter()
    work()
    return time.thread_time() - begun[0], time.perf_counter() - begun[1]


def watch() -> None:
    from bl_ext.user_default.motion_bridge.addon.render.manager import window
    from bl_ext.user_default.motion_bridge.addon.viewer.status import Status

    if window.running and Status.text and Status.text not in report["status"]:
        report["status"].append(Status.text)
    if window.running and bpy.context.scene.frame_current not in report["playheads"]:
        report["playheads"].append(bpy.context.scene.frame_current)


driving.drive(steps(), report, REPORT, watch)
