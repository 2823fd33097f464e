"""Where reproject fetches its colors, against what Cycles says of the motion: a static scene at 832×480.

The camera moves in all six degrees while its lens changes.
"""

import importlib

import bpy
import cycles_passes as truth
import numpy as np
import pytest

WIDTH, HEIGHT = 832, 480
LAST, NOW = 5, 6
KEYS = {1: ((0, -7, 2.2), (1.35, 0.0, 0.0), 35), 12: ((2.2, -5, 2.9), (1.25, 0.25, 0.3), 48)}  # place, turn, lens


@pytest.fixture
def flight(scene):
    """The scene with nothing in it that moves but the camera, which moves in every way it can."""
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    bpy.data.objects["mover"].animation_data_clear()
    camera = scene.camera
    for frame, (place, turn, lens) in KEYS.items():
        camera.location, camera.rotation_euler, camera.data.lens = place, turn, lens
        camera.keyframe_insert("location", frame=frame)
        camera.keyframe_insert("rotation_euler", frame=frame)
        camera.data.keyframe_insert("lens", frame=frame)
    return scene


@pytest.fixture
def found(extension, flight, tmp_path):
    """A function: what the project makes of the scene, as the pixels of frame NOW at frame LAST, and where they count.

    They count where something is, away from silhouettes: there Cycles' sample and ours may see different things.
    """
    name = extension.__name__
    reading = importlib.import_module(f"{name}.addon.scene.snapshot")
    sources = importlib.import_module(f"{name}.addon.scene.first_frame")
    shots = importlib.import_module(f"{name}.backend.motion_bridge.shot")
    correspondence = importlib.import_module(f"{name}.backend.motion_bridge.geometry.correspondence")
    scene = importlib.import_module(f"{name}.backend.motion_bridge.geometry.scene")

    def find():
        picture = sources.FromPixels(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
        request = reading.Request((LAST, NOW), frozenset({"depth", "objects"}), picture)
        reading.complete(reading.snapshot(bpy.context, request), tmp_path / "shot", lambda *_: None, lambda: False)
        shot = shots.load(tmp_path / "shot")
        xy, seen = correspondence.where_was(shot, 1, 0)
        here = scene.scene_of(shot).surfaces(1)
        return xy, seen, (here.inverse_depth > 0) & ~here.fringe

    return find


def check(error, counts):
    """The numbers that the project promises."""
    assert counts.mean() > 0.5
    assert error[counts].mean() <= 0.05, f"mean {error[counts].mean():.5f} px"
    assert error[counts].max() <= 0.5, f"max {error[counts].max():.5f} px"
    print(f"mean {error[counts].mean():.6f} px, max {error[counts].max():.6f} px, {counts.mean():.1%} of the picture")


def centers():
    return np.stack(np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5), -1)


def test_positions_are_those_of_the_vector_pass(flight, found):
    if bpy.app.version < (4, 5, 0):  # there the pass is wrong where the lens is animated
        flight.camera.data.animation_data_clear()
    xy, _, counts = found()
    vector = truth.passes(flight, NOW, "Vector")["Vector"]
    motion = vector[..., :2] * (1, -1)  # y points up in the pass
    assert np.linalg.norm(motion, axis=-1)[counts].mean() > 3
    check(np.linalg.norm(xy - centers() - motion, axis=-1), counts)


def test_positions_are_those_of_the_position_pass_through_blenders_own_camera(flight, found):
    xy, seen, counts = found()
    points = truth.passes(flight, NOW, "Position")["Position"][..., :3].reshape(-1, 3)
    flight.frame_set(LAST)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    camera = flight.camera.evaluated_get(depsgraph)
    projection = np.array(camera.calc_matrix_camera(depsgraph, x=WIDTH, y=HEIGHT))
    world = np.linalg.inv(np.array(camera.matrix_world.normalized()))
    clip = np.column_stack([points, np.ones(len(points))]) @ (projection @ world).T
    place = (clip[:, :2] / clip[:, 3:] * (1, -1) + 1) / 2 * (WIDTH, HEIGHT)
    error = np.linalg.norm(xy - place.reshape(HEIGHT, WIDTH, 2), axis=-1)
    check(error, counts)
    inside = ((place > 0) & (place < (WIDTH, HEIGHT))).all(-1).reshape(HEIGHT, WIDTH)
    assert not seen[counts & ~inside & (error < 0.5)].any()
    assert seen[counts & inside].mean() > 0.9
