"""Where the Shot's tracks are in the world, so that what a camera file loses can be said in pixels."""

from dataclasses import dataclass

import numpy as np

from ..errors import BadInput
from ..geometry.camera import project, transform
from ..shot import Shot
from .path import Array, CameraPath, inverse

MOVES = 0.5  # pixels of mean error above which no single place in the world explains a track
PARALLAX = 1e-4  # radians between its rays below which a track's distance does not show, and does not matter
FAR = 1e4  # times the camera's travel: the distance of such a track


@dataclass(frozen=True)
class Points:
    """Tracks that stand still in the world."""

    xyz: Array  # (N, 3) world
    track: Array  # (N,) their places among the Shot's tracks
    moving: Array  # (M,) the places of the tracks that do not stand still


def static_points(shot: Shot) -> Points:
    """The world points of tracks, from where every frame sees them; those on moving objects are told apart.

    A track's point is the one nearest to all of its rays: the least squares solution of Σ (I − d dᵀ)(x − c) = 0.
    """
    if shot.tracks is None or not len(shot.tracks.name):
        raise BadInput("The Shot has no tracks; add objects or the grid to Tracks and write it again.")
    xy, visible = np.asarray(shot.tracks.xy, np.float64), np.asarray(shot.tracks.visible, bool)
    pose, lens = np.asarray(shot.camera.pose), np.asarray(shot.camera.intrinsics)
    pixel = np.concatenate([xy, np.ones((*xy.shape[:2], 1))], axis=-1)
    local = np.einsum("tij,ntj->nti", np.linalg.inv(lens), pixel)
    ray = np.einsum("tij,ntj->nti", pose[:, :3, :3], local)
    ray /= np.linalg.norm(ray, axis=-1, keepdims=True)
    eye = pose[:, :3, 3]
    across = (np.eye(3) - ray[..., :, None] * ray[..., None, :]) * visible[..., None, None]
    normal, right = across.sum(1), np.einsum("ntij,tj->ni", across, eye)
    first = visible.argmax(1)
    start = ray[np.arange(len(ray)), first]
    turned = 1 - np.where(visible, np.einsum("nti,ni->nt", ray, start), 1).min(1)
    spread = np.linalg.norm(np.ptp(eye, axis=0))
    xyz = eye[first] + start * FAR * max(1.0, spread)
    solvable = (np.linalg.eigvalsh(normal)[:, 0] > PARALLAX**2) & (turned > 0) & (visible.sum(1) > 1)
    xyz[solvable] = np.linalg.solve(normal[solvable], right[solvable][..., None])[..., 0]
    path = CameraPath(pose, lens, shot.width, shot.height, shot.fps)
    mean = _mean(np.linalg.norm(pixels(path, xyz) - xy, axis=-1), visible)
    seen = visible.any(1)
    return Points(
        xyz[(mean <= MOVES) & seen], np.flatnonzero((mean <= MOVES) & seen), np.flatnonzero((mean > MOVES) & seen)
    )


def pixels(path: CameraPath, xyz: Array) -> Array:
    """World points (N, 3) in the picture at every frame: (N, T, 2)."""
    frames = [project(transform(world, xyz), k) for world, k in zip(inverse(path.pose), path.intrinsics, strict=True)]
    return np.stack(frames, axis=1)


def _mean(value: Array, where: Array) -> Array:
    """The mean over frames (N, T) → (N,) where the track is visible; inf counts."""
    return np.where(where, value, 0).sum(1) / np.maximum(where.sum(1), 1)
