"""The numpy rasterizer sees what rays see, without gaps, from every kind of camera."""

import numpy as np
import pytest
from motion_bridge.geometry.camera import pixel_centers, unproject
from motion_bridge.geometry.point_query import query_points
from motion_bridge.geometry.rasterizer import View, barycentric, rasterize

WIDTH, HEIGHT = 64, 48
LENSES = {
    "plain": [[70, 0, 32], [0, 70, 24], [0, 0, 1]],
    "shifted, wide pixels": [[70, 0, 10.3], [0, 55, 30.9], [0, 0, 1]],
    "mirrored": [[-70, 0, 32], [0, 70, 24], [0, 0, 1]],
    "sheared": [[70, 9, 32], [0, 62, 24], [0, 0, 1]],
}


def view(lens="plain", near=0.1, far=np.inf, orthographic=False, scale=1.0):
    intrinsics = np.array(LENSES[lens], float)
    intrinsics[:2, :2] *= scale
    return View(intrinsics, WIDTH, HEIGHT, near, far, orthographic)


def rays(camera):
    """Origins and directions (H·W, 3) through pixel centers; a direction has z = 1, so that distance is depth."""
    pixels = pixel_centers(camera.width, camera.height).reshape(-1, 2)
    if camera.orthographic:
        origin = unproject(pixels, np.zeros(len(pixels)), camera.intrinsics, True)
        return origin, np.broadcast_to([0.0, 0, 1], origin.shape)
    direction = unproject(pixels, np.ones(len(pixels)), camera.intrinsics)
    return np.zeros_like(direction), direction


def cast(points, triangles, camera):
    """Brute force: every ray against every triangle (Möller and Trumbore)."""
    origin, direction = rays(camera)
    best, which = np.full(len(origin), np.inf), np.full(len(origin), -1)
    for number, (a, b, c) in enumerate(points[triangles]):
        p = np.cross(direction, c - a)
        determinant = p @ (b - a)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = origin - a
            u = np.einsum("ni,ni->n", t, p) / determinant
            q = np.cross(t, b - a)
            v = np.einsum("ni,ni->n", direction, q) / determinant
            depth = q @ (c - a) / determinant
            hit = (u >= 0) & (v >= 0) & (u + v <= 1) & (depth >= camera.near) & (depth <= camera.far) & (depth < best)
        best[hit], which[hit] = depth[hit], number
    return best.reshape(HEIGHT, WIDTH), which.reshape(HEIGHT, WIDTH)


def soup(seed, count, depth=(1, 9), size=1.5, spread=4.0):
    random = np.random.default_rng(seed)
    center = random.uniform([-spread, -spread, depth[0]], [spread, spread, depth[1]], (count, 1, 3))
    points = (center + random.normal(size=(count, 3, 3)) * size).reshape(-1, 3)
    return points, np.arange(3 * count).reshape(-1, 3)


def grid(side, height=lambda x, y: 5 + 0 * x, reach=6.0):
    x, y = np.meshgrid(np.linspace(-reach, reach, side), np.linspace(-reach, reach, side))
    points = np.stack([x, y, height(x, y)], axis=-1).reshape(-1, 3)
    number = np.arange(side * side).reshape(side, side)
    a, b, c, d = (part.ravel() for part in (number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]))
    return points, np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])


@pytest.mark.parametrize("orthographic", [False, True], ids=["perspective", "orthographic"])
@pytest.mark.parametrize("lens", LENSES)
def test_it_sees_what_rays_see(lens, orthographic):
    camera = view(lens, orthographic=orthographic, scale=0.2 if orthographic else 1.0)
    points, triangles = soup(1, 120)
    seen = rasterize(points, triangles, camera)
    depth, which = cast(points, triangles, camera)
    same = seen.triangle == which
    assert same.mean() > 0.999, f"{(~same).sum()} pixels show another triangle"
    assert (which >= 0).mean() > 0.5
    hit = same & (which >= 0)
    np.testing.assert_allclose(seen.depth[hit], depth[hit], rtol=1e-6)
    assert np.isinf(seen.depth[seen.triangle < 0]).all()


def test_triangles_that_reach_behind_the_camera_are_cut_at_the_near_plane():
    camera = view(near=0.7)
    points, triangles = soup(2, 80, depth=(-2, 3), size=2.0, spread=1.5)
    depth = points[triangles][..., 2]
    assert ((depth.min(axis=1) < 0) & (depth.max(axis=1) > 0.7)).sum() > 30
    seen = rasterize(points, triangles, camera)
    truth, which = cast(points, triangles, camera)
    same = seen.triangle == which
    assert same.mean() > 0.998
    np.testing.assert_allclose(seen.depth[same & (which >= 0)], truth[same & (which >= 0)], rtol=1e-6)
    assert seen.depth.min() >= 0.7


def test_nothing_farther_than_the_far_plane_is_seen():
    points, triangles = grid(2, lambda x, y: 5 + x)
    seen = rasterize(points, triangles, view(far=5.0))
    assert 0 < np.isinf(seen.depth).mean() < 1
    assert seen.depth[np.isfinite(seen.depth)].max() <= 5


def test_a_plane_has_the_depth_of_its_formula():
    camera = view("shifted, wide pixels")
    points, triangles = grid(9, lambda x, y: 6 + 0.3 * x - 0.5 * y, reach=30)
    _, direction = rays(camera)
    truth = 6 / (1 - 0.3 * direction[:, 0] + 0.5 * direction[:, 1])
    np.testing.assert_allclose(rasterize(points, triangles, camera).depth.ravel(), truth, rtol=1e-6)


def test_a_sphere_has_the_depth_of_its_formula():
    camera = view()
    u, v = np.meshgrid(np.linspace(0, np.pi, 181), np.linspace(0, 2 * np.pi, 361), indexing="ij")
    points = np.stack([np.sin(u) * np.cos(v), np.sin(u) * np.sin(v), np.cos(u)], -1).reshape(-1, 3) + (0, 0, 4)
    number = np.arange(points.shape[0]).reshape(u.shape)
    a, b, c, d = (part.ravel() for part in (number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]))
    depth = rasterize(points, np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]), camera).depth.ravel()
    _, direction = rays(camera)
    square, half = (direction**2).sum(axis=1), 4 * direction[:, 2]
    root = half**2 - square * 15
    truth = (half - np.sqrt(np.maximum(root, 0))) / square
    well_inside = root > 0.3
    assert well_inside.sum() > 500
    np.testing.assert_allclose(depth[well_inside], truth[well_inside], rtol=3e-4)
    assert np.isinf(depth[root < 0]).all()


@pytest.mark.parametrize("side", [3, 40, 400], ids=["large", "middling", "smaller than a pixel"])
@pytest.mark.parametrize("lens", LENSES)
def test_neighboring_triangles_leave_no_crack(lens, side):
    random = np.random.default_rng(side)
    points, triangles = grid(side)
    points += random.normal(size=points.shape) * (0.2 / side, 0.2 / side, 0)
    assert np.isfinite(rasterize(points, triangles, view(lens)).depth).all()


def test_edges_through_pixel_centers_belong_to_one_side():
    """A picture-filling square cut along lines that meet pixel centers exactly: each pixel is drawn once."""
    camera = View(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1.0]]), 8, 8, 0.1, orthographic=True)
    x, y = np.meshgrid([-1, 2.5, 4.5, 9], [-1, 0.5, 4.5, 9])
    points = np.stack([x, y, 1 + 0 * x], -1).reshape(-1, 3)
    number = np.arange(16).reshape(4, 4)
    a, b, c, d = (part.ravel() for part in (number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]))
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    total = sum((rasterize(points, one[None], camera).triangle >= 0).astype(int) for one in triangles)
    np.testing.assert_array_equal(total, 1)


def test_degenerate_and_broken_triangles_are_not_seen_and_do_no_harm():
    points = np.array([[0, 0, 3], [1, 0, 3], [1, 1, 3], [np.nan, 0, 3], [np.inf, 0, 3], [0, 0, 0], [0, 0, -1.0]])
    triangles = np.array([[0, 0, 0], [0, 1, 1], [3, 1, 2], [4, 1, 2], [0, 5, 6], [6, 6, 5]])
    seen = rasterize(points, triangles, view())
    assert (seen.triangle == -1).all() and np.isinf(seen.depth).all()
    assert (rasterize(points, np.concatenate([triangles, [[0, 1, 2]]]), view()).triangle == 6).any()


def test_no_triangles_at_all_is_an_empty_picture():
    seen = rasterize(np.empty((0, 3)), np.empty((0, 3), int), view())
    assert seen.depth.shape == (HEIGHT, WIDTH) and np.isinf(seen.depth).all()


@pytest.mark.parametrize("orthographic", [False, True], ids=["perspective", "orthographic"])
def test_barycentric_weights_give_back_the_point_that_a_pixel_shows(orthographic):
    camera = view("sheared", orthographic=orthographic, scale=0.2 if orthographic else 1.0)
    points, triangles = soup(3, 60)
    seen = rasterize(points, triangles, camera)
    row, column = np.nonzero(seen.triangle >= 0)
    pixels = np.stack([column + 0.5, row + 0.5], axis=-1)
    corners = points[triangles[seen.triangle[row, column]]]
    depth = seen.depth[row, column].astype(float)
    weights = barycentric(pixels, depth, corners, camera)
    assert weights.min() > -1e-4 and weights.max() < 1 + 1e-4
    point = np.einsum("nc,ncx->nx", weights, corners)
    np.testing.assert_allclose(point, unproject(pixels, depth, camera.intrinsics, orthographic), atol=2e-5)


@pytest.mark.parametrize("orthographic", [False, True], ids=["perspective", "orthographic"])
def test_a_probe_sees_at_single_places_what_the_whole_picture_shows(orthographic):
    camera = view("mirrored", orthographic=orthographic, scale=0.2 if orthographic else 1.0)
    points, triangles = soup(4, 150, depth=(-1, 8))
    seen = rasterize(points, triangles, camera)
    pixels = pixel_centers(WIDTH, HEIGHT).reshape(-1, 2)
    shuffled = np.random.default_rng(5).permutation(len(pixels))
    depth, triangle = query_points(pixels[shuffled], points, triangles, camera)
    assert (triangle == seen.triangle.ravel()[shuffled]).mean() > 0.999
    np.testing.assert_allclose(depth, seen.depth.ravel()[shuffled], rtol=1e-5)


def test_a_probe_sees_between_pixel_centers_and_nothing_outside_the_picture():
    points, triangles = grid(30, lambda x, y: 6 + 0.3 * x - 0.5 * y, reach=9)
    places = np.random.default_rng(6).uniform([-20, -20], [WIDTH + 20, HEIGHT + 20], (3000, 2))
    depth, triangle = query_points(places, points, triangles, view())
    direction = unproject(places, np.ones(len(places)), view().intrinsics)
    inside = ((places >= 0) & (places < (WIDTH, HEIGHT))).all(axis=1)
    assert 300 < inside.sum() < 2000
    assert (triangle[inside] >= 0).all() and (triangle[~inside] == -1).all() and np.isinf(depth[~inside]).all()
    truth = 6 / (1 - 0.3 * direction[inside, 0] + 0.5 * direction[inside, 1])
    np.testing.assert_allclose(depth[inside], truth, rtol=1e-9)
