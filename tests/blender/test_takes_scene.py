"""Strips show the bytes of their files, whatever the view transform of the scene that they were made from."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_session import begun, wait_until
from blender_takes import drawn_by_the_sequencer, files, own_strips, png, strips, takes_of

VIEWS = [("AgX", "None"), ("AgX", "AgX - Punchy"), ("Filmic", "None"), ("Standard", "None")]


@pytest.fixture
def colors(scene: bpy.types.Scene, tmp_path: Path) -> np.ndarray:
    """Random colors as the first frame: no view transform leaves them as they are by chance."""
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.media import png

    pixels = np.random.default_rng(11).integers(0, 256, (72, 128, 3), dtype=np.uint8)
    (tmp_path / "colors.png").write_bytes(png.encode(pixels))
    scene.motion_bridge.first_frame, scene.motion_bridge.first_frame_path = "FILE", "//colors.png"
    scene.frame_end = 2
    return pixels


@pytest.mark.parametrize(("view", "look"), VIEWS)
def test_what_is_rendered_from_the_strip_is_the_file(scene, colors, tmp_path: Path, view: str, look: str):
    scene.view_settings.view_transform, scene.view_settings.look = view, look
    scene.view_settings.exposure, scene.view_settings.gamma = 0.7, 1.2
    assert bpy.ops.motion_bridge.render() == {"FINISHED"}
    shown = drawn_by_the_sequencer(takes_of(scene), 1, tmp_path / "drawn.png")
    np.testing.assert_array_equal(png(tmp_path / "motion_bridge/take_001/frame_0001.png"), colors)
    np.testing.assert_array_equal(shown, colors)
    assert (scene.view_settings.view_transform, scene.view_settings.look) == (view, look)


def test_the_scenes_view_may_change_afterwards(scene, colors, tmp_path: Path):
    scene.view_settings.view_transform = "Standard"
    bpy.ops.motion_bridge.render()
    scene.view_settings.view_transform = "AgX"
    np.testing.assert_array_equal(drawn_by_the_sequencer(takes_of(scene), 1, tmp_path / "drawn.png"), colors)


def test_the_takes_scene_has_rate_size_and_range_of_its_source(scene, painted):
    scene.render.fps, scene.render.fps_base = 30, 1.001
    scene.frame_start, scene.frame_end = 3, 9
    bpy.ops.motion_bridge.render()
    takes = takes_of(scene)
    assert (takes.render.fps, round(takes.render.fps_base, 6)) == (30, 1.001)
    assert (takes.render.resolution_x, takes.render.resolution_y) == (128, 72)
    assert (takes.frame_start, takes.frame_end) == (3, 9)
    assert takes.name == f"{scene.name} Takes"


def test_all_takes_of_a_scene_are_in_one_and_another_scenes_in_another(scene, painted):
    scene.frame_end = 2
    bpy.ops.motion_bridge.render()
    bpy.ops.motion_bridge.render()
    assert [strip.name for strip in strips(scene)] == ["Motion Bridge take_001", "Motion Bridge take_002"]
    assert len(bpy.data.scenes) == 2
    scene.name = "renamed"
    bpy.ops.motion_bridge.render()
    assert len(strips(scene)) == 3 and len(bpy.data.scenes) == 2


def test_the_scene_itself_gets_no_strips_and_keeps_its_settings(scene, painted):
    scene.frame_end = 2
    for wanted in (True, False):
        scene.render.use_sequencer = wanted
        bpy.ops.motion_bridge.render()
        assert scene.render.use_sequencer is wanted
    assert len(own_strips(scene)) == 0


def test_no_scene_is_made_by_a_job_that_makes_no_frame(scene, painted):
    scene.camera = None
    with pytest.raises(RuntimeError):
        bpy.ops.motion_bridge.render()
    window = None
    assert takes_of(scene) is None and len(bpy.data.scenes) == 1 and window is None


def test_a_takes_scene_that_was_deleted_is_made_again_with_what_the_take_has(scene, painted):
    window = begun(scene, 60)
    wait_until(lambda: window.session.job.finished >= 3, window.step)
    bpy.data.scenes.remove(takes_of(scene))
    before = window.session.job.finished
    wait_until(lambda: window.session.job.finished > before, window.step)
    (strip,) = strips(scene)
    assert len(files(strip)) == window.session.job.finished
    window.close()


@pytest.mark.skipif(bpy.app.version < (5, 0, 0), reason="before 5.0 a Sequencer shows its window's scene")
def test_since_5_0_the_sequencers_of_all_workspaces_show_the_takes(scene, painted):
    from bl_ext.user_default.motion_bridge.addon.viewer import editors

    scene.frame_end = 2
    bpy.ops.motion_bridge.render()
    takes = takes_of(scene)
    assert {workspace.sequencer_scene for workspace in bpy.data.workspaces} == {takes}
    bpy.ops.workspace.duplicate()
    for workspace in bpy.data.workspaces:
        workspace.sequencer_scene = None
    editors.show_strips()  # as the watch on the Sequencers' headers does it; tests/real looks at a window
    assert {workspace.sequencer_scene for workspace in bpy.data.workspaces} == {takes}


@pytest.mark.skipif(bpy.app.version < (5, 0, 0), reason="before 5.0 a Sequencer shows its window's scene")
def test_a_sequencer_that_shows_strips_of_the_artists_goes_on_showing_them(scene, painted):
    scene.frame_end = 2
    mine = bpy.data.scenes.new("mine")
    mine.view_settings.view_transform = "AgX"
    mine.sequence_editor_create().strips.new_effect(name="mine", type="COLOR", channel=1, frame_start=1, length=5)
    bpy.context.workspace.sequencer_scene = mine
    bpy.ops.motion_bridge.render()
    assert bpy.context.workspace.sequencer_scene == mine
    assert len(strips(scene)) == 1
