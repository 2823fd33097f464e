"""An arcade of columns before a wall, with a ball that rolls: a Shot with geometry, of any size and length."""

from pathlib import Path

import numpy as np
from motion_bridge.shot import Camera, GeometryWriter, Shot
from numpy.typing import NDArray

Array = NDArray[np.floating]

COLUMNS = 24
USUAL = 48  # frames of a shot in which the ball crosses the picture
LENS = 35 / 36  # focal length per picture width


def make(folder: Path, width: int, height: int, frames: int, keys: int = 1) -> Shot:
    """About 20,000 triangles; axes of the world are the camera's (x right, y down, z forward); pictures of noise."""
    writer = GeometryWriter(folder)
    stone, color = writer.add_material("stone", (0.5, 0.5, 0.5)), writer.add_material("ball", (0.7, 0.1, 0.1))
    round_points, round_faces = _revolved(np.sin(np.linspace(0, np.pi, 17)), -np.cos(np.linspace(0, np.pi, 17)), 32)
    column_points, column_faces = _revolved(np.full(9, 0.35), np.linspace(-2, 2, 9), 48)
    plane_points = np.array([[-60, 0, -60], [60, 0, -60], [60, 0, 60], [-60, 0, 60]], np.float32)
    flat = writer.add_mesh(plane_points, writer.add_triangles(np.array([[0, 1, 2], [0, 2, 3]]), stone))
    column = writer.add_mesh(column_points, writer.add_triangles(column_faces, stone))
    ball = writer.add_mesh(round_points, writer.add_triangles(round_faces, color))
    places = [(flat, _placed(0, 2, 0)), (flat, _placed(0, 0, 20) @ _tilted())]
    places += [(column, _placed(3 * (at % 8) - 10, 0, 6 + 3 * (at // 8))) for at in range(COLUMNS)]
    objects = [writer.add_object(f"object {at}") for at in range(len(places))]
    rolling = writer.add_object("ball")
    way = np.arange(frames) / USUAL  # so fast, however many frames there are
    for t in way:
        moving = _placed(-4 + 8 * t, 1.2, 8)
        writer.add_frame(
            [*objects, rolling], [*(mesh for mesh, _ in places), ball], [*(pose for _, pose in places), moving]
        )
    pose = np.tile(np.eye(4), (frames, 1, 1))
    pose[:, 0, 3], pose[:, 2, 3] = 3 * way - 1.5, 2 * way - 2
    focal = LENS * width
    intrinsics = np.tile([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]], (frames, 1, 1))
    random = np.random.default_rng(0)
    pictures = [_picture(random, width, height) for _ in range(keys)]
    at = np.unique(np.linspace(0, frames - 1, keys).round().astype(int)).tolist()
    return Shot(
        frames=tuple(range(1, frames + 1)),
        fps=24.0,
        width=width,
        height=height,
        camera=Camera(pose, intrinsics, np.zeros(frames, bool), np.tile([0.1, 1000.0], (frames, 1))),
        first_frame=pictures[0],
        geometry=writer.finish(),
        key_pictures={k + 1: picture for k, picture in zip(at[1:], pictures[1:], strict=False)},
    )


def _revolved(radius: Array, height: Array, sides: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Vertices and triangles of a profile turned around the y axis."""
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = np.stack([np.cos(angle), np.zeros(sides), np.sin(angle)], -1)
    points = radius[:, None, None] * ring + height[:, None, None] * np.array([0, 1, 0])
    row, column = np.divmod(np.arange((len(radius) - 1) * sides), sides)
    beside = row * sides + (column + 1) % sides
    here = row * sides + column
    faces = np.concatenate(
        [np.stack([here, beside, here + sides], -1), np.stack([beside, beside + sides, here + sides], -1)]
    )
    return points.reshape(-1, 3).astype(np.float32), faces


def _placed(x: float, y: float, z: float) -> Array:
    pose = np.eye(4)
    pose[:3, 3] = x, y, z
    return pose


def _tilted() -> Array:
    """A floor stood up."""
    pose = np.eye(4)
    pose[1:3, 1:3] = [[0, -1], [1, 0]]
    return pose


def _picture(random: np.random.Generator, width: int, height: int) -> NDArray[np.uint8]:
    """Texture that no compressor makes nothing of: soft noise."""
    coarse = random.integers(40, 216, (-(-height // 8), -(-width // 8), 3))
    fine = random.integers(-12, 13, (height, width, 3))
    return np.clip(coarse.repeat(8, 0).repeat(8, 1)[:height, :width] + fine, 0, 255).astype(np.uint8)
