"""Renders key pictures while the window goes on: … -P keys_in_window.py -- REPORT.json TAKES"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))
import driving
from driving import drawn, press, show_our_tab, show_sidebar

REPORT, TAKES = Path(sys.argv[-2]), Path(sys.argv[-1])
report: dict = {"rendered": [], "at_work": "", "cancelled": ""}


def steps() -> Iterator[Callable[[], bool]]:
    from bl_ext.user_default.motion_bridge.addon.render.manager import window

    scene = bpy.context.scene
    scene.motion_bridge.output = str(TAKES)
    scene.frame_end = 6
    scene.render.use_motion_blur = True
    keys = scene.motion_bridge.keys
    keys.mode, keys.step = "EVERY", 3
    show_sidebar()
    yield drawn(4)
    show_our_tab()
    press("estimate")
    yield drawn(4)
    report["panel"] = driving.screenshot(REPORT.parent, "estimate")
    press("render")
    yield lambda: window.first_render is not None
    yield drawn(2)
    report["at_work"] = driving.screenshot(REPORT.parent, "keys")
    yield lambda: not window.running and not window.step()
    report["error"] = str(window.error)
    report["notes"] = list(window.session.job.notes)
    report["blur"] = scene.render.use_motion_blur
    report["frame"] = scene.frame_current
    scene.cycles.samples = 100_000
    press("render")
    yield lambda: window.first_render is not None and window.first_render.seconds > 1
    press("cancel")
    driving.press_key("ESC")  # which ends the render itself
    yield lambda: not window.running and not window.step()
    report["cancelled"] = str(window.error)
    report["takes"] = sorted(path.name for path in TAKES.iterdir())


def watch() -> None:
    from bl_ext.user_default.motion_bridge.addon.render.manager import window

    if window.first_render and window.first_render.what not in report["rendered"]:
        report["rendered"].append(window.first_render.what)


driving.drive(steps(), report, REPORT, watch)
