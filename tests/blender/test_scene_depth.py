"""Depth, moving objects and grid tracks of a Shot against the passes of Cycles."""

import importlib
from pathlib import Path

import blender_scenes as kinds
import bpy
import cycles_passes as truth
import numpy as np
import pytest

FRAMES = (1, 2, 3, 6)


@pytest.fixture
def read(extension, tmp_path):
    """Request fields → the Shot of the current scene, complete."""
    reading = importlib.import_module(f"{extension.__name__}.addon.scene.snapshot")
    sources = importlib.import_module(f"{extension.__name__}.addon.scene.first_frame")
    shots = importlib.import_module(f"{extension.__name__}.backend.motion_bridge.shot")

    def read(frames=FRAMES, needs=("depth", "objects"), grid=0):
        render = bpy.context.scene.render
        share = render.resolution_percentage
        picture = np.zeros((render.resolution_y * share // 100, render.resolution_x * share // 100, 3), np.uint8)
        request = reading.Request(tuple(frames), frozenset(needs), sources.FromPixels(picture), grid=grid)
        folder = tmp_path / "shot"
        taken = reading.snapshot(bpy.context, request)
        reading.complete(taken, folder, lambda done, total: None, lambda: False)
        shot = shots.load(Path(folder))
        return shot, taken.notes

    return read


KINDS = [
    kinds.plain,
    kinds.mirrored,
    kinds.sheared,
    kinds.orthographic,
    kinds.clipped,
    kinds.deforming,
    kinds.curves_text_and_metaballs,
    kinds.instances,
    kinds.otherwise_in_the_viewport,
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__.replace("_", " "))
def test_depth_is_what_cycles_measures(scene, read, kind):
    kind(scene)
    shot, _ = read()
    for at in (0, 3):
        theirs = truth.passes(scene, FRAMES[at], "Z")["Z"][..., 0] * truth.axis_scale(scene.camera)
        ours = shot.depth[at]
        clear = truth.off_edges(theirs)
        assert clear.mean() > 0.5
        assert (np.isinf(ours) == (theirs > 1e9))[clear].mean() > 0.999
        both = clear & np.isfinite(ours) & (theirs < 1e9)
        error = np.abs(ours[both] / theirs[both] - 1)
        assert np.median(error) < 5e-5
        assert np.quantile(error, 0.99) < 1e-4, f"{np.quantile(error, 0.99):.1e}"


def test_moving_things_have_their_own_number_and_pose_and_all_else_is_static(scene, read):
    for number, name in enumerate(("floor", "pillar", "mover"), 1):
        bpy.data.objects[name].pass_index = number
    shot, _ = read()
    assert shot.objects.name == ("static", "mover")
    for at, frame in enumerate(FRAMES):
        scene.frame_set(frame)
        np.testing.assert_allclose(shot.objects.pose[0, at], np.eye(4))
        np.testing.assert_allclose(shot.objects.pose[1, at], np.array(bpy.data.objects["mover"].matrix_world))
    theirs = truth.passes(scene, 6, "Index")["Index"][..., 0]
    expected = np.choose(theirs.astype(int), [0, 1, 1, 2])
    assert (shot.objects.index[3] == expected).mean() > 0.99
    assert (expected == 2).sum() > 50


def test_a_thing_that_is_flat_or_absent_for_a_while_keeps_a_usable_pose(scene, read):
    mover = bpy.data.objects["mover"]
    for frame, scale, hidden in ((1, 1.0, False), (2, 0.0, False), (3, 1.0, True), (6, 1.0, False)):
        mover.scale = (scale, scale, scale)
        mover.hide_render = hidden
        mover.keyframe_insert("scale", frame=frame)
        mover.keyframe_insert("hide_render", frame=frame)
    shot, _ = read()
    seen = [(shot.objects.index[at] == 2).sum() for at in range(4)]
    assert seen[0] > 50 and seen[1] == 0 and seen[2] == 0 and seen[3] > 50
    assert (np.abs(np.linalg.det(shot.objects.pose[1, :, :3, :3])) > 0.1).all()


def test_nothing_but_sky_is_infinitely_far(scene, read):
    for thing in list(scene.objects):
        if thing.type == "MESH":
            bpy.data.objects.remove(thing)
    shot, _ = read(grid=4)
    assert np.isinf(shot.depth).all() and (shot.objects.index == 0).all()
    assert set(shot.tracks.name) == {"background"} and shot.tracks.visible[:, 0].all()


def test_a_picture_of_one_pixel_is_read(scene, read):
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 4, 4, 25
    shot, _ = read(grid=2)
    assert shot.depth.shape == (4, 1, 1) and shot.tracks.xy.shape == (4, 4, 2)


def test_frames_before_zero_and_frames_that_are_left_out_are_read(scene, read):
    shot, _ = read(frames=(-5, 0, 12))
    scene.frame_set(12)
    np.testing.assert_allclose(shot.camera.pose[2, :3, 3], np.array(scene.camera.matrix_world)[:3, 3], atol=1e-6)
    assert shot.frames == (-5, 0, 12)


def test_only_what_is_asked_for_is_made(scene, read):
    shot, _ = read(needs=())
    assert shot.depth is None and shot.objects is None and shot.tracks is None


def test_the_shot_can_be_stopped_while_it_is_made(scene, extension, tmp_path):
    reading = importlib.import_module(f"{extension.__name__}.addon.scene.snapshot")
    sources = importlib.import_module(f"{extension.__name__}.addon.scene.first_frame")
    errors = importlib.import_module(f"{extension.__name__}.backend.motion_bridge.errors")
    picture = sources.FromPixels(np.zeros((72, 128, 3), np.uint8))
    taken = reading.snapshot(bpy.context, reading.Request((1, 2, 3), frozenset({"depth"}), picture))
    done = []
    with pytest.raises(errors.Cancelled, match="frame 2"):
        reading.complete(taken, tmp_path / "shot", lambda at, total: done.append((at, total)), lambda: bool(done))
    assert done == [(1, 3)] and not (tmp_path / "shot/shot.json").exists()
