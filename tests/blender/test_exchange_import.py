"""A Deforum settings file or Parseq document as a Blender camera, and back again."""

import json
from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_scenes import keyed
from blender_session import export, run
from imported_camera import LENS, PLACE, TURN, apart, lenses, load, poses


@pytest.mark.parametrize("kind", ["webui", "schedules", "parseq"])
def test_scene_to_schedules_to_camera_is_the_scenes_camera(scene, tmp_path: Path, kind: str):
    scene.motion_bridge.schedule_target, scene.motion_bridge.schedule_tolerance = "METRIC", 0
    original = scene.camera
    export(kind, tmp_path / "motion.txt")
    made = load(tmp_path / "motion.txt")
    assert made is not original and made.type == "CAMERA" and scene.camera == original
    place, turn = apart(poses(scene, original), poses(scene, made))
    assert place < PLACE and turn < TURN
    assert np.abs(lenses(scene, made, "lens") - lenses(scene, original, "lens")).max() < LENS


def test_the_round_trip_ends_where_it_began_also_with_few_keys(scene, tmp_path: Path):
    scene.motion_bridge.schedule_target, scene.motion_bridge.schedule_tolerance = "METRIC", 0.25
    export("webui", tmp_path / "motion.txt")
    made = load(tmp_path / "motion.txt")
    place, turn = apart(poses(scene, scene.camera), poses(scene, made))
    focal = 128 * 42 / 36
    assert place * focal / 5 < 0.5 and np.radians(turn) * focal < 0.5, "half a pixel at the distance of the boxes"


def test_an_orthographic_camera_comes_back_through_2d_mode(scene, tmp_path: Path):
    data = scene.camera.data
    data.animation_data_clear()
    data.type = "ORTHO"
    keyed(data, "ortho_scale", 5.0, 7.0)
    scene.camera.animation_data_clear()
    keyed(scene.camera, "location", (0, -7, 2), (1.5, -7, 2.4))
    keyed(scene.camera, "rotation_euler", (np.pi / 2, 0, 0), (np.pi / 2, 0.3, 0))
    scene.motion_bridge.schedule_target, scene.motion_bridge.schedule_tolerance = "METRIC", 0
    export("webui", tmp_path / "motion.txt")
    made = load(tmp_path / "motion.txt")
    assert made.data.type == "ORTHO"
    place, turn = apart(poses(scene, scene.camera), poses(scene, made))
    assert place < PLACE and turn < TURN
    assert np.abs(lenses(scene, made, "ortho_scale") - lenses(scene, scene.camera, "ortho_scale")).max() < LENS


def test_a_shifted_lens_is_taken_over_from_the_active_camera(scene, tmp_path: Path):
    scene.camera.data.shift_x, scene.camera.data.shift_y = 0.1, -0.05
    scene.motion_bridge.schedule_target = "METRIC"
    export("webui", tmp_path / "motion.txt")
    made = load(tmp_path / "motion.txt")
    assert made.data.shift_x == pytest.approx(0.1, abs=1e-5) and made.data.shift_y == pytest.approx(-0.05, abs=1e-5)


def settings_file(folder: Path, **settings) -> Path:
    path = folder / "deforum_settings.txt"
    path.write_text(json.dumps({"animation_mode": "3D", "max_frames": 5, "W": 128, "H": 72, **settings}))
    return path


def test_without_a_camera_it_starts_upright_at_the_origin_and_becomes_the_scenes(scene, tmp_path: Path):
    scene.camera = None
    made = load(settings_file(tmp_path, translation_z="0:(0), 1:(200)", fov_schedule="0:(90)"), first=10, scale=0.5)
    assert scene.camera == made and made.name == "deforum_settings"
    scene.frame_start, scene.frame_end = 10, 14
    found = poses(scene, made)
    assert found[:, 1, 3] == pytest.approx([0, 0.5, 1, 1.5, 2], abs=1e-5), "forwards is along Y"
    assert found[:, 2, 1] == pytest.approx(1, abs=1e-6), "its top is up"
    assert made.data.angle_x == pytest.approx(np.pi / 2, abs=1e-5)


def test_a_full_turn_has_no_flip_in_its_keys(scene, tmp_path: Path):
    made = load(settings_file(tmp_path, max_frames=60, rotation_3d_y="0:(0), 1:(12)", rotation_3d_x="0:(0), 1:(1)"))
    scene.frame_start, scene.frame_end = 1, 60
    for frame in range(1, 60):
        scene.frame_set(frame, subframe=0.5)
        between = np.array(made.rotation_quaternion)
        assert np.linalg.norm(between) > 0.99, f"the keys around frame {frame} are far apart"


def test_every_frame_has_its_own_linear_key(scene, tmp_path: Path):
    made = load(settings_file(tmp_path, translation_x="0:(0), 1:(5)"))
    action = made.animation_data.action
    if hasattr(action, "layers"):
        curves = action.layers[0].strips[0].channelbag(made.animation_data.action_slot).fcurves
    else:
        curves = action.fcurves
    assert {curve.data_path for curve in curves} == {"location"}, "what stands still has no keys"
    for curve in curves:
        assert [key.co.x for key in curve.keyframe_points] == [1, 2, 3, 4, 5]
        assert {key.interpolation for key in curve.keyframe_points} == {"LINEAR"}


def test_the_frame_range_changes_only_when_asked(scene, tmp_path: Path):
    path = settings_file(tmp_path, translation_x="0:(5)")
    load(path, first=3)
    assert (scene.frame_start, scene.frame_end) == (1, 12)
    load(path, first=3, set_range=True)
    assert (scene.frame_start, scene.frame_end) == (3, 7)


def test_it_says_what_a_camera_cannot_do(scene, tmp_path: Path, capfd):
    load(settings_file(tmp_path, translation_x="0:(5)", aspect_ratio_schedule="0:(0.6)", enable_perspective_flip=True))
    said = capfd.readouterr().out
    assert "aspect ratio is not 1" in said and "perspective flip" in said


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"{", "not valid JSON"),
        (b"[1, 2]", "no settings"),
        (b'{"prompts": {"0": "a meadow"}}', "nothing about motion"),
        (b'{"animation_mode": "Interpolation", "translation_x": "0:(1)"}', "move no camera"),
        (b'{"animation_mode": "3D", "translation_x": "0:(1), 3:(bananas)", "max_frames": 5}', "translation_x, key 3"),
        (b'{"animation_mode": "3D", "fov_schedule": "0:(200)", "max_frames": 5}', "less than 180"),
        (b'{"animation_mode": "3D", "fov_schedule": "0:(179.5)", "max_frames": 5}', "at most 178"),
        (b'{"animation_mode": "2D", "zoom": "0:(0)", "max_frames": 5}', "must be positive"),
    ],
)
def test_a_file_that_makes_no_camera_is_a_sentence_and_leaves_nothing(scene, tmp_path: Path, content, says: str):
    path = tmp_path / "bad.txt"
    if content is not None:
        path.write_bytes(content)
    before = len(bpy.data.objects), len(bpy.data.cameras), len(bpy.data.actions)
    with pytest.raises(RuntimeError, match=says):
        bpy.ops.motion_bridge.import_camera(filepath=str(path))
    assert (len(bpy.data.objects), len(bpy.data.cameras), len(bpy.data.actions)) == before


def test_the_command_saves_the_scene_with_the_camera_in_it(scene, tmp_path: Path, capfd):
    path = settings_file(tmp_path, translation_x="0:(5)")
    saved = tmp_path / "with_camera.blend"
    assert run("import", path, "--output", saved, "--first", "-4", "--set-range") == 0
    assert f"Saved: '{saved}'" in capfd.readouterr().out
    bpy.ops.wm.open_mainfile(filepath=str(saved))
    assert bpy.data.objects["deforum_settings"].animation_data.action
    assert bpy.context.scene.frame_end == 0


def test_the_command_names_a_file_that_it_cannot_take(scene, tmp_path: Path, capfd):
    assert run("import", tmp_path / "none.txt", "--output", tmp_path / "out.blend") == 2
    assert "none.txt cannot be read" in capfd.readouterr().out
    assert run("import", tmp_path / "none.txt", "--output", tmp_path / "out.txt") == 2
    assert "ends in .blend" in capfd.readouterr().out
