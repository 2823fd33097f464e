"""A camera's path in a form that files can hold: rigid poses and pinhole lenses, sampled at any rate.

Poses are camera-to-world 4×4 matrices in OpenCV axes; intrinsics are in pixels, with (0, 0) at the top-left corner of
the top-left pixel, so that the center of that pixel is (0.5, 0.5).
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from ..shot import Camera, Shot

Array = NDArray[Any]

LARGEST_SIDE = 1 << 16  # pixels of a picture that a file may be for
MOST_FRAMES = 1_000_000
FASTEST = 1e6  # frames a second
BENT = 1e-3  # what a rotation may be off by in each number
FARTHEST = 1e12  # scene units or pixels
STILL = 1e-6  # scene units or radians: a camera that never leaves its place by more is exactly still


@dataclass(frozen=True)
class CameraPath:
    """A pinhole camera over the frames of a clip."""

    pose: Array  # (T, 4, 4) float64, camera to world, no scale
    intrinsics: Array  # (T, 3, 3) float64, pixels of a picture of width × height
    width: int
    height: int
    fps: float

    @property
    def seconds(self) -> float:
        return (len(self.pose) - 1) / self.fps


@dataclass(frozen=True)
class Counts:
    """Which numbers of frames a model takes: step · k + 1, at its own rate."""

    fps: float
    step: int = 1
    most: int | None = None  # frames


def checked(path: CameraPath, where: Path) -> CameraPath:
    """What a stranger's file held, if it is a camera. BadInput names the file and what is wrong with it."""
    if not 1 <= len(path.pose) <= MOST_FRAMES:
        raise BadInput(f"{where} has {len(path.pose):,} poses; from 1 to {MOST_FRAMES:,} are read.")
    if not (1 <= path.width <= LARGEST_SIDE and 1 <= path.height <= LARGEST_SIDE):
        raise BadInput(f"{where} is for pictures of {path.width:.5g} × {path.height:.5g} pixels; there are none such.")
    if not (math.isfinite(path.fps) and 0 < path.fps <= FASTEST):
        raise BadInput(f"{where} has {path.fps:g} frames a second; from above 0 to {FASTEST:g} are read.")
    with np.errstate(all="ignore"):
        turn, place, lens = path.pose[:, :3, :3], path.pose[:, :3, 3], path.intrinsics
        rigid = (np.abs(turn @ turn.transpose(0, 2, 1) - np.eye(3)) <= BENT).all(axis=(1, 2)) & (
            np.linalg.det(turn) > 0
        )
        near = (np.abs(place) <= FARTHEST).all(axis=1) & (path.pose[:, 3] == (0, 0, 0, 1)).all(axis=1)
        seen = (lens[:, [0, 1], [0, 1]] > 0).all(axis=1) & (np.abs(lens) <= FARTHEST).all(axis=(1, 2))
    for fine, what in ((rigid & near, "a rotation and a position"), (seen, "a lens")):
        if not fine.all():
            raise BadInput(f"{where}: the camera of frame {int(np.argmin(fine))} is not {what}.")
    return path


def of_shot(shot: Shot) -> CameraPath:
    """The Shot's camera. BadInput for what no pinhole can say: orthographic, sheared or mirrored pictures."""
    camera = shot.camera
    if np.any(camera.orthographic):
        frame = shot.frames[int(np.argmax(camera.orthographic))]
        raise BadInput(f"The camera is orthographic at frame {frame}; camera files hold perspective cameras only.")
    intrinsics = np.asarray(camera.intrinsics, np.float64)
    for name, wrong in (
        ("sheared", np.abs(intrinsics[:, 0, 1]) > 1e-6),
        ("mirrored", (intrinsics[:, 0, 0] < 0) | (intrinsics[:, 1, 1] < 0)),
    ):
        if wrong.any():
            frame = shot.frames[int(np.argmax(wrong))]
            raise BadInput(
                f"The camera's picture is {name} at frame {frame} (scale of a parent?); no format can say it."
            )
    return each_frame(
        CameraPath(np.asarray(camera.pose, np.float64), intrinsics, shot.width, shot.height, shot.fps), shot
    )


def each_frame(path: CameraPath, shot: Shot) -> CameraPath:
    """The path with a pose for every frame of the range, where the Shot leaves some out."""
    at = np.array(shot.frames) - shot.frames[0]
    return path if len(at) == at[-1] + 1 else between(path, np.arange(at[-1] + 1.0), at.astype(np.float64))


def sample(path: CameraPath, counts: Counts) -> tuple[CameraPath, list[str]]:
    """The path at a model's rate and count, and what that means: held at its end, cut, interpolated.

    The clip is never shortened to fit a count: the last pose is held up to the next one that the model takes.
    """
    rate = counts.fps
    needed = max(0, math.ceil(path.seconds * rate - 1e-6))
    count = counts.step * math.ceil(needed / counts.step) + 1
    notices: list[str] = []
    if counts.most and count > counts.most:
        count = counts.most
        cut = (count - 1) / rate
        notices.append(f"only the first {cut:.2f} of {path.seconds:.2f} seconds fit into {count} frames")
    elif count - 1 > needed:
        notices.append(f"the last pose is held for {count - 1 - needed} frames, to make {count} of them")
    at = np.minimum(np.arange(count) * path.fps / rate, len(path.pose) - 1.0)
    if abs(path.fps - rate) > 1e-9:
        notices.append(f"the camera is interpolated from {path.fps:g} to {rate:g} frames a second")
    return replace(between(path, at), fps=rate), notices


def between(path: CameraPath, at: Array, known: Array | None = None) -> CameraPath:
    """The path at fractional places (S,): turns along the great circle, places and lenses in a straight line.

    known: (T,) the places of the path's own poses, rising; 0, 1, 2, … if not given.
    """
    known = np.arange(len(path.pose), dtype=np.float64) if known is None else known
    if len(known) == 1:
        keep = np.zeros(len(at), int)
        return replace(path, pose=path.pose[keep], intrinsics=path.intrinsics[keep])
    low = np.clip(np.searchsorted(known, at + 1e-9, side="right") - 1, 0, len(known) - 2)
    t = np.clip((at - known[low]) / (known[low + 1] - known[low]), 0, 1)
    t[t < 1e-9], t[t > 1 - 1e-9] = 0, 1
    start, end = path.pose[low], path.pose[low + 1]
    turn = rotation_vector(start[:, :3, :3].transpose(0, 2, 1) @ end[:, :3, :3])
    pose = np.tile(np.eye(4), (len(at), 1, 1))
    pose[:, :3, :3] = start[:, :3, :3] @ rotation(turn * t[:, None])
    pose[:, :3, 3] = start[:, :3, 3] + (end[:, :3, 3] - start[:, :3, 3]) * t[:, None]
    pose[t == 0], pose[t == 1] = start[t == 0], end[t == 1]
    lens = path.intrinsics[low] + (path.intrinsics[low + 1] - path.intrinsics[low]) * t[:, None, None]
    return replace(path, pose=pose, intrinsics=lens)


def from_first(path: CameraPath) -> CameraPath:
    """The same path seen from its first camera, which becomes the identity; a locked camera is exactly still."""
    pose = inverse(path.pose[:1]) @ path.pose
    pose[0] = np.eye(4)
    if np.abs(pose[:, :3, 3]).max() < STILL:
        pose[:, :3, 3] = 0
    if np.abs(rotation_vector(pose[:, :3, :3])).max() < STILL:
        pose[:, :3, :3] = np.eye(3)
    return replace(path, pose=pose)


def scaled(path: CameraPath, width: int, height: int) -> CameraPath:
    """The same camera for a picture of another size; the whole picture is stretched to it."""
    factor = np.array([width / path.width, height / path.height, 1.0])
    return replace(path, intrinsics=path.intrinsics * factor[:, None], width=width, height=height)


def camera_of(path: CameraPath) -> Camera:
    """The path as a Shot's camera."""
    return Camera(path.pose, path.intrinsics, np.zeros(len(path.pose), bool))


def inverse(pose: Array) -> Array:
    """The inverses of rigid poses (…, 4, 4)."""
    turn = np.swapaxes(pose[..., :3, :3], -1, -2)
    back = np.zeros_like(pose)
    back[..., :3, :3] = turn
    back[..., :3, 3] = -(turn @ pose[..., :3, 3:])[..., 0]
    back[..., 3, 3] = 1
    return back


def rotation(vector: Array) -> Array:
    """Rotation matrices (…, 3, 3) of rotation vectors (…, 3) in radians; Rodrigues' formula."""
    angle = np.linalg.norm(vector, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(vector, -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*vector.shape[:-1], 3, 3)
    small = np.maximum(angle, 1e-12)
    first = np.where(angle < 1e-6, 1 - angle**2 / 6, np.sin(small) / small)
    second = np.where(angle < 1e-6, 0.5 - angle**2 / 24, (1 - np.cos(small)) / small**2)
    return np.eye(3) + first * cross + second * (cross @ cross)


def rotation_vector(turn: Array) -> Array:
    """Rotation vectors (…, 3) in radians of rotation matrices (…, 3, 3), through unit quaternions."""
    quaternion = quaternions(turn)
    w, v = quaternion[..., :1], quaternion[..., 1:]
    length = np.linalg.norm(v, axis=-1, keepdims=True)
    angle = 2 * np.arctan2(length, w)
    return np.where(length < 1e-12, 2 * v, v / np.maximum(length, 1e-12) * angle)


def quaternions(turn: Array) -> Array:
    """Unit quaternions (…, 4) as w, x, y, z with w ≥ 0; Bar-Itzhack's largest eigenvector, stable at every angle."""
    (a, b, c), (d, e, f), (g, h, i) = (np.moveaxis(turn[..., row, :], -1, 0) for row in range(3))
    k = np.stack(
        [
            *(a + e + i, h - f, c - g, d - b),
            *(h - f, a - e - i, b + d, c + g),
            *(c - g, b + d, e - a - i, f + h),
            *(d - b, c + g, f + h, i - a - e),
        ],
        axis=-1,
    ).reshape(*turn.shape[:-2], 4, 4)
    quaternion = np.linalg.eigh(k)[1][..., :, -1]
    return quaternion * np.where(quaternion[..., :1] < 0, -1, 1)
