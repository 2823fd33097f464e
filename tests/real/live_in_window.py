"""Directs a live session in the window, with real keys and the mouse: … -P live_in_window.py -- REPORT.json TAKES"""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parent))
import driving
from driving import drawn, main_window, press, show_our_tab, show_sidebar, view

REPORT, TAKES = Path(sys.argv[-2]), Path(sys.argv[-1])
report: dict[str, Any] = {}
os.environ["XDG_DATA_HOME"] = str(TAKES.parent / "data")  # where the trash is


def at(kind: Any, value: str, dx: int = 0, dy: int = 0) -> None:
    """A real event this far from the middle of the 3D View."""
    area, window = view(), main_window()
    window.event_simulate(type=kind, value=value, x=area.x + area.width // 3 + dx, y=area.y + area.height // 2 + dy)


def key(kind: Any) -> None:
    at("MOUSEMOVE", "NOTHING")
    at(kind, "PRESS")
    at(kind, "RELEASE")


def steps() -> Iterator[Callable[[], bool]]:
    import importlib

    root = "bl_ext.user_default.motion_bridge"
    live = importlib.import_module(f"{root}.addon.live.session")
    window = importlib.import_module(f"{root}.addon.render.manager").window
    scene = bpy.context.scene
    scene.motion_bridge.output = str(TAKES)
    scene.render.resolution_x, scene.render.resolution_y = 208, 120
    camera, mover = scene.camera, scene.objects["mover"]
    for thing in (camera, camera.data, mover):
        thing.animation_data_clear()
    entry = scene.motion_bridge.tracks.sources.add()
    entry.object, entry.kind, entry.count = mover, "live", 20
    for thing in scene.objects:
        thing.select_set(thing == mover)
    bpy.context.view_layer.objects.active = mover
    view().spaces.active.region_3d.view_perspective = "CAMERA"
    bpy.ops.ed.undo_push(message="before")
    show_sidebar()
    yield drawn(3)
    show_our_tab()
    press("live")
    session = live.current()
    yield lambda: session.used_frames >= 1
    report["preparing over"] = session.state.value
    at("MOUSEMOVE", "NOTHING")
    yield drawn(2)
    begun = mover.location.copy()
    key("G")
    for step in range(3):
        at("MOUSEMOVE", "NOTHING", 20 * (step + 1), 8 * step)
        yield drawn(1)
    key("ESC")  # ends the grab, not the session
    yield drawn(2)
    report["after Esc in a grab"] = [live.current() is session, (mover.location - begun).length]
    key("G")
    for step in range(3):
        at("MOUSEMOVE", "NOTHING", 20 * (step + 1), 8 * step)
        yield drawn(1)
    at("LEFTMOUSE", "PRESS", 60, 20)
    at("LEFTMOUSE", "RELEASE", 60, 20)
    yield drawn(2)
    report["dragged"] = (mover.location - begun).length
    seen = session.used_frames
    yield lambda: session.used_frames > seen + 1
    shown = session.moments[session.used_frames].objects["mover"][:3, 3]
    report["shown"] = float(abs(shown - mover.matrix_world.translation).max())
    report["picture"] = driving.screenshot(REPORT.parent, "live")
    key("SPACE")
    yield lambda: session.paused
    report["playing"] = main_window().screen.is_animation_playing
    key("SPACE")
    yield lambda: not session.paused
    report["playing"] = report["playing"] or main_window().screen.is_animation_playing
    with bpy.context.temp_override(window=main_window(), area=view()):
        bpy.ops.screen.animation_play()
    seen = session.used_frames
    yield lambda: session.used_frames > seen + 1
    with bpy.context.temp_override(window=main_window(), area=view()):
        bpy.ops.screen.animation_cancel()
        bpy.ops.wm.window_new()
    yield drawn(2)
    for other in [*bpy.context.window_manager.windows][1:]:
        with bpy.context.temp_override(window=other):
            bpy.ops.wm.window_close()
    seen = session.used_frames
    yield lambda: session.used_frames > seen + 1
    report["after a window"] = session.state.value
    report["latencies"] = list(session.latencies)
    report["frames per second"] = session.frames_per_second
    key("RET")
    yield lambda: live.current() is None
    yield lambda: not window.running and not live.step()
    report["kept"] = session.used_frames + 1
    report["action"] = bool(mover.animation_data and mover.animation_data.action)
    report["frames"] = len(list((TAKES / "take_001").glob("frame_*.png")))
    report["strip"] = scene.motion_bridge.takes is not None
    yield drawn(2)
    report["kept picture"] = driving.screenshot(REPORT.parent, "kept")
    with bpy.context.temp_override(window=main_window(), area=view()):
        bpy.ops.ed.undo()
    mover = bpy.context.scene.objects["mover"]
    report["undone"] = not (mover.animation_data and mover.animation_data.action)
    yield drawn(2)
    bpy.context.scene.render.resolution_x, bpy.context.scene.render.resolution_y = 832, 480
    press("live")
    session = live.current()
    yield lambda: session.used_frames >= 1
    session.work.clear()
    while len(session.work) < 20:  # a camera that moves, as somebody walks
        bpy.context.scene.camera.location.x += 0.01
        bpy.context.view_layer.update()
        yield lambda: True
    report["work"] = sorted(session.work)
    key("ESC")
    yield lambda: live.current() is None and not live.step()
    trashed = TAKES.parent / "data" / "Trash" / "files" / "take_002"
    report["dropped"] = trashed.is_dir() and not (TAKES / "take_002").exists()


driving.drive(steps(), report, REPORT)
