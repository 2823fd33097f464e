"""Works in Blender's window as a person does: steps are a generator that a timer moves on; each yields what it awaits.

Keys are real events (--enable-event-simulate). When all is done, or when it takes too long, the report is written as
JSON and Blender quits.
"""

import json
import os
import shutil
import subprocess
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy

PULSE = 0.02
PATIENCE = 400  # seconds for everything; blender_program.PATIENCE is longer

Steps = Iterator[Callable[[], bool]]


def drive(steps: Steps, report: dict[str, Any], file: Path, watch: Callable[[], None] = lambda: None) -> None:
    """Go through the steps. watch: called at every pulse."""
    deadline = time.monotonic() + PATIENCE
    waiting_for: Callable[[], bool] = bool  # nothing has been begun: the first pulse begins
    report["longest_silence"] = 0.0
    last = time.monotonic()

    def pulse() -> float | None:
        nonlocal waiting_for, last
        try:
            if time.monotonic() > deadline:
                raise TimeoutError(f"still waiting after {PATIENCE} s")
            report["longest_silence"] = max(report["longest_silence"], time.monotonic() - last)
            last = time.monotonic()
            watch()
            if waiting_for is bool or waiting_for():
                waiting_for = next(steps)
                last = time.monotonic()  # what this script does itself is not Blender's silence
        except StopIteration:
            return finish()
        except Exception:  # a timer has nobody above it: whatever it is must reach the report
            report["fault"] = traceback.format_exc()
            return finish()
        return PULSE

    def finish() -> None:
        file.write_text(json.dumps(report), encoding="utf-8")
        bpy.ops.wm.quit_blender()

    bpy.app.timers.register(pulse, first_interval=1.0, persistent=True)


def main_window() -> bpy.types.Window:
    return bpy.context.window_manager.windows[0]


def view() -> bpy.types.Area:
    """The 3D View."""
    return next(area for area in main_window().screen.areas if area.type == "VIEW_3D")


def press(name: str) -> set[str]:
    """Press a button of the panel."""
    area = view()
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=main_window(), area=area, region=region):
        return getattr(bpy.ops.motion_bridge, name)("INVOKE_DEFAULT")


def press_key(kind: Any) -> None:
    """Press and release a key while the mouse is in the middle of the main window."""
    window = main_window()
    for value in ("PRESS", "RELEASE"):
        window.event_simulate(type=kind, value=value, x=window.width // 2, y=window.height // 2)


def show_sidebar() -> None:
    """Show it, and have no Sequencer opened below the view: what is measured there stays where it is."""
    bpy.context.preferences.view.show_splash = False
    addon: Any = bpy.context.preferences.addons.get("bl_ext.user_default.motion_bridge")
    if addon:
        addon.preferences.show_sequencer = False
    view().spaces.active.show_region_ui = True


def show_our_tab() -> None:
    """Possible once the sidebar has been drawn."""
    for region in view().regions:
        if region.type == "UI":
            region.active_panel_category = "Motion Bridge"


def drawn(times: int) -> Callable[[], bool]:
    """True after so many pulses, each of which asks for every window to be drawn anew; by software that is slow."""
    left = iter(range(times))

    def again() -> bool:
        for window in bpy.context.window_manager.windows:
            for area in window.screen.areas:
                area.tag_redraw()
        return next(left, None) is None

    return again


def screenshot(folder: Path, name: str) -> str | None:
    """A picture of the whole screen, where ImageMagick is there to take one: its path."""
    if not shutil.which("import"):
        return None
    picture = Path(os.environ.get("MOTION_BRIDGE_SCREENSHOTS") or folder) / f"{name}.png"
    subprocess.run(["import", "-window", "root", "-depth", "8", f"PNG24:{picture}"], timeout=20, check=False)
    return str(picture)
