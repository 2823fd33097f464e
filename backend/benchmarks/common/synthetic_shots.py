"""Six camera moves through a drawn scene whose depth is known exactly, as Shots.

A ground, a back wall, a few balls and boxes between 4 and 25 units away; world axes are the camera's (x right, y down,
z forward). The moves are what people do in Blender: eased travels, a look-at orbit, a crane, jitter held in the hand,
and a lens that zooms.
"""

from collections.abc import Callable

import numpy as np
from motion_bridge.geometry.camera import pixel_centers
from motion_bridge.shot import Camera, Shot
from numpy.typing import NDArray

Array = NDArray[np.floating]

LENS = 35 / 36  # focal length per picture width
GROUND, WALL = 1.6, 25.0  # y of the floor, z of the wall
BALLS = np.array([[-2.2, 0.6, 6.5, 1.0], [1.6, 0.8, 9.0, 0.8], [4.2, 0.0, 13.0, 1.6], [-5.0, -0.4, 15.0, 2.0]])
BOXES = np.array(  # lower and upper corner
    [
        [[0.9, 0.7, 4.6], [1.5, 1.6, 5.2]],
        [[-4.4, -1.0, 9.0], [-3.2, 1.6, 10.2]],
        [[2.4, -2.4, 17.0], [5.4, 1.6, 19.0]],
        [[-1.4, -0.6, 18.0], [0.6, 1.6, 20.0]],
    ]
)


def make(name: str, width: int = 832, height: int = 480, frames: int = 24) -> Shot:
    """One of SHOTS at any size and length; depth is exact at pixel centers, float32."""
    pose, zoom = SHOTS[name](np.linspace(0, 1, frames))
    focal = LENS * width * np.broadcast_to(zoom, frames)
    intrinsics = np.zeros((frames, 3, 3))
    intrinsics[:, 0, 0] = intrinsics[:, 1, 1] = focal
    intrinsics[:, :, 2] = width / 2, height / 2, 1
    rays = np.concatenate([pixel_centers(width, height) - (width / 2, height / 2), np.ones((height, width, 1))], -1)
    depth = np.empty((frames, height, width), np.float32)
    for k in range(frames):
        directions = (rays / (focal[k], focal[k], 1)) @ pose[k, :3, :3].T
        depth[k] = distance(pose[k, :3, 3], directions)
    return Shot(
        frames=tuple(range(1, frames + 1)),
        fps=24.0,
        width=width,
        height=height,
        camera=Camera(pose, intrinsics, np.zeros(frames, bool)),
        first_frame=np.zeros((height, width, 3), np.uint8),
        depth=depth,
    )


def distance(origin: Array, directions: Array) -> Array:
    """How many times its direction (..., 3) each ray from origin runs until it meets the scene."""
    x, y, z = (np.ascontiguousarray(directions[..., axis]) for axis in range(3))
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = 1 / x, 1 / y, 1 / z
        floor, wall = (GROUND - origin[1]) * inverse[1], (WALL - origin[2]) * inverse[2]
        nearest = np.minimum(np.where(floor > 0, floor, np.inf), np.where(wall > 0, wall, np.inf))
        square = x * x + y * y + z * z
        for *center, radius in BALLS:
            away = origin - center
            half = x * away[0] + y * away[1] + z * away[2]
            inside = half * half - square * (away @ away - radius**2)
            met = inside > 0
            hit = (-half[met] - np.sqrt(inside[met])) / square[met]
            nearest[met] = np.where(hit > 0, np.minimum(nearest[met], hit), nearest[met])
        for low, high in BOXES:
            enter, leave = np.zeros_like(x), np.full_like(x, np.inf)
            for axis in range(3):
                sides = (low[axis] - origin[axis]) * inverse[axis], (high[axis] - origin[axis]) * inverse[axis]
                np.maximum(enter, np.minimum(*sides), out=enter)
                np.minimum(leave, np.maximum(*sides), out=leave)
            nearest = np.where((enter < leave) & (enter > 0), np.minimum(nearest, enter), nearest)
    return nearest


def _ease(t: Array) -> Array:
    return t * t * (3 - 2 * t)


def _pose(position: Array, tilt: Array, pan: Array, roll: Array) -> Array:
    """Cameras at positions (T, 3), turned by degrees: tilt up, pan right, roll clockwise."""
    pose = np.tile(np.eye(4), (len(position), 1, 1))
    x, y, z = np.radians(tilt), np.radians(pan), np.radians(roll)
    for k in range(len(position)):
        cx, sx, cy, sy, cz, sz = np.cos(x[k]), np.sin(x[k]), np.cos(y[k]), np.sin(y[k]), np.cos(z[k]), np.sin(z[k])
        across = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        up = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
        around = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
        pose[k, :3, :3] = across @ up @ around
    pose[:, :3, 3] = position
    return pose


def _track(x: Array | float, y: Array | float, z: Array | float) -> Array:
    return np.stack(np.broadcast_arrays(x, y, z), axis=-1).astype(np.float64)


def dolly(t: Array) -> tuple[Array, Array]:
    """Forward 5.5 units, easing in and out."""
    still = np.zeros_like(t)
    return _pose(_track(0, 0, 5.5 * _ease(t)), still, still, still), np.ones(1)


def truck(t: Array) -> tuple[Array, Array]:
    """Sideways 3.6 units, easing in and out."""
    still = np.zeros_like(t)
    return _pose(_track(3.6 * _ease(t) - 1.8, 0, 0), still, still, still), np.ones(1)


def orbit(t: Array) -> tuple[Array, Array]:
    """27 degrees around a point 10 units ahead, looking at it."""
    angle = 27.0 * (t - 0.5)
    turn = np.radians(angle)
    still = np.zeros_like(t)
    return _pose(_track(-10 * np.sin(turn), 0, 10 - 10 * np.cos(turn)), still, angle, still), np.ones(1)


def handheld(t: Array) -> tuple[Array, Array]:
    """A slow walk with a hand that shakes: jitter of about a degree, new at every frame."""
    noise = np.random.default_rng(7).normal(size=(len(t), 6)) * (0.02, 0.02, 0.02, 0.9, 0.9, 0.5)
    position = _track(0, 0, 0.8 * t) + noise[:, :3]
    return _pose(position, noise[:, 3], noise[:, 4], noise[:, 5]), np.ones(1)


def crane(t: Array) -> tuple[Array, Array]:
    """Up 2.5 units while tilting down to keep the middle of the scene in view."""
    rise = _ease(t)
    still = np.zeros_like(t)
    return _pose(_track(0, -2.5 * rise, 0), -14.0 * rise, still, still), np.ones(1)


def zoom(t: Array) -> tuple[Array, Array]:
    """A standing camera whose lens goes from 35 to 60 mm."""
    still = np.zeros_like(t)
    return _pose(_track(0 * t, 0, 0), still, still, still), 1 + 25 / 35 * _ease(t)


SHOTS: dict[str, Callable[[Array], tuple[Array, Array]]] = {
    "dolly": dolly,
    "truck": truck,
    "orbit": orbit,
    "handheld": handheld,
    "crane": crane,
    "zoom": zoom,
}
