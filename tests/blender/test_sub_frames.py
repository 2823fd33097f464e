"""Times between frames, which stretched time and speed ramps bring, are read exactly."""

import importlib

import blender_scenes as kinds
import bpy
import numpy as np
import pytest

FRAMES = tuple(range(1, 7))
TWICE = tuple(2 * frame for frame in FRAMES)
NEEDS = ("depth", "objects", "flow", "tracks")


@pytest.fixture
def parts(extension):
    names = ("snapshot", "tracks.sources", "first_frame")
    return {name: importlib.import_module(f"{extension.__name__}.addon.scene.{name}") for name in names}


@pytest.fixture
def read(extension, parts, tmp_path):
    """Frames → the Shot of the current scene, with everything in it."""
    shots = importlib.import_module(f"{extension.__name__}.backend.motion_bridge.shot")
    sources = parts["tracks.sources"]
    followed = (sources.Grid(8), sources.Origin("mover"), sources.Bone("rig", "upper"), sources.Vertices("pole"))

    def read(frames):
        picture = parts["first_frame"].FromPixels(np.zeros((72, 128, 3), np.uint8))
        request = parts["snapshot"].Request(tuple(frames), frozenset(NEEDS), picture, sources=followed)
        taken = parts["snapshot"].snapshot(bpy.context, request)
        folder = tmp_path / f"shot_{len(list(tmp_path.glob('shot_*')))}"
        parts["snapshot"].complete(taken, folder, lambda done, total: None, lambda: False)
        return shots.load(folder)

    return read


@pytest.fixture
def bending(scene):
    kinds.bent_by_bones(scene)
    return scene


def test_stretched_time_passes_through_the_same_moments(bending, read):
    """At half the speed every second frame is one of the frames before: pixel for pixel, bone for bone."""
    plain = read(FRAMES)
    bending.render.frame_map_old, bending.render.frame_map_new = 100, 200
    slow = read(TWICE)
    np.testing.assert_allclose(slow.camera.pose, plain.camera.pose, atol=1e-6)
    np.testing.assert_allclose(slow.camera.intrinsics, plain.camera.intrinsics, atol=1e-4)
    np.testing.assert_allclose(slow.objects.pose, plain.objects.pose, atol=1e-6)
    np.testing.assert_array_equal(slow.objects.index, plain.objects.index)
    np.testing.assert_allclose(slow.depth, plain.depth, rtol=1e-5)
    np.testing.assert_allclose(slow.flow[1:], plain.flow[1:], atol=1e-3)
    np.testing.assert_allclose(slow.tracks.xy, plain.tracks.xy, atol=1e-3)
    np.testing.assert_array_equal(slow.tracks.visible, plain.tracks.visible)
    assert np.ptp(plain.tracks.xy[-1], axis=0).max() > 1


def test_between_them_it_is_where_blender_is_between_frames(bending, read):
    bending.render.frame_map_old, bending.render.frame_map_new = 100, 200
    found = read(range(2, 12))
    bending.render.frame_map_new = 100
    mover = bpy.data.objects["mover"]
    number = found.objects.name.index("mover")
    for at, frame in enumerate(found.frames):
        bending.frame_set(frame // 2, subframe=(frame % 2) / 2)
        np.testing.assert_allclose(found.camera.pose[at, :3, 3], bending.camera.matrix_world.translation, atol=1e-6)
        np.testing.assert_allclose(found.objects.pose[number, at], np.array(mover.matrix_world), atol=1e-6)
    steps = np.linalg.norm(np.diff(found.camera.pose[:, :3, 3], axis=0), axis=1)
    assert (steps > 1e-4).all(), "some frame repeats the one before"


def test_a_speed_ramp_is_read_as_blender_plays_it(bending, read):
    """An NLA strip whose time is keyed: slow, then fast; most of its moments lie between keys of the action."""
    data = bending.camera.animation_data
    strip = data.nla_tracks.new().strips.new("ramp", 1, data.action)
    data.action = None
    strip.use_animated_time = True
    for frame, time in ((1, 1.0), (8, 3.3), (12, 12.0)):
        strip.strip_time = time
        strip.keyframe_insert("strip_time", frame=frame)
    found = read(range(1, 13))
    for at, frame in enumerate(found.frames):
        bending.frame_set(frame)
        np.testing.assert_allclose(found.camera.pose[at, :3, 3], bending.camera.matrix_world.translation, atol=1e-6)
    steps = np.linalg.norm(np.diff(found.camera.pose[:, :3, 3], axis=0), axis=1)
    assert steps.max() > 3 * steps[2]


def test_a_frame_between_two_is_refused(extension, bending, read):
    bad_input = importlib.import_module(f"{extension.__name__}.backend.motion_bridge.errors").BadInput
    with pytest.raises(bad_input, match=r"Frame 2\.5 lies between"):
        read((1, 2.5, 4))
