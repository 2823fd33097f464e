"""What is known of a model's frames: key pictures along the scene's motion, at the model's times and size."""

from dataclasses import replace

import numpy as np
import pytest
from mesh_shots import boxes, shot_of
from motion_bridge.engines.video import clip_plan, clip_scene, known_pixels
from motion_bridge.engines.video.between_frames import affine_between, between, camera_at
from motion_bridge.engines.video.shot_frames import at_shot_frames
from motion_bridge.geometry.scene import scene_of
from motion_bridge.model_registry.video_registry import FAMILIES
from ray_scene import film, flight, intrinsics, looking, placed, stage, trace

VACE = FAMILIES["wan-vace"]
NOTHING = np.zeros((0, 1, 1, 3), np.uint8)


def clip_of(shot, width, height, family=VACE):
    found = clip_plan.plan([number - shot.frames[0] for number in shot.frames], shot.fps, family)
    return found, clip_scene.of_clip(shot, found, found.clips[0], width, height)


def turning(folder, count):
    """A box that turns and travels past a wall, with geometry, under a camera that turns."""
    t = np.linspace(0, 1, count)
    path = placed(count, np.stack([3 * t - 1.5, 0.6 + 0 * t, 4 + 0 * t], -1), (0.7, 0.8, 0.5), 60 * t)
    things = [
        stage(count, ball=False)[0],
        replace(stage(count, ball=False)[2], pose=path, name="box"),
    ]
    poses = [looking((-1 + s, -0.3, -2), (0.2, 0.2, 6)) for s in t]
    matrices = [intrinsics(110 + 30 * s, 96, 64) for s in t]
    first = trace(things, 0, poses[0], matrices[0], False, 96, 64)[0].reshape(64, 96, 3).round().clip(0, 255)
    return shot_of(folder, boxes(things, count), poses, matrices, 96, 64, first=first.astype(np.uint8))


def every_other(shot):
    """The Shot with every other frame, at half the rate."""
    camera, placed = shot.camera, shot.geometry.placements
    camera = replace(
        camera,
        pose=camera.pose[::2],
        intrinsics=camera.intrinsics[::2],
        orthographic=camera.orthographic[::2],
    )
    even = placed.frame % 2 == 0
    frame = (placed.frame[even] // 2).astype(np.int32)
    rows = replace(placed, frame=frame, object=placed.object[even], mesh=placed.mesh[even], pose=placed.pose[even])
    count = len(camera.pose)
    return replace(
        shot,
        frames=tuple(range(1, count + 1)),
        fps=12.0,
        camera=camera,
        geometry=replace(shot.geometry, placements=rows),
    )


def test_with_geometry_the_scene_is_exact_between_frames(tmp_path):
    """Every second frame is left out and interpolated; motion is uniform enough for hundredths of a pixel."""
    shot = turning(tmp_path, 17)
    half = every_other(shot)
    times = np.arange(17) / 2
    between_them = clip_scene.at_times(half, times, 96, 64)
    whole, made = scene_of(shot), scene_of(between_them)
    for k in (1, 5, 15):
        a, b = whole.surfaces(k), made.surfaces(k)
        same = a.index == b.index
        assert same.mean() > 0.99
        np.testing.assert_allclose(b.inverse_depth[same], a.inverse_depth[same], atol=5e-3)
        assert np.abs(b.inverse_depth[same] - a.inverse_depth[same]).mean() < 1e-3


def test_halfway_a_turn_is_half_the_turn_and_its_size_is_kept():
    one, other = placed(1, (0, 0, 0), (2, 1, 1), 0)[0], placed(1, (4, 0, 0), (2, 1, 1), 90)[0]
    np.testing.assert_allclose(affine_between(one, other, 0.5), placed(1, (2, 0, 0), (2, 1, 1), 45)[0], atol=1e-12)


def test_across_a_cut_nothing_is_interpolated():
    shot = film(stage(4), *flight(4, 96, 64), width=96, height=64).shot
    shot = replace(shot, cuts=(3,))
    where = between(shot, np.array([0.5, 1.4, 1.6, 2.0]))
    camera = camera_at(shot.camera, where)
    np.testing.assert_array_equal(camera.pose[1:], shot.camera.pose[[1, 2, 2]])
    assert not np.array_equal(camera.pose[0], shot.camera.pose[0])


@pytest.mark.parametrize("rate", [16.0, 24.0])
def test_known_pixels_show_the_scene_and_holes_what_the_first_frame_does_not_show(rate):
    made = film(stage(9), *flight(9, 160, 96), samples=4)
    shot = replace(made.shot, fps=rate)
    _, clip = clip_of(shot, 160, 96)
    pictures = known_pixels.stacked(known_pixels.of_frames(clip, NOTHING, filled=False))
    assert np.array_equal(pictures.pixels[0], shot.first_frame) and not pictures.hole[0].any()
    last = len(clip.model) - 1 if rate == 16 else next(i for i, p in enumerate(clip.model) if p == clip.model[-1])
    position = int(clip.times[clip.model[last]])
    off = np.abs(pictures.pixels[last].astype(float) - made.truth(position)).max(-1)
    hole = pictures.hole[last]
    assert 0.02 < hole.mean() < 0.6
    assert (pictures.pixels[last][hole] == 127).all()
    assert np.median(off[~hole]) < 4 and np.mean(off[~hole] > 30) < 0.03


def test_a_map_scene_shows_the_nearest_frame_and_the_mask_has_the_models_size():
    shot = film(stage(9), *flight(9, 160, 96)).shot
    plan, clip = clip_of(shot, 96, 64)
    assert np.abs(clip.times[list(clip.model[:5])] - np.arange(5) * 1.5).max() <= 0.5
    known = known_pixels.stacked(known_pixels.of_frames(clip, NOTHING, filled=True))
    assert known.pixels.shape == (plan.clips[0].count, 64, 96, 3) and known.hole.shape == known.pixels.shape[:3]
    assert (known.pixels[-1][known.hole[-1]] != 127).any(), "holes are filled from what lies around them"


def test_carried_frames_are_known_whole_and_show_later_ones_what_no_key_picture_does():
    shot = replace(film(stage(9), *flight(9, 96, 64), width=96, height=64).shot, fps=16.0)
    _, clip = clip_of(shot, 96, 64)
    alone = known_pixels.stacked(known_pixels.of_frames(clip, NOTHING, filled=False))
    carried = np.full((5, 64, 96, 3), 200, np.uint8)
    more = known_pixels.stacked(known_pixels.of_frames(clip, carried, filled=False))
    assert (more.pixels[:5] == 200).all() and not more.hole[:5].any()
    assert more.hole[8].sum() < alone.hole[8].sum()
    told = alone.hole[8] & ~more.hole[8]
    assert (more.pixels[8][told] == 200).all(-1).mean() > 0.95, "ghosts in key pictures aside"


def test_between_the_models_frames_a_picture_moves_with_the_scene_and_is_not_blended():
    made = film(stage(13), *flight(13, 160, 96), samples=4)
    shot = made.shot
    _, clip = clip_of(shot, 160, 96)
    pictures = np.stack([made.truth(int(clip.times[p])).round().clip(0, 255).astype(np.uint8) for p in clip.model])
    found = dict(at_shot_frames(clip, pictures))
    assert sorted(found) == list(range(13))
    for k, picture in found.items():
        off = np.abs(picture.astype(float) - made.truth(k)).max(-1)
        assert np.median(off) < 3 and np.mean(off > 30) < 0.05, k
    blended = (pictures[3].astype(float) + pictures[4]) / 2
    k = int(round((clip.times[clip.model[3]] + clip.times[clip.model[4]]) / 2))
    assert np.abs(found[k] - made.truth(k)).mean() < np.abs(blended - made.truth(k)).mean()
