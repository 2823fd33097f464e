"""The exact camera in other programs' files, out of the scene and back into it."""

import importlib
from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_session import PACKAGE, export, run
from imported_camera import PLACE, TURN, apart, lenses, load, poses


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("nerfstudio", "transforms.json"),
        ("colmap", "colmap"),
        ("realestate10k", "camera.txt"),
        ("sana-wm", "camera.npy"),
        ("sana-wm-bench", "camera.npz"),
    ],
)
def test_a_camera_file_comes_back_as_the_scenes_camera(scene, tmp_path: Path, kind: str, file: str):
    scene.render.fps = 16  # SANA-WM's own
    original = scene.camera
    original.data.shift_x, original.data.shift_y = 0.1, -0.05
    export(kind, tmp_path / file)
    made = load(tmp_path / file)
    assert made is not original and made.type == "CAMERA" and scene.camera == original
    place, turn = apart(poses(scene, original), poses(scene, made))
    assert place < PLACE and turn < TURN
    for name, most in (("lens", 0.005), ("shift_x", 1e-4), ("shift_y", 1e-4)):
        assert np.abs(lenses(scene, made, name) - lenses(scene, original, name)).max() < most, name


def test_the_command_writes_a_camera_and_says_what_is_lost(scene, tmp_path: Path, capfd):
    scene.camera.data.lens = 30
    scene.camera.data.keyframe_insert("lens", frame=scene.frame_start)
    scene.camera.data.lens = 60
    scene.camera.data.keyframe_insert("lens", frame=scene.frame_end)
    assert run("export", "--format", "lingbot", "--output", str(tmp_path / "lingbot")) == 0
    said = capfd.readouterr()
    assert "poses.npy" in said.out and "Lost in this format: the zoom" in said.out + said.err


def test_a_damaged_camera_file_is_a_sentence_and_leaves_nothing(scene, tmp_path: Path):
    (tmp_path / "transforms.json").write_text('{"frames": [{"transform_matrix": [[1]]}]}')
    before = len(bpy.data.cameras)
    with pytest.raises(RuntimeError, match="not a 4x4 matrix"):
        bpy.ops.motion_bridge.import_camera(filepath=str(tmp_path / "transforms.json"))
    assert len(bpy.data.cameras) == before


def test_gen3c_gets_the_first_picture_with_its_depth(scene, painted, tmp_path: Path):
    export("gen3c", tmp_path / "gen3c.npz")
    with np.load(tmp_path / "gen3c.npz") as found:
        picture, depth, poses = (found[name] for name in ("images_key_frames", "depth_key_frames", "w2cs_all"))
    png = importlib.import_module(f"{PACKAGE}.backend.motion_bridge.media.png")
    np.testing.assert_allclose((picture[0].transpose(1, 2, 0) + 1) * 127.5, png.read(painted), atol=1e-3)
    assert depth.shape == (1, 1, 72, 128) and 0 < depth.min() < depth.max() <= 100
    assert poses.shape == (121, 4, 4), "it takes 120k + 1 frames"
