"""The panel's button asks how well the last take follows the scene, and puts the error over it in the Sequencer."""

import importlib
import subprocess

import bpy
import pytest
from blender_session import PACKAGE
from blender_takes import strips


def part(name):
    return importlib.import_module(f"{PACKAGE}.{name}")


@pytest.fixture
def take(scene, painted, torch_python):
    """A take of the scene by reproject, and a backend that has OpenCV."""
    if subprocess.run([str(torch_python), "-c", "import cv2"]).returncode:
        pytest.skip("the Python with torch has no OpenCV")
    settings = scene.motion_bridge
    settings.engine, settings.grid, scene.frame_end = "reproject", 20, 6
    assert bpy.ops.motion_bridge.render() == {"FINISHED"}
    preferences = bpy.context.preferences.addons[PACKAGE].preferences
    preferences.python = str(torch_python)
    yield part("addon.take").last(part("addon.take").output_folder(settings.output))
    preferences.python = ""


def test_the_take_is_judged_and_its_error_stands_above_it(scene, take):
    assert bpy.ops.motion_bridge.judge() == {"FINISHED"}
    said = " ".join(part("addon.ui.judge").Last.sentences)
    assert "px off in the mean" in said and "no motion at all" in said
    assert take.folder.with_name(f"{take.name}_error.svg").is_file()
    spans = {strip.name: (strip.channel, strip.frame_final_duration) for strip in strips(scene)}
    name = f"Motion Bridge {take.name}"
    assert spans == {name: (1, 6), f"{name} error": (2, 6)}
    heat = next(strip for strip in strips(scene) if strip.name.endswith("error"))
    assert heat.blend_alpha == 0, "it hides nothing of the take"


def test_judging_again_leaves_one_strip(scene, take):
    for _ in range(2):
        bpy.ops.motion_bridge.judge()
    assert len(strips(scene)) == 2


def test_a_video_that_cannot_be_read_is_said(scene, take, tmp_path):
    with pytest.raises(RuntimeError, match="There is no video"):
        bpy.ops.motion_bridge.judge_video(filepath=str(tmp_path / "nothing.mp4"))


def test_without_a_take_there_is_nothing_to_judge(scene):
    with pytest.raises(RuntimeError):
        bpy.ops.motion_bridge.judge()
