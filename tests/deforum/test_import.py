"""Schedules become a camera, and the camera becomes the same schedules."""

from dataclasses import replace

import numpy as np
import pytest
from motion_bridge import schedules
from motion_bridge.errors import BadInput
from motion_bridge.schedules import settings_files
from motion_bridge.schedules.camera import camera_import, replay
from motion_bridge.schedules.camera.convention import CHANNELS_3D, motion
from motion_bridge.schedules.camera.metric import metric_schedules
from motion_bridge.schedules.camera.reference_flow import measure_at

FRAMES = 120


def shaken(frames=FRAMES, seed=0):
    rng = np.random.default_rng(seed)
    given = {name: rng.normal(size=frames) * (2 if "rotation" in name else 8) for name in CHANNELS_3D}
    for value in given.values():
        value[0] = 0
    return given | {"fov_schedule": rng.uniform(40, 90, frames)}


@pytest.mark.parametrize("units", [1.0, 0.01, 40.0])
def test_a_camera_made_of_schedules_gives_them_back(units):
    given = shaken()
    pose, fov = camera_import.poses(given, 832, 480, units)
    assert np.allclose(pose[0], np.eye(4)) and np.abs(fov - given["fov_schedule"]).max() < 1e-12
    back = motion(pose, units)
    for c, name in enumerate(CHANNELS_3D):
        assert np.abs(back[:, c] - given[name]).max() < 1e-6


def test_a_camera_survives_being_written_and_read(drawn):
    shot = drawn("handheld")
    context = schedules.Context(max_frames=24)
    values = {name: schedules.values(text, context, name) for name, text in metric_schedules(shot).items()}
    camera = camera_import.camera(values, shot.width, shot.height)
    assert np.abs(shot.camera.pose[0] @ camera.pose - shot.camera.pose).max() < 1e-6
    assert np.abs(camera.intrinsics - shot.camera.intrinsics).max() < 0.01


def test_a_settings_file_becomes_a_camera():
    text = '{"max_frames": 5, "animation_mode": "3D", "translation_z": "0:(0), 1:(10)", "rotation_3d_y": "0:(t)"}'
    read = settings_files.read(text, "a file")
    values, _ = settings_files.evaluate(read, read.context("webui"))
    pose, fov = camera_import.poses({name: np.array(v) for name, v in values.items()}, 832, 480, 1.0)
    assert pose[1, 2, 3] == pytest.approx(0.05, abs=1e-3) and (fov == 70).all()
    assert np.degrees(np.arctan2(pose[4, 0, 2], pose[4, 2, 2])) == pytest.approx(1 + 2 + 3 + 4)


def test_a_2d_file_becomes_an_orthographic_camera_with_the_same_picture_motion(drawn):
    rng = np.random.default_rng(6)
    given = {
        "zoom": rng.uniform(0.95, 1.05, 24),
        "angle": 3 * rng.normal(size=24),
        "translation_x": 5 * rng.normal(size=24),
        "translation_y": 5 * rng.normal(size=24),
        "transform_center_x": np.full(24, 0.4),
        "transform_center_y": np.full(24, 0.7),
    }
    shot = drawn("zoom")
    flat = replace(shot, camera=camera_import.flat_camera(given, shot.width, shot.height), depth=None)
    index = replay.every(16, shot.width, shot.height).index
    words = {name: ", ".join(f"{k}:({v:.12f})" for k, v in enumerate(value)) for name, value in given.items()}
    flow = replay.flow(shot, {"animation_mode": "2D", **words}, index)
    truth = measure_at(flat, index)
    assert truth.size() > 3 and truth.error(flow).mean < 1e-4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fov_schedule": np.full(FRAMES, 180.0)}, "fov_schedule is 180 at frame 0"),
        ({"translation_z": np.zeros(3)}, "translation_z has 3 values"),
        ({"rotation_3d_y": np.full(FRAMES, np.nan)}, "rotation_3d_y at frame 0 is not a number"),
    ],
)
def test_a_camera_that_cannot_be_is_refused(change, message):
    with pytest.raises(BadInput, match=message):
        camera_import.poses({**shaken(), **change}, 832, 480, 1.0)


def test_nothing_to_import_and_no_scale_are_refused():
    with pytest.raises(BadInput, match="no schedules"):
        camera_import.poses({}, 832, 480, 1.0)
    with pytest.raises(BadInput, match="must be positive"):
        camera_import.poses(shaken(), 832, 480, 0.0)
