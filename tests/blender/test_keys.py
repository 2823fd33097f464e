"""The frames that the artist keyed, read from the camera's own action, and schedules that carry keys there."""

import importlib
import json
import re
from pathlib import Path

import bpy
import pytest

FRAMES = range(1, 13)


@pytest.fixture
def keys(extension):
    return importlib.import_module(f"{extension.__name__}.addon.exchange.keyframes")


@pytest.fixture
def compat(extension):
    return importlib.import_module(f"{extension.__name__}.addon.compat")


def frames_of(found) -> list[float]:
    assert not found.missing
    return [key.frame for key in found.keys]


def interpolate(compat, owner, kind: str) -> None:
    for curve in compat.own_curves(owner):
        for point in curve.keyframe_points:
            point.interpolation = kind


def test_the_keys_of_camera_and_lens_are_read(scene, keys):
    scene.camera.location.z = 3
    scene.camera.keyframe_insert("location", index=2, frame=5)
    scene.camera.data.keyframe_insert("lens", frame=7.5)
    scene.camera.data.keyframe_insert("clip_start", frame=9)
    found = keys.keys_of(scene.camera)
    assert frames_of(found) == [1, 5, 7.5, 12]
    assert {key.interpolation for key in found.keys} == {"BEZIER"}


def test_what_is_muted_does_not_count(scene, keys, compat):
    scene.camera.keyframe_insert("location", frame=6)
    for curve in compat.own_curves(scene.camera):
        curve.mute = curve.data_path == "location"
    assert frames_of(keys.keys_of(scene.camera)) == [1, 12]


def test_one_action_for_camera_and_lens_gives_each_its_own(scene, keys, compat):
    camera, lens = scene.camera, scene.camera.data
    action = camera.animation_data.action
    if not hasattr(action, "slots"):
        pytest.skip("actions have no slots before 4.4")
    lens.animation_data.action = action
    lens.animation_data.action_slot = action.slots.new(id_type="CAMERA", name="lens")
    lens.keyframe_insert("lens", frame=4)
    assert {curve.data_path for curve in compat.own_curves(lens)} == {"lens"}
    assert {curve.data_path for curve in compat.own_curves(camera)} == {"location", "rotation_euler"}
    assert frames_of(keys.keys_of(camera)) == [1, 4, 12]


def test_the_keys_of_what_the_camera_is_parented_to_are_its_own_too(scene, keys):
    rig = bpy.data.objects.new("rig", None)
    scene.collection.objects.link(rig)
    rig.keyframe_insert("rotation_euler", frame=8)
    scene.camera.parent = rig
    assert frames_of(keys.keys_of(scene.camera)) == [1, 8, 12]


def test_a_camera_without_keys_says_so(scene, keys):
    scene.camera.animation_data_clear()
    scene.camera.data.animation_data_clear()
    found = keys.keys_of(scene.camera)
    assert found.keys == () and found.missing == "The camera 'camera' has no keys."


def push_down(scene):
    data = scene.camera.animation_data
    strip = data.nla_tracks.new().strips.new("move", 1, data.action)
    data.action = None
    return strip, "is moved by NLA strips"


def constrain(scene):
    constraint = scene.camera.constraints.new("TRACK_TO")
    constraint.target = bpy.data.objects["mover"]
    return constraint, "has the constraint 'Track To'"


def drive(scene):
    return scene.camera.data.driver_add("lens"), "'camera' is driven"


def on_a_bone(scene):
    rig = bpy.data.objects.new("rig", bpy.data.armatures.new("rig"))
    scene.camera.parent, scene.camera.parent_type = rig, "BONE"
    return rig, "is parented to a bone"


@pytest.mark.parametrize("otherwise", [push_down, constrain, drive, on_a_bone])
def test_what_is_moved_otherwise_has_no_keys_of_its_own(scene, keys, otherwise):
    _, says = otherwise(scene)
    found = keys.keys_of(scene.camera)
    assert found.keys == () and says in found.missing


def test_a_constraint_that_is_off_hides_no_keys(scene, keys):
    constrain(scene)[0].enabled = False
    assert frames_of(keys.keys_of(scene.camera)) == [1, 12]


@pytest.mark.parametrize(
    ("kind", "wanted"), [("BEZIER", {0, 5, 11}), ("LINEAR", {0, 1, 5, 6, 11}), ("CONSTANT", {0, 1, 4, 5, 6, 10, 11})]
)
def test_corners_of_the_motion_need_the_frame_after_too(scene, keys, compat, kind, wanted):
    scene.camera.keyframe_insert("location", frame=6)
    for owner in (scene.camera, scene.camera.data):
        interpolate(compat, owner, kind)
    found, sentences = keys.artist_places(scene, ["camera"] * len(FRAMES), tuple(FRAMES))
    assert found == wanted and sentences == []


def test_keys_are_found_among_every_second_frame_and_in_remapped_time(scene, keys):
    scene.camera.keyframe_insert("location", frame=6)
    found, _ = keys.artist_places(scene, ["camera"] * 4, (1, 5, 9, 13))
    assert found == {0, 1, 3}
    scene.render.frame_map_old, scene.render.frame_map_new = 100, 200
    found, _ = keys.artist_places(scene, ["camera"] * 24, tuple(range(1, 25)))
    assert found == {1, 11, 23}, "key 6 is rendered as frame 12"


def test_after_a_cut_the_other_cameras_keys_count(scene, keys):
    other = bpy.data.objects.new("other", bpy.data.cameras.new("other"))
    scene.collection.objects.link(other)
    for frame in (3, 9):
        other.location.x = frame
        other.keyframe_insert("location", frame=frame)
    found, sentences = keys.artist_places(scene, ["camera"] * 6 + ["other"] * 6, tuple(FRAMES))
    assert found == {0, 8} and sentences == []
    other.constraints.new("TRACK_TO").target = bpy.data.objects["mover"]
    found, sentences = keys.artist_places(scene, ["camera"] * 6 + ["other"] * 6, tuple(FRAMES))
    assert found == {0} and "'other'" in sentences[0]


@pytest.mark.parametrize("target", ["METRIC", "WEBUI"])
def test_exported_schedules_have_keys_where_the_artist_put_them(scene, tmp_path: Path, target):
    scene.camera.location.z = 3
    scene.camera.keyframe_insert("location", frame=6)
    settings = scene.motion_bridge
    settings.schedule_target, settings.schedule_tolerance, settings.schedule_keys = target, 2, "ARTIST"
    bpy.ops.motion_bridge.export(filepath=str(tmp_path / "mine.json"), format="schedules")
    made = keys_of_file(tmp_path / "mine.json")
    moving = [found for name, found in made.items() if found != {0} and not name.startswith(("fov", "aspect"))]
    assert len(moving) >= 3
    assert all({0, 5, 11} <= found for found in moving)
    settings.schedule_keys = "EVERY"
    bpy.ops.motion_bridge.export(filepath=str(tmp_path / "every.json"), format="schedules")
    assert keys_of_file(tmp_path / "every.json")["translation_z"] == set(range(12))


def test_that_a_camera_has_no_keys_is_said(extension, scene, tmp_path: Path, capfd):
    command = importlib.import_module(f"{extension.__name__}.addon.cli.command")
    constrain(scene)
    options = ["--keys", "artist", "--target", "metric"]
    assert command.run(["export", "--format", "schedules", "--output", str(tmp_path / "a.json"), *options]) == 0
    assert "no keys of its own: 'camera' has the constraint 'Track To'" in capfd.readouterr().out


def keys_of_file(path: Path) -> dict[str, set[int]]:
    schedules = json.loads(path.read_text(encoding="utf-8"))["schedules"]
    return {name: {int(key) for key in re.findall(r"(\d+):", text)} for name, text in schedules.items()}
