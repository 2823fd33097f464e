"""From a fresh Blender to a strip that grows, and what it took: … -P first_minutes_in_window.py -- REPORT.json

The default cube in a file that was never saved; its camera is keyed, and the picture small, before anything is counted.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))
import driving
from driving import drawn, main_window, press, press_key, show_our_tab, view

REPORT = Path(sys.argv[-1])
report: dict = {"actions": [], "shots": []}


def steps() -> Iterator[Callable[[], bool]]:
    from bl_ext.user_default.motion_bridge.addon import compat
    from bl_ext.user_default.motion_bridge.addon.render.manager import window
    from bl_ext.user_default.motion_bridge.addon.ui.first_steps import obstacle

    bpy.context.preferences.view.show_splash = False
    scene = bpy.context.scene
    key_camera(scene)
    yield drawn(3)
    press_key("ESC")  # whatever greets a new Blender
    yield drawn(3)
    act("N over the view: the sidebar")
    press_key("N")
    yield lambda: view().spaces.active.show_region_ui
    yield drawn(3)
    act("the tab Motion Bridge")
    show_our_tab()
    yield drawn(3)
    report["obstacle"] = obstacle(scene)
    report["shots"].append(driving.screenshot(REPORT.parent, "unsaved"))
    act("Temporary")
    press("temporary_output")
    report["obstacle_then"] = obstacle(scene)
    act("Render")
    press("render")
    yield lambda: window.session is not None and window.session.job.finished >= 3
    report["actions_to_frames"] = len(report["actions"])
    yield lambda: not window.running and not window.step()
    report["error"] = str(window.error)
    yield drawn(4)
    areas = [area.type for area in main_window().screen.areas]
    shown = main_window().workspace.sequencer_scene
    report["sequencers"] = areas.count("SEQUENCE_EDITOR")
    report["elements"] = [len(strip.elements) for strip in compat.strips(shown)] if shown else []
    report["windows"] = len(bpy.context.window_manager.windows)
    report["dirty_images"] = [image.name for image in bpy.data.images if image.is_dirty]
    report["takes"] = [item.name for item in bpy.context.window_manager.motion_bridge_take_lists[scene.name].items]
    report["shots"].append(driving.screenshot(REPORT.parent, "first_take"))
    press("render")
    yield lambda: not window.running and not window.step()
    yield drawn(3)
    report["sequencers_then"] = [area.type for area in main_window().screen.areas].count("SEQUENCE_EDITOR")
    press("queue_add")
    press("queue_add")
    press("queue_run")
    yield lambda: all(entry.state in ("DONE", "FAILED") for entry in scene.motion_bridge.queue)
    report["queue"] = [(entry.state, entry.outcome) for entry in scene.motion_bridge.queue]
    language = bpy.context.preferences.view
    language.language, language.use_translate_interface = "de_DE", True
    report["german"] = bpy.app.translations.pgettext_iface("First Frame")
    yield drawn(4)
    report["shots"].append(driving.screenshot(REPORT.parent, "german"))


def act(what: str) -> None:
    report["actions"].append(what)


def key_camera(scene: bpy.types.Scene) -> None:
    scene.frame_end = 5
    scene.render.resolution_percentage = 10
    scene.render.engine = "BLENDER_WORKBENCH"  # Eevee compiles its shaders for a minute where there is no GPU
    camera = scene.camera
    camera.keyframe_insert("location", frame=1)
    camera.location.x += 1
    camera.keyframe_insert("location", frame=5)


driving.drive(steps(), report, REPORT)
