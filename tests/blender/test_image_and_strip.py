"""What the artist watches: the newest frame as an image, the take as a strip."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_session import begun, wait_until
from blender_takes import drawn_by_the_sequencer, files, own_strips, png, strips, takes_of


def test_the_image_shows_the_bytes_of_the_newest_frame(scene, painted, tmp_path: Path):
    scene.frame_end = 3
    bpy.ops.motion_bridge.render()
    image = bpy.data.images["Motion Bridge"]
    image.filepath_raw, image.file_format = str(tmp_path / "shown.png"), "PNG"
    image.save()
    assert np.array_equal(png(tmp_path / "shown.png"), png(tmp_path / "motion_bridge/take_001/frame_0003.png"))


@pytest.mark.parametrize("from_a_file", [True, False])
def test_each_byte_value_is_shown_exactly(scene, tmp_path: Path, from_a_file: bool):
    from bl_ext.user_default.motion_bridge.addon.viewer import image
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.media import png as pngs

    ramp = np.arange(256, dtype=np.uint8).reshape(8, 32)
    pixels = np.stack([ramp, ramp[::-1], ramp.T.reshape(8, 32)], axis=-1)
    path = tmp_path / "frame.png"
    if from_a_file:
        path.write_bytes(pngs.encode(pixels))
    shown = image.show(pixels, path)
    shown.filepath_raw, shown.file_format = str(tmp_path / "shown.png"), "PNG"
    shown.save()
    assert np.array_equal(png(tmp_path / "shown.png"), pixels)


def test_a_picture_whose_file_cannot_be_read_is_shown_and_leaves_nothing_to_save(scene, tmp_path: Path):
    from bl_ext.user_default.motion_bridge.addon.viewer import image

    (tmp_path / "frame.png").write_text("no picture")
    for value in (200, 100):
        shown = image.show(np.full((9, 16, 3), value, np.uint8), tmp_path / "frame.png")
        assert tuple(shown.size) == (16, 9) and round(shown.pixels[0] * 255) == value
        assert shown.source == "FILE" and not shown.is_dirty, "Blender would ask to save it"


def test_there_is_one_image_whatever_the_sizes(scene, tmp_path: Path):
    from bl_ext.user_default.motion_bridge.addon.viewer import image
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.media import png as pngs

    bpy.data.images.new("Motion Bridge", 4, 4)  # somebody's own picture of that name stays as it is
    for height, width, file in ((9, 16, True), (18, 32, True), (9, 16, False), (18, 32, False), (9, 16, True)):
        pixels, path = np.full((height, width, 3), 200, np.uint8), tmp_path / "frame.png"
        path.write_bytes(pngs.encode(pixels))
        shown = image.show(pixels, path if file else None)
        assert tuple(shown.size) == (width, height)
    assert len([found for found in bpy.data.images if found.name.startswith("Motion Bridge")]) == 2
    assert tuple(bpy.data.images["Motion Bridge"].size) == (4, 4)


def test_blender_has_no_reason_to_ask_about_the_image(scene, painted, tmp_path: Path):
    window = begun(scene, 30)
    wait_until(lambda: window.session.job.finished >= 3, window.step)
    image = bpy.data.images["Motion Bridge"]
    assert not image.is_dirty and image.source == "FILE"
    wait_until(lambda: not window.step(), seconds=60)
    assert not image.is_dirty
    assert Path(image.filepath) == tmp_path / "motion_bridge/take_001/frame_0030.png"


def test_a_new_strip_marks_the_file_as_changed(scene, painted):
    bpy.context.preferences.edit.use_global_undo = True
    bpy.ops.ed.undo_push(message="before")
    scene.frame_end = 2
    bpy.ops.wm.save_mainfile()
    assert bpy.ops.motion_bridge.render() == {"FINISHED"}
    assert bpy.data.is_dirty
    bpy.ops.ed.undo()
    assert len(strips(bpy.context.scene)) == 0, "and it is a step that can be undone"


def test_the_strip_shows_frame_k_at_frame_k(scene, painted, tmp_path: Path):
    scene.frame_start, scene.frame_end = 5, 8
    bpy.ops.motion_bridge.render()
    take = tmp_path / "motion_bridge/take_001"
    (strip,) = strips(scene)
    assert strip.name == "Motion Bridge take_001"
    assert files(strip) == [f"frame_{number:04d}.png" for number in (5, 6, 7, 8)]
    for number in (5, 8):
        shown = drawn_by_the_sequencer(takes_of(scene), number, tmp_path / "drawn.png")
        assert np.array_equal(shown, png(take / f"frame_{number:04d}.png"))


def test_the_strip_is_found_again_when_the_project_moves(scene, painted):
    scene.frame_end = 2
    bpy.ops.motion_bridge.render()
    assert strips(scene)[0].directory.rstrip("/") == "//motion_bridge/take_001"


def test_the_strip_grows_while_the_frames_arrive(scene, painted):
    window = begun(scene, 60)
    wait_until(lambda: window.session.job.finished >= 4, window.step)
    (strip,) = strips(scene)
    assert len(strip.elements) == window.session.job.finished
    early = len(strip.elements)
    wait_until(lambda: window.session.job.finished > early, window.step)
    assert len(strips(scene)[0].elements) == window.session.job.finished
    window.close()


def test_a_stepped_take_holds_each_picture_until_the_next(scene, painted):
    from bl_ext.user_default.motion_bridge.addon.compat import strip_span

    scene.frame_start, scene.frame_end, scene.frame_step = 1, 6, 2
    bpy.ops.motion_bridge.render()
    (strip,) = strips(scene)
    assert files(strip) == [f"frame_{number:04d}.png" for number in (1, 1, 3, 3, 5, 5)]
    assert strip_span(strip) == (1, 7)


def test_strips_that_are_in_the_way_are_left_where_they_are(scene, painted):
    scene.frame_end = 4
    bpy.ops.motion_bridge.render()
    there = strips(scene)
    there.remove(there[0])
    in_the_way = there.new_effect(name="mine", type="COLOR", channel=1, frame_start=2, **until(4))
    elsewhere = there.new_effect(name="later", type="COLOR", channel=2, frame_start=40, **until(42))
    bpy.ops.motion_bridge.render()
    bpy.ops.motion_bridge.render()
    channels = {strip.name: strip.channel for strip in strips(scene)}
    assert (in_the_way.channel, elsewhere.channel) == (1, 2)
    assert channels == {"mine": 1, "later": 2, "Motion Bridge take_002": 2, "Motion Bridge take_003": 3}


def until(frame: int) -> dict[str, int]:
    """The end of a new strip of two frames, as this Blender wants to hear it."""
    return {"length": 2} if bpy.app.version >= (5, 0, 0) else {"frame_end": frame}


def test_f12_still_renders_the_camera_when_the_first_strip_has_come(scene, painted, tmp_path: Path):
    scene.frame_end = 2
    scene.frame_set(1)
    scene.render.filepath, scene.render.image_settings.color_mode = str(tmp_path / "before.png"), "RGB"
    bpy.ops.render.render(write_still=True)
    bpy.ops.motion_bridge.render()
    scene.render.filepath = str(tmp_path / "after.png")
    bpy.ops.render.render(write_still=True)
    assert np.array_equal(png(tmp_path / "before.png"), png(tmp_path / "after.png"))


def test_a_strip_that_undo_took_away_comes_back_whole(scene, painted):
    window = begun(scene, 60)
    wait_until(lambda: window.session.job.finished >= 3, window.step)
    strips(scene).remove(strips(scene)[0])
    before = window.session.job.finished
    wait_until(lambda: window.session.job.finished > before, window.step)
    (strip,) = strips(scene)
    assert len(strip.elements) == window.session.job.finished
    window.close()


@pytest.mark.skipif(bpy.app.version < (5, 0, 0), reason="the Sequencer has the scene's own strips before 5.0")
def test_since_5_0_the_strip_goes_where_the_sequencer_looks_if_files_are_shown_as_they_are_there(scene, painted):
    from bl_ext.user_default.motion_bridge.addon import compat

    scene.frame_end = 2
    cut = bpy.data.scenes.new("Cut")
    bpy.context.workspace.sequencer_scene = cut
    try:
        for view, expected in (("Standard", cut), ("AgX", scene)):
            cut.view_settings.view_transform = view
            bpy.ops.motion_bridge.render()
            found = compat.strips(cut) if expected is cut else strips(scene)
            assert len(found) == 1
    finally:
        bpy.context.workspace.sequencer_scene = None
    assert len(own_strips(scene)) == 0
