"""The first frame is exactly the picture that Blender would save, wherever it comes from."""

import importlib
from pathlib import Path

import bpy
import numpy as np
import pytest


@pytest.fixture
def sources(extension):
    return importlib.import_module(f"{extension.__name__}.addon.scene.first_frame")


@pytest.fixture
def png(extension):
    return importlib.import_module(f"{extension.__name__}.backend.motion_bridge.media.png")


@pytest.fixture
def bad_input(extension):
    return importlib.import_module(f"{extension.__name__}.backend.motion_bridge.errors").BadInput


def saved_by_blender(scene, path: Path, png, depth="8"):
    """Render the scene's current frame to a PNG as anybody would."""
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format, settings.color_mode, settings.color_depth = "PNG", "RGB", depth
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    return png.read(path)


def gradient(height=40, width=60):
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // (width - 1), y * 255 // (height - 1), (x + y) % 256], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("transform", ["AgX", "Standard"])
def test_a_render_has_the_bytes_that_blender_saves(scene, sources, png, tmp_path, transform):
    scene.view_settings.view_transform = transform
    scene.view_settings.exposure = 0.3
    ours, notes = sources.take_first_frame(sources.FromRender(), scene, 4, 128, 72)
    scene.frame_set(4)
    theirs = saved_by_blender(scene, tmp_path / "theirs.png", png)
    assert ours.std() > 20 and not notes
    np.testing.assert_array_equal(ours, theirs)


def test_rendering_the_first_frame_prints_no_saved_line_and_writes_no_file(scene, sources, tmp_path, capfd):
    scene.render.filepath = str(tmp_path / "frames" / "frame_")
    sources.render_frame(scene, 2)
    printed = capfd.readouterr()
    assert "Saved" not in printed.out + printed.err
    assert not (tmp_path / "frames").exists()


def test_a_sequencer_strip_does_not_stand_in_for_the_scene(scene, sources):
    before = sources.render_frame(scene, 2)
    editor = scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    end = {"length": 10} if bpy.app.version >= (5, 0, 0) else {"frame_end": 11}
    strips.new_effect(name="color", type="COLOR", channel=1, frame_start=1, **end)
    scene.render.use_sequencer = True
    np.testing.assert_array_equal(sources.render_frame(scene, 2), before)


def test_the_picture_rendered_last_can_be_taken(scene, sources, png, tmp_path):
    theirs = saved_by_blender(scene, tmp_path / "theirs.png", png)
    scene.render.image_settings.file_format = "OPEN_EXR"
    np.testing.assert_array_equal(sources.render_result(scene), theirs)
    ours, _ = sources.take_first_frame(sources.FromImage("Render Result"), scene, 1, 128, 72)
    np.testing.assert_array_equal(ours, theirs)
    assert scene.render.image_settings.file_format == "OPEN_EXR"


def test_a_png_file_comes_through_unchanged(scene, sources, png, tmp_path):
    (tmp_path / "picture.png").write_bytes(png.encode(gradient()))
    for path in (str(tmp_path / "picture.png"), "//picture.png"):
        ours, notes = sources.take_first_frame(sources.FromFile(path), scene, 1, 60, 40)
        np.testing.assert_array_equal(ours, gradient())
        assert not notes
    assert "picture.png" not in bpy.data.images


def test_sixteen_bits_and_other_formats_come_through_within_a_step(scene, sources, png, tmp_path):
    scene.render.dither_intensity = 0
    theirs = saved_by_blender(scene, tmp_path / "eight.png", png).astype(int)
    saved_by_blender(scene, tmp_path / "sixteen.png", png, depth="16")
    ours, _ = sources.take_first_frame(sources.FromFile("//sixteen.png"), scene, 1, 128, 72)
    assert np.abs(ours - theirs).max() <= 1


def test_an_open_image_is_taken_as_it_is_in_memory_with_what_was_painted(scene, sources):
    image = bpy.data.images.new("painting", 60, 40)
    rgba = np.ones((40, 60, 4), np.float32)
    rgba[..., :3] = gradient()[::-1] / 255
    image.pixels.foreach_set(rgba.ravel())
    ours, notes = sources.take_first_frame(sources.FromImage("painting"), scene, 1, 60, 40)
    np.testing.assert_array_equal(ours, gradient())
    assert not notes


def test_another_size_is_scaled_to_fill_and_cropped_around_the_center_and_said(scene, sources, png, tmp_path):
    (tmp_path / "picture.png").write_bytes(png.encode(gradient(40, 60)))
    ours, (note,) = sources.take_first_frame(sources.FromFile("//picture.png"), scene, 1, 80, 80)
    assert ours.shape == (80, 80, 3)
    assert "60×40" in note and "80×80" in note and "cropped" in note
    middle = ours[:, 39:41].astype(float).mean(axis=(0, 1))
    np.testing.assert_allclose(middle, gradient()[:, 29:31].mean(axis=(0, 1)), atol=2)
    np.testing.assert_allclose(ours[40, [0, 79], 0], gradient()[20, [10, 49], 0], atol=3)


def test_making_a_picture_smaller_averages_it(scene, sources, png, tmp_path):
    checker = np.where(np.indices((64, 64)).sum(axis=0)[..., None] % 2, 255, 0).astype(np.uint8).repeat(3, axis=-1)
    (tmp_path / "checker.png").write_bytes(png.encode(checker))
    ours, _ = sources.take_first_frame(sources.FromFile("//checker.png"), scene, 1, 16, 16)
    assert np.abs(ours.astype(int) - 127).max() <= 2


def test_what_is_not_there_or_not_a_picture_is_refused_by_name(scene, sources, bad_input, tmp_path):
    (tmp_path / "words.png").write_text("these are words")
    (tmp_path / "empty.jpg").write_bytes(b"")
    for source, says in (
        (sources.FromFile("//words.png"), "cannot read.*words.png.*save it as PNG"),
        (sources.FromFile("//empty.jpg"), "cannot read.*empty.jpg"),
        (sources.FromFile(str(tmp_path / "nowhere.png")), "nowhere.png' is not there"),
        (sources.FromFile(str(tmp_path)), "is not there"),
        (sources.FromFile(""), "is not there; choose an image file"),
        (sources.FromImage("nothing"), "no image 'nothing'"),
        (sources.FromImage("Render Result"), "press F12|no image 'Render Result'"),
    ):
        with pytest.raises(bad_input, match=says):
            sources.take_first_frame(source, scene, 1, 60, 40)
    assert not [image.name for image in bpy.data.images if image.type == "IMAGE"]


def test_a_path_beside_a_file_that_was_never_saved_is_refused(extension, sources, bad_input):
    bpy.ops.wm.read_homefile(use_empty=True)
    with pytest.raises(bad_input, match=r"save the \.blend file first"):
        sources.take_first_frame(sources.FromFile("//picture.png"), bpy.context.scene, 1, 60, 40)
