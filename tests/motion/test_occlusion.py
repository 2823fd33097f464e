"""What is looked through once for many frames says of every point what asking all triangles at each frame says."""

import numpy as np
import pytest
from motion_bridge.geometry.camera import project, transform
from motion_bridge.geometry.occlusion import intervals
from motion_bridge.geometry.occlusion.clusters import around, clustered
from motion_bridge.geometry.occlusion.intervals import find_occlusion, nearest
from motion_bridge.geometry.point_query import query_points
from motion_bridge.geometry.rasterizer import View

WIDTH, HEIGHT, FRAMES = 160, 90, 20
VIEW = View(np.array([[150.0, 0, 80], [0, 150, 45], [0, 0, 1]]), WIDTH, HEIGHT, 0.1, 100.0)


def surfaces(random, near):
    """Small triangles at many depths, a few large ones, some around the eye itself."""
    middle = random.uniform([-6, -4, near], [6, 4, 12], (3000, 3))
    size = random.choice([0.1, 0.4, 3.0], (3000, 1, 1), p=[0.6, 0.39, 0.01])
    corners = middle[:, None] + size * random.normal(size=(3000, 3, 3))
    return corners.reshape(-1, 3), np.arange(9000).reshape(-1, 3)


def path(random, step):
    """Poses that go `step` a frame in some direction, and turn a little."""
    poses = np.tile(np.eye(4), (FRAMES, 1, 1))
    way = random.normal(size=3)
    for at, pose in enumerate(poses):
        turn = 0.004 * at
        pose[:3, :3] = [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]
        pose[:3, 3] = way / np.linalg.norm(way) * step * at
    return poses


def points(random, corners, triangles):
    """Points on some of the triangles, and directions."""
    weight = random.dirichlet([1, 1, 1], 300)
    on = np.einsum("nc,ncx->nx", weight, corners[triangles[random.choice(len(triangles), 300)]])
    directions = random.normal(size=(100, 3)) * (0.4, 0.2, 0) + (0, 0, 1)
    return np.concatenate([on, directions]), np.arange(400) >= 300


def in_camera(places, infinite, to_camera):
    return np.where(infinite[:, None], places @ to_camera[:3, :3].T, transform(to_camera, places))


@pytest.mark.slow
@pytest.mark.parametrize("step", [0.0, 0.002, 0.01, 0.04])
@pytest.mark.parametrize("near", [-1.0, 3.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_same_points_are_hidden(seed, near, step):
    random = np.random.default_rng(seed)
    corners, triangles = surfaces(random, near)
    poses = path(random, step)
    places, infinite = points(random, corners, triangles)
    clusters, asked_for = clustered(corners, triangles), random.random(len(places)) < 0.9
    opaque = random.random(len(triangles)) < 0.9
    theirs_to_ask = triangles[clusters.number[opaque]]
    window, compared, hidden = None, 0, 0
    for at, pose in enumerate(poses):
        if window is None or window.last < at:
            window = find_occlusion(places, infinite, asked_for, clusters, opaque, poses, range(at, FRAMES), VIEW)
        if window is None:
            continue
        to_camera = np.linalg.inv(pose)
        local = in_camera(places, infinite, to_camera)
        pixels = project(local, VIEW.intrinsics)
        assert not (window.known & ~asked_for).any()
        asked = window.known & (local[:, 2] > VIEW.near) & (pixels >= 0).all(axis=1)
        asked &= (pixels < (WIDTH, HEIGHT)).all(axis=1)
        ours = nearest(window, local[:, 2], at, VIEW.near, VIEW.far)[asked]
        theirs, _ = query_points(pixels[asked], transform(to_camera, corners), theirs_to_ask, VIEW)
        behind = np.where(infinite, np.inf, local[:, 2] * (1 - 1e-4))[asked]
        np.testing.assert_array_equal(ours < behind, theirs < behind)
        both = ours < behind
        np.testing.assert_allclose(ours[both], theirs[both], rtol=1e-9)
        compared, hidden = compared + len(behind), hidden + int((theirs < behind).sum())
    assert compared > 100
    assert 0.05 * compared < hidden < compared


def test_much_less_is_asked_than_there_is(monkeypatch):
    random = np.random.default_rng(0)
    corners, triangles = surfaces(random, 3.0)
    places, infinite = points(random, corners, triangles)
    everything, pairs = np.ones(len(triangles), bool), []
    exactly = intervals.crossings
    monkeypatch.setattr(intervals, "crossings", lambda *given: pairs.append(len(given[4][0])) or exactly(*given))
    poses = path(random, 0.002)
    clusters = clustered(corners, triangles)
    window = find_occlusion(places, infinite, infinite | ~infinite, clusters, everything, poses, range(FRAMES), VIEW)
    assert window.last == FRAMES - 1
    assert pairs[0] < 0.05 * len(places) * len(triangles)


def test_no_window_is_made_for_an_eye_that_leaps():
    random = np.random.default_rng(0)
    corners, triangles = surfaces(random, 3.0)
    places, infinite = points(random, corners, triangles)
    asked, opaque = np.ones(len(places), bool), np.ones(len(triangles), bool)
    poses, clusters = path(random, 5.0), clustered(corners, triangles)
    assert find_occlusion(places, infinite, asked, clusters, opaque, poses, range(FRAMES), VIEW) is None


@pytest.mark.parametrize("orthographic", [False, True])
@pytest.mark.parametrize("near", [-1.0, 3.0])
def test_the_leaves_around_places_hold_all_that_is_seen_there(near, orthographic):
    random = np.random.default_rng(5)
    corners, triangles = surfaces(random, near)
    corners[::500] = np.nan
    corners[7::500] = np.inf
    mirrored = np.array([[-15.0, 2, 80], [0, 15, 45], [0, 0, 1]]) if orthographic else VIEW.intrinsics
    view = View(mirrored, WIDTH, HEIGHT, 0.1, 100.0, orthographic)
    to_camera = np.linalg.inv(path(random, 0.05)[-1])
    places = random.uniform(0, (WIDTH, HEIGHT), (200, 2))
    with np.errstate(invalid="ignore"):
        local = transform(to_camera, corners)
    depth, triangle = query_points(places, local, triangles, view)
    clusters = clustered(corners, triangles)
    assert sorted(clusters.number) == list(range(len(triangles)))
    some = around(clusters, places, to_camera, view)
    found, which = query_points(places, local, clusters.triangles[some], view)
    np.testing.assert_array_equal(found, depth)
    np.testing.assert_array_equal(clusters.number[some][which][depth < np.inf], triangle[depth < np.inf])
    assert len(some) < 0.95 * len(triangles) and np.isfinite(depth).mean() > 0.3
