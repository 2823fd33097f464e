"""Renders takes in an AgX scene, then opens a Sequencer: … -P takes_in_window.py -- REPORT.json TAKES COLORS.png

The first frame is rendered in the window, too, while the panel counts; a workspace with a Sequencer comes only when the
take is made.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))
import driving
from driving import drawn, main_window, press, show_our_tab, show_sidebar

REPORT, TAKES, COLORS = Path(sys.argv[-3]), Path(sys.argv[-2]), Path(sys.argv[-1])
report: dict = {"counted": [], "windows": 0, "marked": False}


def steps() -> Iterator[Callable[[], bool]]:
    from bl_ext.user_default.motion_bridge.addon.render.manager import window

    scene = bpy.context.scene
    scene.motion_bridge.output = str(TAKES)
    scene.view_settings.view_transform = "AgX"
    scene.frame_end = 2
    scene.cycles.samples = 40
    show_sidebar()
    yield drawn(4)
    show_our_tab()
    yield drawn(2)
    press("render")
    yield lambda: not window.running and not window.step()
    report["first_frame_error"] = str(window.error)
    scene.motion_bridge.first_frame, scene.motion_bridge.first_frame_path = "FILE", str(COLORS)
    with bpy.context.temp_override(window=main_window()):
        bpy.ops.wm.save_mainfile()
    yield lambda: True
    report["saved"] = not bpy.data.is_dirty
    press("render")
    yield lambda: not window.running and not window.step()
    report["error"] = str(window.error)
    report["marked"] = bpy.data.is_dirty
    report["dirty_images"] = [image.name for image in bpy.data.images if image.is_dirty]
    report["takes_scene"] = scene.motion_bridge.takes.name
    report["shown_before"] = sorted(workspace.name for workspace in bpy.data.workspaces if workspace.sequencer_scene)
    scripts = Path(bpy.utils.system_resource("SCRIPTS"))
    template = scripts / "startup/bl_app_templates_system/Video_Editing/startup.blend"
    with bpy.context.temp_override(window=main_window()):
        bpy.ops.workspace.append_activate(idname="Video Editing", filepath=str(template))
    yield lambda: main_window().workspace.name == "Video Editing"
    yield drawn(4)
    workspace = main_window().workspace
    report["shown"] = workspace.sequencer_scene and workspace.sequencer_scene.name
    takes = scene.motion_bridge.takes
    takes.frame_set(1)
    area = next(area for area in main_window().screen.areas if area.type == "SEQUENCE_EDITOR" and has_preview(area))
    space = area.spaces.active
    space.show_overlays = False
    region = next(region for region in area.regions if region.type == "PREVIEW")
    with bpy.context.temp_override(window=main_window(), area=area, region=region):
        bpy.ops.sequencer.view_zoom_ratio(ratio=2.0)  # at 1 the Sequencer may leave out a column
    yield drawn(6)
    report["screen"] = driving.screenshot(REPORT.parent, "takes")
    area.ui_type = "IMAGE_EDITOR"
    yield drawn(2)
    with bpy.context.temp_override(window=main_window()):
        bpy.ops.motion_bridge.open_image()
    yield drawn(2)
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=main_window(), area=area, region=region):
        bpy.ops.image.view_zoom_ratio(ratio=2.0)
    report["newest"] = bpy.data.images["Motion Bridge"].filepath
    yield drawn(4)
    report["image_screen"] = driving.screenshot(REPORT.parent, "takes_image")


def has_preview(area) -> bool:
    return area.spaces.active.view_type in ("PREVIEW", "SEQUENCER_PREVIEW")


def watch() -> None:
    from bl_ext.user_default.motion_bridge.addon.render.manager import window

    if window.first_render:
        report["windows"] = max(report["windows"], len(bpy.context.window_manager.windows))
        report["counted"].append([round(window.first_render.seconds, 2), *window.first_render.samples])


driving.drive(steps(), report, REPORT, watch)
