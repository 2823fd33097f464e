"""What the artist watches: the newest frame as an image, the take as a strip."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_session import begun, wait_until


def png(path: Path) -> np.ndarray:
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.media import png

    return png.read(path)


def strips(scene: bpy.types.Scene):
    from bl_ext.user_default.motion_bridge.addon import compat

    return compat.strips(scene)


def files(strip) -> list[str]:
    return [element.filename for element in strip.elements]


def drawn_by_the_sequencer(scene: bpy.types.Scene, frame: int, path: Path) -> np.ndarray:
    """What the Sequencer shows at a frame, in the bytes that it was given."""
    scene.view_settings.view_transform = "Standard"
    scene.render.use_sequencer = True
    scene.render.dither_intensity = 0
    scene.render.image_settings.color_mode = "RGB"
    scene.render.filepath = str(path)
    scene.frame_set(frame)
    bpy.ops.render.render(write_still=True)
    return png(path)


def test_the_image_shows_the_bytes_of_the_newest_frame(scene, painted, tmp_path: Path):
    scene.frame_end = 3
    bpy.ops.motion_bridge.render()
    image = bpy.data.images["Motion Bridge"]
    image.filepath_raw, image.file_format = str(tmp_path / "shown.png"), "PNG"
    image.save()
    assert np.array_equal(png(tmp_path / "shown.png"), png(tmp_path / "motion_bridge/take_001/frame_0003.png"))


def test_each_byte_value_is_shown_exactly(scene, tmp_path: Path):
    from bl_ext.user_default.motion_bridge.addon.viewer import image

    ramp = np.arange(256, dtype=np.uint8).reshape(8, 32)
    pixels = np.stack([ramp, ramp[::-1], ramp.T.reshape(8, 32)], axis=-1)
    shown = image.show(pixels)
    shown.filepath_raw, shown.file_format = str(tmp_path / "shown.png"), "PNG"
    shown.save()
    assert np.array_equal(png(tmp_path / "shown.png"), pixels)


def test_there_is_one_image_whatever_the_sizes(scene):
    from bl_ext.user_default.motion_bridge.addon.viewer import image

    bpy.data.images.new("Motion Bridge", 4, 4)  # somebody's own picture of that name stays as it is
    for height, width in ((9, 16), (18, 32), (9, 16)):
        shown = image.show(np.full((height, width, 3), 200, np.uint8))
        assert tuple(shown.size) == (width, height)
    assert len([found for found in bpy.data.images if found.name.startswith("Motion Bridge")]) == 2
    assert tuple(bpy.data.images["Motion Bridge"].size) == (4, 4)


def test_the_strip_shows_frame_k_at_frame_k(scene, painted, tmp_path: Path):
    scene.frame_start, scene.frame_end = 5, 8
    bpy.ops.motion_bridge.render()
    take = tmp_path / "motion_bridge/take_001"
    (strip,) = strips(scene)
    assert strip.name == "Motion Bridge take_001"
    assert files(strip) == [f"frame_{number:04d}.png" for number in (5, 6, 7, 8)]
    for number in (5, 8):
        shown = drawn_by_the_sequencer(scene, number, tmp_path / "drawn.png")
        assert np.abs(shown.astype(int) - png(take / f"frame_{number:04d}.png")).max() <= 1


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
    there = strips(scene)
    in_the_way = there.new_effect(name="mine", type="COLOR", channel=1, frame_start=2, **until(4))
    elsewhere = there.new_effect(name="later", type="COLOR", channel=2, frame_start=40, **until(42))
    bpy.ops.motion_bridge.render()
    bpy.ops.motion_bridge.render()
    channels = {strip.name: strip.channel for strip in strips(scene)}
    assert (in_the_way.channel, elsewhere.channel) == (1, 2)
    assert channels == {"mine": 1, "later": 2, "Motion Bridge take_001": 2, "Motion Bridge take_002": 3}


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
def test_since_5_0_the_strip_goes_where_the_sequencer_looks(scene, painted):
    scene.frame_end = 2
    cut = bpy.data.scenes.new("Cut")
    bpy.context.workspace.sequencer_scene = cut
    try:
        bpy.ops.motion_bridge.render()
    finally:
        bpy.context.workspace.sequencer_scene = None
    assert [strip.name for strip in strips(cut)] == ["Motion Bridge take_001"]
    assert len(strips(scene)) == 0
