"""Poses become Deforum motion and come back exactly; the signs are Deforum's."""

import numpy as np
import pytest
from motion_bridge.schedules.camera import convention
from motion_bridge.schedules.camera.convention import CHANNELS_3D, matrices, motion, poses, relative, turns


def random_poses(count, seed=0):
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(count, 3, 3)))
    turn *= np.sign(np.linalg.det(turn))[:, None, None]
    pose = np.tile(np.eye(4), (count, 1, 1))
    pose[:, :3, :3], pose[:, :3, 3] = turn, 5 * rng.normal(size=(count, 3))
    return pose


def test_a_thousand_random_poses_come_back_exactly():
    pose = random_poses(1000)
    value = motion(pose, units=2.5)
    assert np.abs(matrices(value, 2.5)[1:] - relative(pose)).max() < 1e-12
    back = pose[0] @ poses(value, 2.5)
    assert np.abs(back - pose).max() < 1e-10  # a thousand steps in a row


@pytest.mark.parametrize(
    ("channel", "move"),
    [
        ("translation_x", {"to": (0.01, 0, 0)}),  # the camera goes right, in OpenCV axes
        ("translation_y", {"to": (0, -0.01, 0)}),  # up
        ("translation_z", {"to": (0, 0, 0.01)}),  # forward
        ("rotation_3d_x", {"about": (1, 0, 0)}),  # tilts up
        ("rotation_3d_y", {"about": (0, 1, 0)}),  # pans right
        ("rotation_3d_z", {"about": (0, 0, 1)}),  # rolls clockwise
    ],
)
def test_each_channel_is_positive_for_its_own_movement_alone(channel, move):
    pose = np.tile(np.eye(4), (2, 1, 1))
    pose[1, :3, 3] = move.get("to", (0, 0, 0))
    axis = np.array(move.get("about", (0, 0, 0)), float)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    angle = np.radians(2)
    pose[1, :3, :3] = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    value = motion(pose)
    assert (value[0] == 0).all()
    expected = np.zeros(6)
    expected[CHANNELS_3D.index(channel)] = 2.0  # 0.01 of a unit at 200 a unit, or two degrees
    assert np.allclose(value[1], expected, atol=1e-12)


def test_the_slopes_of_a_rotation_are_those_of_small_changes():
    degrees = np.random.default_rng(1).normal(size=(4, 3)) * 30
    _, slopes = convention.turns_and_slopes(degrees)
    for axis in range(3):
        step = 1e-5 * np.eye(3)[axis]
        assert np.allclose(slopes[axis], (turns(degrees + step) - turns(degrees - step)) / 2e-5, atol=1e-9)


def test_a_cut_has_no_motion():
    value = motion(random_poses(5), still={0, 3})
    assert (value[3] == 0).all() and (value[[1, 2, 4]] != 0).any(axis=1).all()
