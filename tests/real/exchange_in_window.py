"""Exports and imports in Blender's window as a person does: … -P exchange_in_window.py -- REPORT.json FOLDER

Show the tracks; export schedules and a guide video through the file dialog; press Esc during a long fit; take
the schedules back in as a camera.
"""

import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parent))
import driving
from driving import drawn, press, show_our_tab, show_sidebar

REPORT, FOLDER = Path(sys.argv[-2]), Path(sys.argv[-1])
EXPORTS = {"webui": "motion.txt", "guide": "guide.mp4"}
report: dict = {}


def steps() -> Iterator[Callable[[], bool]]:
    """What is done, and what is waited for in between."""
    scene = bpy.context.scene
    scene.motion_bridge.grid = 12
    follow_the_box()
    show_sidebar()
    yield lambda: True
    report["longest_silence"] = 0.0
    yield drawn(4)
    report["redraw"] = report["longest_silence"]  # the floor of every other time here
    show_our_tab()
    yield from look_at_the_tracks()
    scene.motion_bridge.schedule_target = "METRIC"  # said, not fitted: what the dialog does is the same
    for kind, name in EXPORTS.items():
        yield from in_the_dialog("export", name, format=kind)
        driving.screenshot(REPORT.parent, f"export_{kind}")
        confirm()
        yield idle
    report["files"] = sorted(path.name for path in FOLDER.iterdir())
    yield from stop_a_long_fit()
    yield from in_the_dialog("import_camera", "motion.txt", set_range=False)
    driving.screenshot(REPORT.parent, "import")
    confirm()
    yield lambda: "motion" in bpy.data.objects
    report["imported_keys"] = len(bpy.data.objects["motion"].animation_data.action.slots)
    yield drawn(2)
    driving.screenshot(REPORT.parent, "imported")


def follow_the_box() -> None:
    for thing in bpy.context.view_layer.objects:
        thing.select_set(thing.name == "mover")
    report["followed"] = list(press("follow"))


def look_at_the_tracks() -> Iterator[Callable[[], bool]]:
    """The overlay, from the button to the picture."""
    report["show_tracks"] = list(press("show_tracks"))
    yield idle
    yield drawn(2)
    report["in_camera_view"] = driving.view().spaces.active.region_3d.view_perspective == "CAMERA"
    driving.screenshot(REPORT.parent, "tracks")
    press("hide_tracks")


def in_the_dialog(button: str, name: str, **choices: Any) -> Iterator[Callable[[], bool]]:
    """Press a button and fill in the file dialog that it opens."""
    press(button)
    yield lambda: dialog() is not None
    space = dialog()[1].spaces.active  # type: ignore[index]
    yield lambda: space.params is not None
    yield drawn(2)
    space.params.directory = str(FOLDER).encode()
    space.params.filename = name
    for choice, value in choices.items():
        setattr(space.active_operator, choice, value)
    yield drawn(1)


def dialog() -> tuple[bpy.types.Window, bpy.types.Area] | None:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "FILE_BROWSER":
                return window, area
    return None


def confirm() -> None:
    """Press the dialog's own button."""
    window, area = dialog()  # type: ignore[misc]
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        bpy.ops.file.execute()


def stop_a_long_fit() -> Iterator[Callable[[], bool]]:
    """Esc once all frames are read: what is under way then is the fit."""
    scene = bpy.context.scene
    scene.frame_end, scene.motion_bridge.schedule_target = 120, "WEBUI"
    before = set(FOLDER.iterdir())
    yield from in_the_dialog("export", "stopped.txt", format="webui")
    confirm()
    yield lambda: under_way() is not None and under_way().done == 120
    yield drawn(1)
    driving.screenshot(REPORT.parent, "fitting")
    report["was_fitting"] = under_way() is not None
    pressed = time.monotonic()
    driving.press_key("ESC")
    yield idle
    report["seconds_to_stop"] = time.monotonic() - pressed
    report["left_over"] = sorted(path.name for path in set(FOLDER.iterdir()) - before)
    scene.frame_end = 12


def under_way() -> Any:
    return import_module("bl_ext.user_default.motion_bridge.addon.ui.working").Working.under_way


def idle() -> bool:
    return under_way() is None and dialog() is None


driving.drive(steps(), report, REPORT)
