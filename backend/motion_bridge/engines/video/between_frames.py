"""A Shot's scene at times between its frames: cameras and rigid poses turn and travel, deforming vertices travel.

Turns follow the great circle, places and lenses a straight line, scale and shear likewise. Across a cut nothing is
interpolated: the nearer frame holds.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...camera_formats.path import rotation, rotation_vector
from ...shot import Camera, Geometry, Meshes, Placements, Shot
from ...shot.geometry import ABSENT

Array = NDArray[Any]

EXACT = 1e-6  # frames


@dataclass(frozen=True)
class Between:
    """Where times lie among the Shot's frames."""

    low: NDArray[np.int64]  # (S,) position of the frame before each
    share: NDArray[np.float64]  # (S,) of the way to the next one; 0 at a frame

    @property
    def nearest(self) -> NDArray[np.int64]:
        """(S,) the nearest frame of each."""
        return self.low + (self.share > 0.5)


def between(shot: Shot, at: Array) -> Between:
    """Of times (S,) in frames since the Shot's first one; after its last frame the last one holds."""
    known = np.array(shot.frames, np.float64) - shot.frames[0]
    at = np.clip(at, 0, known[-1])
    low = np.clip(np.searchsorted(known, at + EXACT, side="right") - 1, 0, len(known) - 1)
    following = np.minimum(low + 1, len(known) - 1)
    gap = np.where(following > low, known[following] - known[low], 1.0)
    share = np.clip((at - known[low]) / gap, 0, 1)
    cut = np.isin(np.array(shot.frames)[following], shot.cuts) & (following > low)
    low, share = np.where(cut & (share > 0.5), following, low), np.where(cut, 0, share)
    share[share < EXACT] = 0
    return Between(low.astype(np.int64), share)


def camera_at(camera: Camera, where: Between) -> Camera:
    """The camera at each of the times."""
    low, high = where.low, np.minimum(where.low + 1, len(camera.pose) - 1)
    start, end, t = camera.pose[low], camera.pose[high], where.share[:, None, None]
    pose = np.asarray(start, np.float64).copy()
    some = np.flatnonzero(where.share > 0)
    turn = rotation_vector(start[some, :3, :3].transpose(0, 2, 1) @ end[some, :3, :3])
    pose[some, :3, :3] = start[some, :3, :3] @ rotation(turn * t[some, :, 0])
    pose[some, :3, 3] += (end[some, :3, 3] - start[some, :3, 3]) * t[some, :, 0]
    lens = camera.intrinsics[low] + (camera.intrinsics[high] - camera.intrinsics[low]) * t
    clip = None if camera.clip is None else np.asarray(camera.clip)[low]
    return Camera(pose, lens, np.asarray(camera.orthographic)[low], clip)


def affine_between(start: Array, end: Array, share: float) -> Array:
    """An affine matrix (4, 4) on the way from one to another, through the polar decomposition of both."""
    if share == 0 or np.array_equal(start, end):
        return start
    turn_a, stretch_a = _polar(start[:3, :3])
    turn_b, stretch_b = _polar(end[:3, :3])
    out = np.eye(4)
    step = turn_a.T @ turn_b
    if np.linalg.det(step) > 0:
        turn = turn_a @ rotation(rotation_vector(step[None]) * share)[0]
        out[:3, :3] = turn @ (stretch_a + (stretch_b - stretch_a) * share)
    else:  # one is mirrored and the other is not
        out[:3, :3] = start[:3, :3]
    out[:3, 3] = start[:3, 3] + (end[:3, 3] - start[:3, 3]) * share
    return out


def _polar(matrix: Array) -> tuple[Array, Array]:
    """An orthogonal and a symmetric matrix whose product it is."""
    u, size, v = np.linalg.svd(matrix)
    return u @ v, v.T @ (size[:, None] * v)


@dataclass(frozen=True)
class MeshesBetween(Meshes):
    """Meshes, and after them those that lie between two of them."""

    pairs: tuple[tuple[int, int, float], ...] = ()  # two meshes that are connected alike, and the share of the way

    def points(self, mesh: int) -> NDArray[np.float64]:
        """The vertices (V, 3) of a mesh."""
        known = len(self.table) - len(self.pairs)
        if mesh < known:
            return super().points(mesh)
        start, end, share = self.pairs[mesh - known]
        first = super().points(start)
        return first + (super().points(end) - first) * share


def geometry_at(geometry: Geometry, where: Between) -> Geometry:
    """The surfaces at each of the times; an object is there when it is at the frame before."""
    placed, meshes = geometry.placements, geometry.meshes
    pairs: dict[tuple[int, int, float], int] = {}
    rows: list[tuple[int, int, int]] = []  # time, object, mesh
    poses: list[Array] = []
    before = np.full(len(geometry.objects), ABSENT)  # rows of the geometry, ABSENT
    moved = np.zeros(len(geometry.objects), bool)  # which objects were on their way from one row to another
    for s, (low, share) in enumerate(zip(where.low.tolist(), where.share.tolist(), strict=True)):
        now = geometry.placed(low)
        following = geometry.placed(low + 1) if share else now
        moving = (following != now) & (following >= 0) & (now >= 0)
        for thing in np.flatnonzero((now != before) | moved | moving).tolist():
            mesh, pose = ABSENT, np.eye(4)
            if now[thing] >= 0:
                mesh, pose = int(placed.mesh[now[thing]]), np.asarray(placed.pose[now[thing]])
            if moving[thing]:
                other = int(placed.mesh[following[thing]])
                if np.array_equal(meshes.table[mesh, 1:4], meshes.table[other, 1:4]):
                    pose = affine_between(pose, np.asarray(placed.pose[following[thing]]), share)
                    if other != mesh:
                        mesh = pairs.setdefault((mesh, other, share), len(meshes.table) + len(pairs))
            rows.append((s, thing, mesh))
            poses.append(pose)
        before, moved = now, moving
    table = np.concatenate([meshes.table, *(meshes.table[start : start + 1] for start, _, _ in pairs)])
    bounds = np.concatenate([meshes.bounds, np.zeros((len(pairs), 2, 3))])
    more = MeshesBetween(meshes.vertices, meshes.packed, meshes.triangles, meshes.material, table, bounds, tuple(pairs))
    time, thing, mesh = np.array(rows, np.int32).reshape(-1, 3).T
    pose = np.array(poses).reshape(-1, 4, 4)
    return Geometry(geometry.objects, geometry.materials, more, Placements(time, thing, mesh, pose))
