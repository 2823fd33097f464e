"""An engine's folder and its panel file, put into the extension, are all that it takes to render with it in Blender."""

import json
import shutil
import zipfile
from types import SimpleNamespace

import bpy
import pytest
from small_engine import ENGINE, ENGINE_FILE, PANEL, PANEL_FILE


@pytest.fixture(scope="session")
def extension_zip(extension_zip, tmp_path_factory):
    """The extension with two files more."""
    added = tmp_path_factory.mktemp("zip") / extension_zip.name
    shutil.copy(extension_zip, added)
    with zipfile.ZipFile(added, "a") as archive:
        archive.writestr(ENGINE_FILE, ENGINE)
        archive.writestr(PANEL_FILE, PANEL)
    return added


class Layout:
    """Notes which properties are drawn."""

    def __init__(self):
        self.drawn = []

    def prop(self, owner, name):
        self.drawn.append((type(owner).__name__, name))


def test_the_menu_names_it_and_the_panel_shows_its_property_only_while_it_is_chosen(scene):
    items = bpy.types.Scene.bl_rna.properties["motion_bridge"].fixed_type.properties["engine"].enum_items
    assert (items["gray"].name, items["gray"].description) == ("Gray", "Every frame in one gray")
    assert [items[name].value for name in ("reproject", "deforum", "motionstream")] == [0, 1, 2], "as .blend files know"
    panel = bpy.types.MOTION_BRIDGE_PT_view3d_gray
    assert not panel.poll(bpy.context)
    scene.motion_bridge.engine = "gray"
    assert panel.poll(bpy.context)
    layout = Layout()
    panel.draw(SimpleNamespace(layout=layout, engine="gray", draw_engine=_drawer(panel)), bpy.context)
    assert layout.drawn == [("MotionBridgeGray", "level")]


def _drawer(panel):
    return lambda layout, context, everything: panel.draw_engine(None, layout, context, everything)


def test_render_makes_its_frames_by_what_the_panel_says(scene, painted, tmp_path):
    from bl_ext.user_default.motion_bridge.addon.render.manager import window
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.media import png

    scene.frame_end = 3
    scene.motion_bridge.engine, scene.motion_bridge.gray.level = "gray", 33
    assert bpy.ops.motion_bridge.render() == {"FINISHED"}
    frames = sorted((tmp_path / "motion_bridge/take_001").glob("frame_*.png"))
    assert len(frames) == 3 and all((png.read(frame) == 33).all() for frame in frames)
    assert "Every frame is 33." in window.session.job.notes


def test_the_command_line_renders_with_it(scene, painted, tmp_path, capfd):
    from bl_ext.user_default.motion_bridge.addon.cli import command

    words = ["render", "--frames", "1-2", "--engine", "gray", "--set", "level=5", "--output", str(tmp_path / "out")]
    assert command.run([*words, "--json"]) == 0
    events = [json.loads(line) for line in capfd.readouterr().out.splitlines() if line.startswith("{")]
    kinds = [event["event"] for event in events if event["event"] != "progress"]
    assert kinds == ["started", "note", "saved", "saved", "done"]


def test_its_properties_are_kept_in_the_file_and_leave_with_the_extension(scene, tmp_path):
    scene.motion_bridge.engine, scene.motion_bridge.gray.level = "gray", 77
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "kept.blend"))
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "kept.blend"))
    assert (bpy.context.scene.motion_bridge.engine, bpy.context.scene.motion_bridge.gray.level) == ("gray", 77)
    module = "bl_ext.user_default.motion_bridge"
    bpy.ops.preferences.addon_disable(module=module)
    assert not hasattr(bpy.types, "MotionBridgeGray") and not hasattr(bpy.types, "MOTION_BRIDGE_PT_view3d_gray")
    bpy.ops.preferences.addon_enable(module=module)
    assert bpy.context.scene.motion_bridge.gray.level == 77
