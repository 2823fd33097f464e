"""Scenes known by their geometry: what is drawn is what rays see, and surfaces that deform are followed exactly."""

from dataclasses import replace

import numpy as np
import pytest
from mesh_shots import CORNERS, FACES, boxes, sheet, shot_of, waving
from motion_bridge.geometry.camera import pixel_centers, project, transform
from motion_bridge.geometry.computed_maps import with_maps
from motion_bridge.geometry.correspondence import follow, where_was
from motion_bridge.geometry.rasterizer import barycentric
from motion_bridge.geometry.scene import scene_of
from motion_bridge.geometry.visible_surfaces import widened
from ray_scene import Thing, film, flight, intrinsics, looking, placed, stage

WIDTH, HEIGHT, COUNT = 160, 96, 8
STILL = looking((0, 0, -3), (0, 0, 6))


def mover():
    at = np.stack([np.linspace(-2, 2, COUNT), np.full(COUNT, 1.0), np.full(COUNT, 5.0)], -1)
    return Thing("mover", "block", placed(COUNT, at, (0.6, 0.6, 0.6), np.linspace(0, 90, COUNT)), (80, 110, 200))


@pytest.fixture(scope="module", params=["perspective", "mirrored", "orthographic"])
def pair(request, tmp_path_factory):
    """The same scene twice: traced, with maps, and as geometry."""
    things = [*stage(COUNT, ball=False), mover()]
    poses, matrices = flight(COUNT, WIDTH, HEIGHT, request.param == "mirrored")
    flat = request.param == "orthographic"
    if flat:
        matrices = [intrinsics(14 + k / 2, WIDTH, HEIGHT) for k in range(COUNT)]
        poses = [pose @ placed(1, (0, 0, -12))[0] for pose in poses]  # before everything: rays miss what they start in
    traced = film(things, poses, matrices, WIDTH, HEIGHT, orthographic=flat)
    folder = tmp_path_factory.mktemp("geometry")
    drawn = shot_of(folder, boxes(things, COUNT), poses, matrices, WIDTH, HEIGHT, flat, traced.shot.first_frame)
    return traced, drawn


def test_computed_maps_are_those_of_rays(pair):
    traced, drawn = pair
    maps = with_maps(drawn)
    assert traced.shot.depth is not None and maps.depth is not None
    assert maps.objects.name == ("static", "mover")
    np.testing.assert_allclose(maps.objects.pose, traced.shot.objects.pose, atol=1e-12)
    assert maps.depth.shape == traced.shot.depth.shape and maps.depth.dtype == np.float32
    for k in (0, 3, COUNT - 1):
        truth, index = traced.shot.depth[k], traced.shot.objects.index[k]
        same = maps.objects.index[k] == index
        assert same.mean() > 0.999
        clear = same & (index > 0) & ~widened(scene_of(drawn).surfaces(k).fringe, 1)
        assert clear.mean() > 0.4
        np.testing.assert_allclose(maps.depth[k][clear], truth[clear], rtol=1e-4)


def test_points_go_where_those_of_the_maps_go(pair):
    traced, drawn = pair
    for k, j in ((COUNT - 1, 0), (0, COUNT - 1), (4, 3)):
        xy, seen = where_was(drawn, k, j)
        truth, truly_seen = where_was(traced.shot, k, j)
        clear = ~widened(scene_of(drawn).surfaces(k).fringe, 1) & np.isfinite(truth).all(-1)
        assert np.abs(xy - truth)[clear].max() < 0.02
        assert (seen == truly_seen)[clear].mean() > 0.995


def test_flow_is_where_a_pixel_was_minus_where_it_is(pair):
    _, drawn = pair
    flow = with_maps(drawn).flow
    assert flow is not None and not flow[0].any()
    xy, _ = where_was(drawn, 5, 4)
    known = np.isfinite(xy).all(-1)
    np.testing.assert_allclose(flow[5][known], (xy - pixel_centers(WIDTH, HEIGHT))[known], atol=1e-4)


def test_maps_may_be_sliced_as_arrays_are(pair):
    _, drawn = pair
    depth = with_maps(drawn).depth
    assert depth is not None
    whole = np.asarray(depth)
    assert whole.shape == depth.shape
    np.testing.assert_array_equal(depth[-1], whole[-1])
    np.testing.assert_array_equal(depth[2, ::8, ::8], whole[2, ::8, ::8])
    np.testing.assert_array_equal(depth[1, [4, 9], [3, 7]], whole[1, [4, 9], [3, 7]])
    np.testing.assert_array_equal(depth[1:7:3], whole[1:7:3])
    with pytest.raises(IndexError):
        depth[len(depth)]


def test_the_same_scene_is_drawn_at_another_size(pair):
    """Not sampled from the large one: every pixel's depth is that of its own center."""
    _, drawn = pair
    lens = np.diag([0.5, 0.5, 1]) @ drawn.camera.intrinsics
    small = replace(drawn, width=WIDTH // 2, height=HEIGHT // 2, camera=replace(drawn.camera, intrinsics=lens))
    whole, half = with_maps(drawn).depth, with_maps(small).depth
    assert whole is not None and half is not None
    tall, found = whole[2].reshape(HEIGHT // 2, 2, WIDTH // 2, 2), half[2]
    between = (found >= tall.min((1, 3)) * 0.999) & (found <= tall.max((1, 3)) * 1.001)
    assert between.mean() > 0.98


def bent(tmp_path, poses, matrices, count=COUNT, turned=False):
    """A sheet that waves before a wall, under any camera; and what it is made of."""
    frames = waving(count)
    pose = placed(count, (0, 0, 4), (1.5, 1.5, 1.5), np.linspace(0, 30, count) if turned else 0)
    wall = [(CORNERS, FACES, placed(count, (0, 0, 9), (9, 9, 0.5))[k]) for k in range(count)]
    cloth = [(*frame, pose[k]) for k, frame in enumerate(frames)]
    shot = shot_of(
        tmp_path, [("wall", (0.5,) * 3, wall), ("cloth", (0.8, 0.2, 0.1), cloth)], poses, matrices, WIDTH, HEIGHT
    )
    return shot, frames, pose


@pytest.mark.parametrize(("k", "j"), [(COUNT - 1, 0), (0, COUNT - 1), (5, 4)])
def test_a_surface_that_deforms_is_followed_point_by_point(tmp_path, k, j):
    """Mean error at most 0.05 px against triangle and barycentric coordinates carried the plain way."""
    poses, matrices = flight(COUNT, WIDTH, HEIGHT)
    shot, frames, pose = bent(tmp_path, poses, matrices, turned=True)
    scene = scene_of(shot)
    here = scene.surfaces(k)
    found = follow(scene, k, j, here, scene.surfaces(j))
    cloth = np.flatnonzero(here.parts.ravel() == 2)
    assert len(cloth) > 1000
    camera, view = shot.camera, scene.view(k)
    faces = frames[0][1]
    triangle = here.triangle.ravel()[cloth] - len(FACES)
    now, then = (
        transform(np.linalg.inv(camera.pose[at]), transform(pose[at], frames[at][0].astype(np.float32).astype(float)))
        for at in (k, j)
    )
    pixels = pixel_centers(WIDTH, HEIGHT).reshape(-1, 2)[cloth]
    weight = barycentric(pixels, 1 / here.inverse_depth.ravel()[cloth].astype(float), now[faces[triangle]], view)
    place = (weight[..., None] * then[faces[triangle]]).sum(1)
    truth = project(place, camera.intrinsics[j])
    moved = np.stack([found.x, found.y], -1)[cloth]
    error = np.linalg.norm(moved - truth, axis=-1)
    print(f"mean {error.mean():.6f} px, max {error.max():.6f} px")
    assert error.mean() < 0.05 and error.max() < 0.5
    assert np.abs(moved - pixels).mean() > 1, "something moved at all"
    np.testing.assert_allclose(found.inverse_depth[cloth], 1 / place[:, 2], rtol=1e-3)
    assert found.seen[cloth].mean() > 0.5
    rigid = transform(
        np.linalg.inv(camera.pose[j]),
        transform(
            pose[j] @ np.linalg.inv(pose[k]),
            transform(camera.pose[k], (weight[..., None] * now[faces[triangle]]).sum(1)),
        ),
    )
    by_matrix = np.linalg.norm(project(rigid, camera.intrinsics[j]) - truth, axis=-1)
    assert by_matrix.mean() > 10 * error.mean(), "its object's matrix alone would be wrong"


def test_an_orthographic_camera_follows_it_too_and_between_the_two_kinds(tmp_path):
    lens, flat = intrinsics(150, WIDTH, HEIGHT), intrinsics(20, WIDTH, HEIGHT)
    shot, frames, pose = bent(tmp_path, [STILL] * COUNT, [lens, flat, flat, *[lens] * (COUNT - 3)])
    kinds = np.array([False, True, True, *[False] * (COUNT - 3)])
    scene = scene_of(replace(shot, camera=replace(shot.camera, orthographic=kinds)))
    for k, j in ((1, 2), (0, 1), (2, 0)):
        here = scene.surfaces(k)
        found = follow(scene, k, j, here, scene.surfaces(j))
        cloth = here.parts.ravel() == 2
        world = transform(pose[j], frames[j][0].astype(np.float32).astype(float))
        points = transform(np.linalg.inv(STILL), world)
        reached = project(points, scene.shot.camera.intrinsics[j], bool(kinds[j]))
        low, high = reached.min(0) - 0.1, reached.max(0) + 0.1
        xy = np.stack([found.x, found.y], -1)[cloth]
        assert ((xy > low) & (xy < high)).all() and cloth.sum() > 100
        depth = 1 / found.inverse_depth[cloth]
        assert ((depth > points[:, 2].min() - 1e-3) & (depth < points[:, 2].max() + 1e-3)).all()
        assert found.seen[cloth].mean() > 0.6


def test_what_was_not_there_or_was_connected_otherwise_was_not_seen(tmp_path):
    (vertices, faces), (fewer, other) = sheet(12), sheet(9)
    pose = placed(3, (0, 0, 4))
    changes = [(vertices, faces, pose[0]), (fewer, other, pose[1]), (fewer, other, pose[2])]
    comes = [None, (CORNERS, FACES, placed(1, (2, 0, 4))[0]), (CORNERS, FACES, placed(1, (2, 0, 4))[0])]
    objects = [("changes", (1, 0, 0), changes), ("comes", (0, 1, 0), comes)]
    shot = shot_of(tmp_path, objects, [STILL] * 3, [intrinsics(150, WIDTH, HEIGHT)] * 3, WIDTH, HEIGHT)
    index = scene_of(shot).surfaces(1).parts
    assert (index == 1).sum() > 100 and (index == 2).sum() > 100
    _, seen = where_was(shot, 1, 0)
    assert not seen[index > 0].any()
    _, seen = where_was(shot, 2, 1)
    assert seen.all()


def test_a_flat_object_that_moves_is_followed(tmp_path):
    """A plane may have a scale of zero along its normal, and no inverse."""
    flat = placed(2, [(0, 0, 4), (0.5, 0, 4)], (1, 1, 0))
    assert np.linalg.det(flat[0]) == 0
    shot = shot_of(
        tmp_path,
        [("plane", (1, 0, 0), [(*sheet(3), flat[0]), (*sheet(3), flat[1])])],
        [STILL] * 2,
        [intrinsics(150, WIDTH, HEIGHT)] * 2,
        WIDTH,
        HEIGHT,
    )
    xy, seen = where_was(shot, 1, 0)
    mine = scene_of(shot).surfaces(1).parts == 1
    step = (xy - pixel_centers(WIDTH, HEIGHT))[mine]
    np.testing.assert_allclose(step, np.broadcast_to((-0.5 * 150 / 7, 0), step.shape), atol=1e-3)
    assert seen[mine].mean() > 0.95


def test_a_scene_of_depth_alone_stands_still(tmp_path):
    things = stage(COUNT, ball=False)
    poses, matrices = flight(COUNT, WIDTH, HEIGHT)
    shot = film(things, poses, matrices, WIDTH, HEIGHT).shot
    _, seen = where_was(replace(shot, objects=None), 6, 2)
    _, known = where_was(shot, 6, 2)
    assert (seen == known).mean() > 0.99
