"""Simulated things are where playing the animation from its start would put them, whatever frames are asked for."""

import importlib

import bpy
import numpy as np
import pytest


@pytest.fixture
def read(extension, tmp_path):
    parts = {n: importlib.import_module(f"{extension.__name__}.addon.scene.{n}") for n in ("snapshot", "first_frame")}
    shots = importlib.import_module(f"{extension.__name__}.backend.motion_bridge.shot")

    def read(frames, needs=("depth", "objects")):
        picture = parts["first_frame"].FromPixels(np.zeros((72, 128, 3), np.uint8))
        request = parts["snapshot"].Request(tuple(frames), frozenset(needs), picture)
        parts["snapshot"].complete(
            parts["snapshot"].snapshot(bpy.context, request), tmp_path / "shot", lambda *_: None, lambda: False
        )
        return shots.load(tmp_path / "shot")

    return read


def played(scene, frames, place):
    """What `place` says at some frames, when every frame since the first has been played."""
    found = {}
    for frame in range(1, max(frames) + 1):
        scene.frame_set(frame)
        found[frame] = np.array(place(bpy.context.evaluated_depsgraph_get()))
    return [found[frame] for frame in frames]


def falling(scene, thing):
    bpy.context.view_layer.objects.active = thing
    thing.animation_data_clear()
    thing.location.z = 3
    bpy.ops.rigidbody.object_add()
    scene.rigidbody_world.point_cache.frame_end = 50
    scene.frame_set(1)


def test_rigid_bodies_fall_though_frames_are_left_out(scene, read):
    mover = bpy.data.objects["mover"]
    falling(scene, mover)
    shot = read((1, 8, 15))
    theirs = played(scene, (1, 8, 15), lambda depsgraph: mover.evaluated_get(depsgraph).matrix_world)
    np.testing.assert_allclose(shot.objects.pose[shot.objects.name.index("mover")], theirs, atol=1e-6)
    assert theirs[0][2, 3] - theirs[2][2, 3] > 0.5


def test_a_camera_that_rides_on_a_rigid_body_is_read_though_nothing_else_is_asked_for(scene, read):
    mover, camera = bpy.data.objects["mover"], scene.camera
    falling(scene, mover)
    camera.parent = mover
    shot = read(range(1, 16), needs=())
    theirs = played(scene, range(1, 16), lambda depsgraph: camera.evaluated_get(depsgraph).matrix_world)
    np.testing.assert_allclose(shot.camera.pose[:, :3, 3], np.array(theirs)[:, :3, 3], atol=1e-6)


def test_cloth_hangs_as_it_does_when_played(scene, read):
    bpy.ops.mesh.primitive_grid_add(size=2, location=(0, -2, 3), x_subdivisions=12, y_subdivisions=12)
    cloth = bpy.context.object
    cloth.modifiers.new("cloth", "CLOTH")
    scene.frame_set(1)
    read((1, 15))
    scene.frame_set(1)
    twice = np.array(read((15,)).depth[0])

    def height(depsgraph):
        return np.mean([vertex.co.z for vertex in cloth.evaluated_get(depsgraph).data.vertices])

    ours = np.array(read((1, 15)).depth[1])
    assert played(scene, (1, 15), height)[1] < -0.3
    np.testing.assert_array_equal(ours, twice)


def test_the_scene_stands_at_its_frame_again(scene, read):
    falling(scene, bpy.data.objects["mover"])
    scene.frame_set(5, subframe=0.5)
    read((1, 8))
    assert (scene.frame_current, scene.frame_subframe) == (5, 0.5)


def test_a_baked_simulation_is_not_played_again(scene, read, extension):
    physics = importlib.import_module(f"{extension.__name__}.addon.scene.geometry.simulations")
    assert physics.first_step(scene) is None
    falling(scene, bpy.data.objects["mover"])
    assert physics.first_step(scene) == 1
    bpy.ops.ptcache.bake_all(bake=True)
    assert physics.first_step(scene) is None
