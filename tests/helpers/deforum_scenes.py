"""Shots made of formulas: a camera among planes and a ball, so that every depth and every motion is known exactly."""

import numpy as np
from motion_bridge.geometry.camera import pixel_centers, project, transform, unproject
from motion_bridge.schedules.camera.convention import turns
from motion_bridge.shot import Camera, Objects, Shot


def pose(position=(0.0, 0.0, 0.0), degrees=(0.0, 0.0, 0.0)):
    matrix = np.eye(4)
    matrix[:3, :3] = turns(np.array(degrees, np.float64))
    matrix[:3, 3] = position
    return matrix


def intrinsics(width, height, focal=0.9, shift=(0.0, 0.0)):
    return np.array(
        [[focal * width, 0, width * (0.5 + shift[0])], [0, focal * width * 1.02, height * (0.5 + shift[1])], [0, 0, 1]]
    )


def wall(points_from, direction):
    """Distance along rays to a tilted wall z = 8 + 0.3x; inf above the horizon y < -3 (a sky)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        along = (8 + 0.3 * points_from[0] - points_from[2]) / (direction[..., 2] - 0.3 * direction[..., 0])
        height = points_from[1] + along * direction[..., 1]
    return np.where((along > 0) & (height > -3), along, np.inf)


def ball(points_from, direction, center, radius):
    away = points_from - center
    a = (direction**2).sum(-1)
    b = direction @ away
    root = b * b - a * (away @ away - radius**2)
    with np.errstate(invalid="ignore"):
        along = (-b - np.sqrt(root)) / a
    return np.where((root > 0) & (along > 0), along, np.inf)


def shot(poses, lenses, width, height, centers=None, prompts=None, **fields):
    """A Shot of the wall and, where centres (T, 3) are given, of a ball of radius 1.2 that turns as it goes."""
    count = len(poses)
    depth = np.empty((count, height, width), np.float32)
    index = np.ones((count, height, width), np.uint16)
    for k in range(count):
        ray = unproject(pixel_centers(width, height), np.ones((height, width)), lenses[k])
        direction = ray @ poses[k][:3, :3].T
        depth[k] = wall(poses[k][:3, 3], direction)
        index[k] = np.isfinite(depth[k])
        if centers is not None:
            near = ball(poses[k][:3, 3], direction, centers[k], 1.2)
            index[k][near < depth[k]] = 2
            depth[k] = np.minimum(depth[k], near)
    carried = np.broadcast_to(np.eye(4), (2, count, 4, 4)).copy()
    if centers is not None:
        carried[1] = [pose(center, (0, 4.0 * k, 0)) for k, center in enumerate(centers)]
    objects = Objects(index, carried, ("static", "ball"))
    camera = Camera(np.stack(poses), np.stack(lenses), np.zeros(count, bool))
    return Shot(
        frames=tuple(range(1, count + 1)),
        fps=24.0,
        width=width,
        height=height,
        camera=camera,
        first_frame=picture(width, height),
        depth=depth,
        objects=objects,
        prompts=prompts or {1: "a wall"},
        **fields,
    )


def picture(width, height):
    """Something to look at: smooth colors with a few edges, (H, W, 3) uint8."""
    at = pixel_centers(width, height) / (width, height)
    wave = np.sin(at[..., 0] * 21 + 3 * np.sin(at[..., 1] * 9))
    color = np.stack([0.5 + 0.4 * wave, 0.2 + 0.6 * at[..., 1], 0.5 - 0.3 * wave * at[..., 0]], -1)
    color[(at[..., 0] - 0.5) ** 2 + (at[..., 1] - 0.5) ** 2 < 0.03] = (0.9, 0.7, 0.1)
    return np.round(color * 255).astype(np.uint8)


def where_it_was(made, k):
    """The pixel of frame k-1 that showed what each pixel of frame k shows, by points and a pinhole: (H, W, 2)."""
    at = pixel_centers(made.width, made.height)
    depth = made.depth[k].astype(np.float64)
    far = np.where(np.isinf(depth), 1e9, depth)
    world = transform(made.camera.pose[k], unproject(at, far, made.camera.intrinsics[k]))
    for number, moved in enumerate(made.objects.pose, start=1):
        here = made.objects.index[k] == number
        world[here] = transform(moved[k - 1] @ np.linalg.inv(moved[k]), world[here])
    return project(transform(np.linalg.inv(made.camera.pose[k - 1]), world), made.camera.intrinsics[k - 1])
