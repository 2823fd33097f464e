"""Works in Blender's window as a person does, and writes down what happened: … -P in_window.py -- REPORT.json TAKES

Press Render, watch, press Esc, resume, wait for the end, quit.
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))
import driving
from driving import drawn, press, show_our_tab, show_sidebar

REPORT, TAKES = Path(sys.argv[-2]), Path(sys.argv[-1])
report: dict = {"shown": []}


def steps() -> Iterator[Callable[[], bool]]:
    """What is done, and what is waited for in between."""
    scene = bpy.context.scene
    scene.motion_bridge.output = str(TAKES)
    a_long_move(scene)
    show_sidebar()
    yield lambda: True
    report["longest_silence"] = 0.0
    yield drawn(10)
    show_our_tab()
    report["redraw"] = report["longest_silence"]  # the floor of every other time here
    report["longest_silence"] = 0.0
    report["invoked"] = list(press("render"))
    yield lambda: len(frames()) >= 5 and len(report["shown"]) >= 3
    report["seen_while_running"] = len(frames())
    report["strip_while_running"] = strip_length()
    driving.screenshot(REPORT.parent, "running")
    pressed = time.monotonic()
    driving.press_key("ESC")
    yield lambda: not running()
    report["seconds_to_cancel"] = time.monotonic() - pressed
    kept = frames()
    report["kept"] = len(kept)
    before = {path: path.read_bytes() for path in kept}
    yield lambda: True
    driving.screenshot(REPORT.parent, "cancelled")
    report["resumed"] = list(press("resume"))
    yield lambda: len(frames()) >= report["kept"] + 5
    report["kept_unchanged"] = all(path.read_bytes() == before[path] for path in kept)
    press("cancel")
    yield lambda: not running()
    report["strip"] = strip_length()
    report["files"] = len(frames())
    report["takes"] = sorted(path.name for path in TAKES.iterdir())


def a_long_move(scene: bpy.types.Scene) -> None:
    """So many frames, each another, and so large that the job still runs when Esc is pressed, on any machine."""
    scene.frame_end = 300
    scene.render.resolution_x, scene.render.resolution_y = 320, 180
    scene.frame_set(scene.frame_end)
    scene.camera.location.x += 2
    scene.camera.keyframe_insert("location")
    scene.frame_set(scene.frame_start)


def running() -> bool:
    """Whether the buttons wait."""
    return not bpy.ops.motion_bridge.render.poll()


def frames() -> list[Path]:
    return sorted((TAKES / "take_001").glob("frame_*.png"))


def strip_length() -> int:
    takes = bpy.context.window_manager.windows[0].scene.motion_bridge.takes
    editor = takes and takes.sequence_editor
    return len(editor.strips[0].elements) if editor and len(editor.strips) else 0


def watch() -> None:
    """Note every new picture over the camera's view."""
    from bl_ext.user_default.motion_bridge.addon.viewer.camera_overlay import Overlay

    if Overlay.picture is not None:
        mean = float(Overlay.picture.packed.view("u1").mean())
        if not report["shown"] or report["shown"][-1] != mean:
            report["shown"].append(mean)


driving.drive(steps(), report, REPORT, watch)
