"""Whatever state the artist's settings are in, they are the same afterwards, and giving them back never fails."""

import importlib

import bpy
import numpy as np
import pytest


@pytest.fixture
def parts(extension):
    return importlib.import_module(f"{extension.__name__}.addon.scene.restore_state")


def movie_with_alpha_then_without(settings) -> None:
    """RGBA was chosen with a codec that has it; the codec that was chosen after it has not: the mode reads as empty."""
    if hasattr(settings, "media_type"):
        settings.media_type = "VIDEO"
    settings.file_format = "FFMPEG"
    ffmpeg = bpy.context.scene.render.ffmpeg
    ffmpeg.format, ffmpeg.codec = "QUICKTIME", "QTRLE"
    settings.color_mode = "RGBA"
    ffmpeg.format, ffmpeg.codec = "MPEG4", "H264"


def sixteen_bits(settings) -> None:
    settings.file_format, settings.color_mode, settings.color_depth = "PNG", "RGBA", "16"


def multilayer(settings) -> None:
    if hasattr(settings, "media_type"):
        settings.media_type = "MULTI_LAYER_IMAGE"
    settings.file_format = "OPEN_EXR_MULTILAYER"
    settings.color_depth = "32"


def gray_jpeg(settings) -> None:
    settings.file_format, settings.color_mode, settings.quality = "JPEG", "BW", 33


def state(settings) -> dict[str, object]:
    names = ("media_type", "file_format", "color_mode", "color_depth", "compression", "quality")
    return {name: getattr(settings, name, None) for name in names}


def under(settings, file_format: str) -> dict[str, object]:
    """What is kept for another format: what the artist finds who chooses it again."""
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format = file_format
    return state(settings)


@pytest.mark.parametrize("choose", [movie_with_alpha_then_without, sixteen_bits, multilayer, gray_jpeg])
def test_output_settings_are_what_they_were(scene, parts, choose):
    settings = scene.render.image_settings
    choose(settings)
    before = state(settings)
    scene.motion_bridge.first_frame = "RENDER"
    scene.frame_end = 1
    assert bpy.ops.motion_bridge.render() == {"FINISHED"}
    after = state(settings)
    if before["color_mode"] == "":  # Blender itself puts that right as soon as a format is chosen
        assert after.pop("color_mode") in ("", before.pop("color_mode"), "RGB")
    assert after == before
    kept = under(settings, "PNG")
    choose(settings)
    expected = under(settings, "PNG")
    if "color_mode" not in before:
        del kept["color_mode"], expected["color_mode"]
    assert kept == expected, "also what the format does not show"


def test_an_empty_color_mode_is_really_met(scene):
    movie_with_alpha_then_without(scene.render.image_settings)
    assert scene.render.image_settings.color_mode == "", "else these tests test nothing"


def test_the_picture_is_the_same_whatever_the_settings(scene):
    from bl_ext.user_default.motion_bridge.addon.scene.first_frame import render_frame

    plain = render_frame(scene, 1)
    movie_with_alpha_then_without(scene.render.image_settings)
    np.testing.assert_array_equal(render_frame(scene, 1), plain)


def test_one_value_that_cannot_be_given_back_does_not_keep_the_others(parts):
    class Owner:
        first, last = 1, 2

        @property
        def middle(self) -> str:
            return self._middle

        @middle.setter
        def middle(self, value: str) -> None:
            if value == "":
                raise TypeError('enum "" not found in (...)')
            self._middle = value

        _middle = ""

    owner = Owner()
    with parts.changed(owner, first=10, middle="chosen", last=20):
        assert (owner.first, owner.middle, owner.last) == (10, "chosen", 20)
    assert (owner.first, owner.middle, owner.last) == (1, "chosen", 2)


def test_a_scene_that_is_gone_is_no_error(scene, parts):
    other = bpy.data.scenes.new("other")
    with parts.changed(other, frame_start=5):
        bpy.data.scenes.remove(other)
