"""Works in Blender's window as a person does, and writes down what happened: … -P in_window.py -- REPORT.json TAKES

Press Render, watch, press Esc, resume, wait for the end, quit. Steps are a generator that a timer moves on; each yields
until something is true. Keys are real events (--enable-event-simulate).
"""

import json
import os
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy

REPORT, TAKES = Path(sys.argv[-2]), Path(sys.argv[-1])
SCREENSHOTS = Path(os.environ.get("MOTION_BRIDGE_SCREENSHOTS") or REPORT.parent)
PULSE = 0.02
PATIENCE = 120  # seconds for everything
report: dict = {"longest_silence": 0.0, "shown": []}
last_pulse = time.monotonic()
deadline = last_pulse + PATIENCE


def steps() -> Iterator[Callable[[], bool]]:
    """What is done, and what is waited for in between."""
    scene = bpy.context.scene
    scene.motion_bridge.output = str(TAKES)
    a_long_move(scene)
    show_sidebar()
    yield lambda: True
    report["longest_silence"] = 0.0
    yield drawn_ten_times()
    show_our_tab()
    report["redraw"] = report["longest_silence"]  # the floor of every other time here
    report["longest_silence"] = 0.0
    report["invoked"] = list(press("render"))
    yield lambda: len(frames()) >= 5 and len(report["shown"]) >= 3
    report["seen_while_running"] = len(frames())
    report["strip_while_running"] = strip_length()
    screenshot("running")
    window = bpy.context.window_manager.windows[0]
    pressed = time.monotonic()
    window.event_simulate(type="ESC", value="PRESS", x=window.width // 2, y=window.height // 2)
    window.event_simulate(type="ESC", value="RELEASE", x=window.width // 2, y=window.height // 2)
    yield lambda: not running()
    report["seconds_to_cancel"] = time.monotonic() - pressed
    kept = frames()
    report["kept"] = len(kept)
    before = {path: path.read_bytes() for path in kept}
    yield lambda: True
    screenshot("cancelled")
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


def show_our_tab() -> None:
    """Possible once the sidebar has been drawn."""
    for area in bpy.context.window_manager.windows[0].screen.areas:
        for region in area.regions:
            if area.type == "VIEW_3D" and region.type == "UI":
                region.active_panel_category = "Motion Bridge"


def drawn_ten_times() -> Callable[[], bool]:
    """True after ten pulses, each of which asks for the whole window to be drawn anew."""
    left = iter(range(10))

    def again() -> bool:
        for area in bpy.context.window_manager.windows[0].screen.areas:
            area.tag_redraw()
        return next(left, None) is None

    return again


def press(name: str) -> set[str]:
    """Press a button of the panel."""
    window = bpy.context.window_manager.windows[0]
    area = next(area for area in window.screen.areas if area.type == "VIEW_3D")
    with bpy.context.temp_override(window=window, area=area):
        return getattr(bpy.ops.motion_bridge, name)("INVOKE_DEFAULT")


def running() -> bool:
    """Whether the buttons wait."""
    return not bpy.ops.motion_bridge.render.poll()


def frames() -> list[Path]:
    return sorted((TAKES / "take_001").glob("frame_*.png"))


def strip_length() -> int:
    editor = bpy.context.window_manager.windows[0].scene.sequence_editor
    return len(editor.strips[0].elements) if editor and len(editor.strips) else 0


def show_sidebar() -> None:
    bpy.context.preferences.view.show_splash = False
    for area in bpy.context.window_manager.windows[0].screen.areas:
        if area.type == "VIEW_3D":
            area.spaces.active.show_region_ui = True


def screenshot(name: str) -> None:
    """A picture of the whole screen, where ImageMagick is there to take one."""
    if shutil.which("import"):
        subprocess.run(["import", "-window", "root", str(SCREENSHOTS / f"{name}.png")], timeout=20, check=False)


def watch() -> None:
    """Note how long Blender was silent, and every new picture in the Image Editor's image."""
    global last_pulse
    now = time.monotonic()
    report["longest_silence"] = max(report["longest_silence"], now - last_pulse)
    last_pulse = now
    image = bpy.data.images.get("Motion Bridge")
    if image and image.size[0]:
        pixels: Any = image.pixels
        mean = sum(pixels[:4096]) / 4096
        if not report["shown"] or report["shown"][-1] != mean:
            report["shown"].append(mean)


script = steps()
waiting_for: Callable[[], bool] = bool  # nothing has been begun: the first pulse begins


def pulse() -> float | None:
    global waiting_for, last_pulse
    try:
        if time.monotonic() > deadline:
            raise TimeoutError(f"still waiting after {PATIENCE} s")
        watch()
        if waiting_for is bool or waiting_for():
            waiting_for = next(script)
            last_pulse = time.monotonic()  # what this script does itself is not Blender's silence
    except StopIteration:
        return finish()
    except Exception:
        report["fault"] = traceback.format_exc()
        return finish()
    return PULSE


def finish() -> None:
    REPORT.write_text(json.dumps(report), encoding="utf-8")
    bpy.ops.wm.quit_blender()


bpy.app.timers.register(pulse, first_interval=1.0, persistent=True)
