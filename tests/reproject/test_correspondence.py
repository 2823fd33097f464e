"""Where the points of one frame stood at another, against rays shot into the scene itself."""

from dataclasses import replace

import numpy as np
import pytest
from motion_bridge import shot as shots
from motion_bridge.geometry.camera import pixel_centers, project, transform, unproject
from motion_bridge.geometry.correspondence import where_was
from motion_bridge.geometry.map_scene import one_frame
from motion_bridge.geometry.scene import scene_of
from motion_bridge.geometry.visible_surfaces import widened
from ray_scene import film, flight, intrinsics, looking, stage, trace

WIDTH, HEIGHT, COUNT = 160, 96, 12
PAIRS = [(11, 0), (0, 11), (7, 6), (4, 9)]


def perspective():
    return film(stage(COUNT), *flight(COUNT, WIDTH, HEIGHT), WIDTH, HEIGHT)


def mirrored():
    return film(stage(COUNT), *flight(COUNT, WIDTH, HEIGHT, mirrored=True), WIDTH, HEIGHT)


def orthographic():
    poses, _ = flight(COUNT, WIDTH, HEIGHT)
    zoom = [intrinsics(14 + k / 2, WIDTH, HEIGHT) for k in range(COUNT)]
    return film(stage(COUNT), poses, zoom, WIDTH, HEIGHT, orthographic=True)


@pytest.fixture(params=[perspective, mirrored, orthographic], ids=lambda made: made.__name__, scope="module")
def scene(request):
    return request.param()


def expected(shot, k, j):
    """Position and depth at frame j by the plain way: to the world, along with the object, into the other camera."""
    camera, index = shot.camera, shot.objects.index[k]
    depth = np.where(index > 0, shot.depth[k], 1.0)
    points = unproject(pixel_centers(shot.width, shot.height), depth, camera.intrinsics[k], camera.orthographic[k])
    points = transform(camera.pose[k], points)
    for number, pose in enumerate(shot.objects.pose, 1):
        points[index == number] = transform(pose[j] @ np.linalg.inv(pose[k]), points[index == number])
    points = transform(np.linalg.inv(camera.pose[j]), points)
    return project(points, camera.intrinsics[j], camera.orthographic[j]), points[..., 2]


@pytest.mark.parametrize("pair", PAIRS)
def test_positions_are_those_of_the_points_in_space(scene, pair):
    xy, _ = where_was(scene.shot, *pair)
    truth, depth = expected(scene.shot, *pair)
    thing = (scene.shot.objects.index[pair[0]] > 0) & (depth > 0)
    assert thing.mean() > 0.5
    assert np.abs(xy - truth)[thing].max() < 1e-3
    assert np.linalg.norm(xy - pixel_centers(WIDTH, HEIGHT), axis=-1)[thing].mean() > 0.5  # something moved at all


@pytest.mark.parametrize("pair", PAIRS)
def test_a_point_is_seen_exactly_where_a_ray_reaches_it(scene, pair):
    k, j = pair
    shot, camera = scene.shot, scene.shot.camera
    _, seen = where_was(shot, k, j)
    place, depth = expected(shot, k, j)
    inside = ((place > 0) & (place < (WIDTH, HEIGHT))).all(-1) & (depth > 0)
    thing = shot.objects.index[k] > 0
    view = camera.pose[j], camera.intrinsics[j], camera.orthographic[j]
    _, reached, what = trace(scene.things, j, *view, WIDTH, HEIGHT, at=place.reshape(-1, 2))
    same = (np.abs(reached.reshape(depth.shape) - depth) < 0.01) & (what.reshape(depth.shape) == shot.objects.index[k])
    truth = inside & same
    row, column = (np.clip(place[..., axis].astype(int), 0, side - 1) for axis, side in ((1, HEIGHT), (0, WIDTH)))
    clear = thing & ~(inside & widened(scene_of(shot).surfaces(j).fringe, 1)[row, column])
    agree = (seen == truth)[clear]
    assert agree.mean() > 0.999
    assert agree[~truth[clear]].mean() > 0.995
    assert (~truth[clear & inside]).sum() > 50 or abs(k - j) == 1  # the scene does hide things


def test_sky_turns_with_the_camera_and_never_shifts():
    matrix = intrinsics(150, WIDTH, HEIGHT)
    poses = [looking((0, 0, 0), (0, -3, 1)), looking((5, 2, -4), (5.3, -1, -3))]
    shot = film(stage(2), poses, [matrix, matrix], WIDTH, HEIGHT).shot
    assert (shot.objects.index[1] == 0).all()
    xy, seen = where_was(shot, 1, 0)
    rays = unproject(pixel_centers(WIDTH, HEIGHT), np.ones((HEIGHT, WIDTH)), matrix)
    turn = poses[0][:3, :3].T @ poses[1][:3, :3]
    truth = project(rays @ turn.T, matrix)
    inside = ((truth > 0) & (truth < (WIDTH, HEIGHT))).all(-1)
    assert 0.2 < inside.mean() < 1
    assert np.abs(xy - truth)[inside].max() < 1e-6
    assert (seen == inside).mean() > 0.999


def test_the_sky_of_an_orthographic_camera_stays_where_it_is():
    poses = [looking((0, 0, 0), (0, -3, 1)), looking((5, 2, -4), (5.3, -1, -3))]
    shot = film(stage(2), poses, [intrinsics(9, WIDTH, HEIGHT)] * 2, WIDTH, HEIGHT, orthographic=True).shot
    sky = shot.objects.index[1] == 0
    xy, seen = where_was(shot, 1, 0)
    assert sky.any()
    assert (xy[sky] == pixel_centers(WIDTH, HEIGHT)[sky]).all()
    assert (seen[sky] == (shot.objects.index[0] == 0)[sky]).mean() > 0.99


def test_half_precision_depth_tells_hidden_from_seen_as_well():
    scene = perspective()
    _, whole = where_was(scene.shot, 11, 0)
    _, half = where_was(replace(scene.shot, depth=scene.shot.depth.astype(np.float16)), 11, 0)
    assert (whole == half).mean() > 0.995


def test_without_objects_everything_stands_still():
    scene = film(stage(COUNT, ball=False), *flight(COUNT, WIDTH, HEIGHT), WIDTH, HEIGHT)
    xy, seen = where_was(scene.shot, 9, 2)
    alone_xy, alone_seen = where_was(replace(scene.shot, objects=None), 9, 2)
    assert np.array_equal(xy, alone_xy, equal_nan=True)
    assert (seen == alone_seen).mean() > 0.99


def test_a_frame_of_a_mapped_array_is_read_from_its_file(tmp_path):
    shots.save(perspective().shot, tmp_path)
    shot = shots.load(tmp_path)
    assert shot.depth is not None and shot.objects is not None
    for k in (0, 5, 11):
        assert np.array_equal(one_frame(shot.depth, k), np.load(tmp_path / "depth.npy")[k])
        assert np.array_equal(one_frame(shot.objects.index, k), np.load(tmp_path / "objects.index.npy")[k])
    assert np.array_equal(one_frame(shot.depth[2:], 3), shot.depth[5])
