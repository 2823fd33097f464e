"""The webui's warps as formulas, against the same formulas applied to one pixel after the other."""

import math
from dataclasses import replace

import numpy as np
from motion_bridge.schedules.camera.reference_flow import grid
from motion_bridge.schedules.camera.webui_warp import Warp2D, Warp3D, rank_depth

WIDTH, HEIGHT = 31, 17


def literal_3d(i, j, z, value, fov, aspect):
    """Where pixel (i, j) fetches its content, minus the pixel: the 3D formulas word for word."""
    tx, ty, tz, rx, ry, rz = value
    x, y = -1 + 2 * i / (WIDTH - 1), -1 + 2 * j / (HEIGHT - 1)
    a, b, c = (math.radians(angle) for angle in (rx, ry, rz))
    turn_x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    turn_y = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    turn_z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    seen = np.array([x, y, z]) @ (turn_x @ turn_y @ turn_z) + np.array([-tx, ty, -tz]) / 200
    tangent = math.tan(math.radians(fov) / 2)
    du = seen[0] / (aspect * tangent * seen[2]) - x / (aspect * tangent * z)
    dv = seen[1] / (tangent * seen[2]) - y / (tangent * z)
    return -du * WIDTH / 2, -dv * HEIGHT / 2


def literal_2d(i, j, value, center):
    """The 2D formulas, in pixel indices: the destination's source under Rot(centre, angle, zoom) · Trans."""
    tx, ty, angle, zoom = value
    cx, cy = center[0] * WIDTH, center[1] * HEIGHT
    alpha, beta = zoom * math.cos(math.radians(angle)), zoom * math.sin(math.radians(angle))
    turn = np.array(
        [[alpha, beta, (1 - alpha) * cx - beta * cy], [-beta, alpha, beta * cx + (1 - alpha) * cy], [0, 0, 1]]
    )
    source = np.linalg.inv(turn @ np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1]])) @ (i, j, 1)
    return source[0] - i, source[1] - j


def every_pixel():
    return grid(WIDTH, HEIGHT, WIDTH, HEIGHT)


def test_the_3d_warp_is_the_formula_at_every_pixel():
    rng = np.random.default_rng(2)
    index = every_pixel()
    z = rng.uniform(1, 2, (3, len(index)))
    fov = np.array([70.0, 40.0, 95.0])
    value = rng.normal(size=(3, 6)) * (20, 20, 20, 4, 4, 4)
    found = Warp3D(WIDTH, HEIGHT, index, z, fov).flow(value, 1.7, slice(0, 3))
    for k in range(3):
        expected = [literal_3d(i, j, z[k, n], value[k], fov[k], 1.7) for n, (i, j) in enumerate(index)]
        assert np.abs(found[k].T - expected).max() < 1e-10


def test_the_2d_warp_is_the_formula_at_every_pixel():
    rng = np.random.default_rng(3)
    index, center = every_pixel(), (0.4, 0.55)
    value = np.column_stack([rng.normal(size=(3, 2)) * 5, rng.normal(size=3) * 20, rng.uniform(0.8, 1.3, 3)])
    found = Warp2D(WIDTH, HEIGHT, index, center).flow(value, 1.0, slice(0, 3))
    for k in range(3):
        expected = [literal_2d(i, j, value[k], center) for i, j in index]
        assert np.abs(found[k].T - expected).max() < 1e-10


def test_the_slopes_are_those_of_small_changes():
    rng = np.random.default_rng(4)
    index = every_pixel()
    deep = Warp3D(WIDTH, HEIGHT, index, rng.uniform(1, 2, (2, len(index))), np.array([50.0, 60.0]))
    flat = Warp2D(WIDTH, HEIGHT, index, (0.5, 0.5))
    for warp, value in (
        (deep, rng.normal(size=(2, 6)) * 3),
        (flat, np.column_stack([rng.normal(size=(2, 3)), rng.uniform(0.9, 1.1, 2)])),
    ):
        _, slope = warp.flow_and_slopes(value, 1.4, slice(0, 2))
        for c in range(value.shape[1]):
            step = 1e-4 * np.eye(value.shape[1])[c]
            around = [warp.flow(value + sign * step, 1.4, slice(0, 2)) for sign in (1, -1)]
            assert np.allclose(slope[:, c], (around[0] - around[1]) / 2e-4, atol=1e-3)
        wider, narrower = (warp.flow(value, 1.4 * np.exp(sign * 1e-4), slice(0, 2)) for sign in (1, -1))
        assert np.allclose(slope[:, -1], (wider - narrower) / 2e-4, atol=1e-3)


def test_depth_becomes_a_rank_from_one_to_two(drawn):
    shot = drawn("dolly")
    index = grid(shot.width, shot.height, 64, 36)
    z = rank_depth(shot, index)
    depth = shot.depth[5, index[:, 1], index[:, 0]]
    order = np.argsort(depth, kind="stable")
    assert (np.diff(z[6][order]) >= -1e-6).all() and 1 <= z[6].min() < 1.1 and z[6].max() <= 2
    nearer = shot.depth[5].ravel()[:, None] < depth[None, ::100]
    assert np.abs(z[6][::100] - (1 + nearer.mean(0))).max() < 0.05  # the share of the picture that is nearer


def test_the_wall_of_a_picture_without_depth_counts_as_one(drawn):
    shot = drawn("dolly")
    wall = replace(shot, depth=np.full_like(shot.depth, 7))
    assert (rank_depth(wall, grid(shot.width, shot.height, 8, 8)) == 1).all()
