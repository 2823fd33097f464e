"""Shots of a scene that is ray-traced here, so that every pixel of every frame is known exactly."""

from dataclasses import dataclass

import numpy as np
from motion_bridge.geometry.camera import pixel_centers
from motion_bridge.shot import Camera, Objects, Shot
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Thing:
    """A textured shape; the shape and the texture live in the object's own coordinates."""

    name: str
    shape: str  # "ball" of radius 1 or "block" from -1 to 1
    pose: np.ndarray  # (T, 4, 4) object to world
    hue: tuple
    wave: float = 3.0  # of the texture, per unit


def placed(count, at, size=(1, 1, 1), turn: ArrayLike = 0.0):
    """Poses that stand still at a place; `at` and `turn` (degrees around y) may also differ per frame."""
    pose = np.zeros((count, 4, 4))
    angle = np.radians(np.broadcast_to(turn, count))
    pose[:, 0, 0] = pose[:, 2, 2] = np.cos(angle)
    pose[:, 0, 2], pose[:, 2, 0] = np.sin(angle), -np.sin(angle)
    pose[:, 1, 1] = pose[:, 3, 3] = 1
    pose[:, :3, :3] *= np.array(size, float)
    pose[:, :3, 3] = at
    return pose


def looking(position, target, roll=0.0):
    """A camera pose, OpenCV axes; the world's y points down too."""
    forward = np.array(target, float) - position
    forward /= np.linalg.norm(forward)
    right = np.cross((0, 1, 0), forward)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    c, s = np.cos(np.radians(roll)), np.sin(np.radians(roll))
    pose = np.eye(4)
    pose[:3, :3] = np.stack([c * right + s * down, c * down - s * right, forward], 1)
    pose[:3, 3] = position
    return pose


def intrinsics(focal, width, height, mirrored=False):
    across = -focal if mirrored else focal
    return np.array([[across, 0.3, width / 2 + 3], [0, focal * 1.1, height / 2 - 2], [0, 0, 1.0]])


def trace(things, k, pose, matrix, orthographic, width, height, at=None):
    """Color (N, 3) float, depth (N,) and index (N,) of pixels `at` (N, 2), or of all pixel centers."""
    at = pixel_centers(width, height).reshape(-1, 2) if at is None else at
    plane = np.linalg.solve(matrix, np.column_stack([at, np.ones(len(at))]).T).T
    if orthographic:
        start = np.column_stack([plane[:, :2], np.zeros(len(at))])
        ray = np.broadcast_to((0.0, 0.0, 1.0), start.shape)
    else:
        start, ray = np.zeros_like(plane), plane  # z = 1, so the ray's parameter is the depth
    start, ray = start @ pose[:3, :3].T + pose[:3, 3], ray @ pose[:3, :3].T
    depth, index = np.full(len(at), np.inf), np.zeros(len(at), np.uint16)
    unit = ray / np.linalg.norm(ray, axis=-1, keepdims=True)
    color = 150 + 60 * np.sin(4 * unit + (0, 1, 2))
    names = list(dict.fromkeys(thing.name for thing in things))
    for thing in things:
        inverse = np.linalg.inv(thing.pose[k])
        a, b = start @ inverse[:3, :3].T + inverse[:3, 3], ray @ inverse[:3, :3].T
        with np.errstate(divide="ignore", invalid="ignore"):
            hit = _ball(a, b) if thing.shape == "ball" else _block(a, b)
        nearer = (hit > 1e-6) & (hit < depth)
        scale = np.linalg.norm(thing.pose[k][:3, :3], axis=0)
        local = (a + b * np.where(np.isfinite(hit), hit, 0)[:, None])[nearer] * scale
        depth[nearer], index[nearer] = hit[nearer], names.index(thing.name) + 1
        color[nearer] = _texture(local, thing)
    return color, depth, index


def _ball(a, b):
    bb, ab, aa = (b * b).sum(-1), (a * b).sum(-1), (a * a).sum(-1) - 1
    return (-ab - np.sqrt(ab * ab - bb * aa)) / bb


def _block(a, b):
    low, high = np.minimum((-1 - a) / b, (1 - a) / b), np.maximum((-1 - a) / b, (1 - a) / b)
    enter, leave = low.max(-1), high.min(-1)
    return np.where(enter <= leave, enter, np.inf)


def _texture(p, thing):
    wave = np.stack([np.sin(thing.wave * (p @ axis) + phase) for axis, phase in zip(_AXES, (0, 1, 2), strict=True)], -1)
    return np.array(thing.hue) + 35 * wave


_AXES = np.array([[1, 0.4, 0.2], [-0.3, 1, 0.5], [0.6, -0.5, 1]])


@dataclass(frozen=True)
class Film:
    """A Shot and the scene behind it."""

    shot: Shot
    things: list

    def depth(self, k):
        """The Shot's depth at frame k, (H, W)."""
        return np.asarray(self.shot.depth)[k]

    def truth(self, k, at=None):
        """What a perfect camera sees at frame k: colors (H, W, 3) or (N, 3) float."""
        s = self.shot
        color, _, _ = trace(
            self.things, k, s.camera.pose[k], s.camera.intrinsics[k], s.camera.orthographic[k], s.width, s.height, at
        )
        return color.reshape(s.height, s.width, 3) if at is None else color


def film(things, poses, matrices, width=160, height=96, orthographic=False, samples=1, settings=None):
    """A Shot of things under a camera; samples² rays a pixel smooth the first frame as a renderer does."""
    count = len(poses)
    depth, index = np.zeros((count, height, width), np.float32), np.zeros((count, height, width), np.uint16)
    flat = np.broadcast_to(orthographic, count)
    for k in range(count):
        _, z, i = trace(things, k, poses[k], matrices[k], flat[k], width, height)
        depth[k], index[k] = z.reshape(height, width), i.reshape(height, width)
    first = 0
    for shift in (np.indices((samples, samples)).reshape(2, -1).T + 0.5) / samples - 0.5:
        at = pixel_centers(width, height).reshape(-1, 2) + shift
        first = first + trace(things, 0, poses[0], matrices[0], flat[0], width, height, at)[0] / samples**2
    moves = {thing.name: placed(count, 0) if thing.name == "static" else thing.pose for thing in things}
    shot = Shot(
        frames=tuple(range(1, count + 1)),
        fps=24.0,
        width=width,
        height=height,
        camera=Camera(np.array(poses), np.array(matrices), np.array(flat)),
        first_frame=np.clip(np.rint(first), 0, 255).astype(np.uint8).reshape(height, width, 3),
        depth=depth,
        objects=Objects(index, np.array(list(moves.values())), tuple(moves)),
        settings=settings or {},
    )
    return Film(shot, things)


def stage(count, ball=True):
    """A wall with a block before it, a floor, and a ball that rolls by behind the block; the sky above the wall."""
    t = np.linspace(0, 1, count)
    things = [
        Thing("static", "block", placed(count, (0, -1, 9), (9, 4, 0.5)), (120, 110, 90), 2.0),
        Thing("static", "block", placed(count, (0, 3.2, 5), (9, 0.2, 8)), (100, 130, 100), 1.5),
        Thing("static", "block", placed(count, (0.2, 0.6, 4), (0.7, 2.4, 0.5), 25), (190, 90, 80), 3.0),
    ]
    if ball:
        at = np.stack([-4 + 8 * t, 1.8 + 0 * t, 6 + 0 * t], -1)
        things.append(Thing("ball", "ball", placed(count, at, (1.2, 1.2, 1.2), 300 * t), (80, 110, 200), 3.0))
    return things


def flight(count, width, height, mirrored=False):
    """A camera that moves in all six degrees while its lens changes."""
    poses, matrices = [], []
    for s in np.linspace(0, 1, count):
        position = -1.5 + 3 * s, -0.8 + np.sin(3 * s), -2.5 + 1.2 * s
        poses.append(looking(position, (0.4 * s, 0.3, 6), roll=8 * np.sin(4 * s)))
        matrices.append(intrinsics(width * (0.8 + 0.25 * s), width, height, mirrored))
    return poses, matrices
