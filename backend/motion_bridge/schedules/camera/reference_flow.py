"""What a schedule is measured against: the true motion of a Shot on a grid of its pixels.

Flow is backward: where the content of a pixel of frame k was in frame k-1, minus the pixel, in pixels. Every warp here
answers the same question, so the difference of the two is its error. A pixel counts where its content was in the
picture and not hidden at frame k-1; nothing right could be fetched for the others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput
from ...geometry.camera import project, unproject
from ...geometry.cancellation import breathe
from ...shot import Shot

Array = NDArray[np.floating]

COLUMNS, ROWS = 64, 36  # of the grid
MOST = 1 << 22  # pixels of all frames together: a longer shot has a coarser grid, so that memory stays flat
CHUNK = 64  # frames that are compared together
AGREE = 0.03  # relative difference of depth under which two frames see the same surface


@dataclass(frozen=True)
class Truth:
    """The true motion on a grid of N pixels; entry 0 of the frame axis is empty, because nothing moves into frame 0."""

    width: int
    height: int
    at: Array  # (N, 2) the grid's pixel centers
    flow: Array  # (T, 2, N) float32, pixels, backward
    seen: NDArray[np.bool_]  # (T, N) the content was visible at k-1
    still: frozenset[int]  # frames into which there is no motion: the first and the cuts, from 0

    @property
    def frames(self) -> int:
        return len(self.flow)

    def size(self) -> float:
        """The mean length of the flow, pixels a frame."""
        return self.error(self.nothing()).mean

    def nothing(self) -> Array:
        """A flow (T, 2, N) without motion, which takes no memory."""
        return np.broadcast_to(np.float32(0), self.flow.shape)

    def error(self, flow: Array) -> "Error":
        """How far another backward flow (T, 2, N) is from the true one."""
        distance = np.empty(self.seen.shape, np.float32)
        for at in range(0, self.frames, CHUNK):
            part = slice(at, at + CHUNK)
            distance[part] = np.linalg.norm(flow[part] - self.flow[part], axis=1)
        return self.error_of(distance)

    def error_of(self, distance: Array) -> "Error":
        """The same from distances (T, N) that are known already."""
        each = np.array([np.mean(d, where=s) if s.any() else 0.0 for d, s in zip(distance, self.seen, strict=True)])
        moving = [k for k in range(self.frames) if k not in self.still]
        return Error(float(each[moving].mean()) if moving else 0.0, each)


@dataclass(frozen=True)
class Error:
    mean: float  # pixels a frame, over the frames that move
    each: Array  # (T,) pixels, the mean of each frame


def grid(width: int, height: int, columns: int, rows: int) -> NDArray[np.intp]:
    """Pixel indices (x, y) spread evenly over the picture, at most one for each pixel: (N, 2)."""
    across, down = min(columns, width), min(rows, height)
    x = ((np.arange(across) + 0.5) * width / across).astype(np.intp)
    y = ((np.arange(down) + 0.5) * height / down).astype(np.intp)
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def still_frames(shot: Shot) -> frozenset[int]:
    """The frames (from 0) that continue no other: the first, and those at which another camera takes over."""
    return frozenset({0, *(shot.frames.index(cut) for cut in shot.cuts)})


def pixel_grid(shot: Shot) -> NDArray[np.intp]:
    """The pixels (N, 2) on which a Shot's motion is compared."""
    finer = min(1.0, np.sqrt(MOST / (len(shot.frames) * COLUMNS * ROWS)))
    return grid(shot.width, shot.height, max(1, int(COLUMNS * finer)), max(1, int(ROWS * finer)))


def measure(shot: Shot) -> Truth:
    """The Shot's true motion on an even grid; as measure_at."""
    return measure_at(shot, pixel_grid(shot))


def measure_at(shot: Shot, index: NDArray[np.intp]) -> Truth:
    """The Shot's true motion at pixels (N, 2). BadInput without depth, which says how fast each pixel moves."""
    if shot.depth is None and not shot.camera.orthographic.all():
        raise BadInput("This Shot has no depth, so its motion in pixels is unknown; read the scene with depth.")
    at = index + 0.5
    count = len(shot.frames)
    flow = np.zeros((count, 2, len(at)), np.float32)
    seen = np.zeros((count, len(at)), bool)
    still = still_frames(shot)
    for k in range(1, count):
        breathe()
        if k not in still:
            was, seen[k] = travel(shot, k, k - 1, index)
            flow[k] = np.where(seen[k], (was - at).T, 0.0)
    return Truth(shot.width, shot.height, at, flow, seen, still)


def depth_at(shot: Shot, k: int, index: NDArray[np.intp]) -> Array:
    """Depth of frame k at pixels (N, 2); an orthographic Shot without depth stands one unit away."""
    if shot.depth is None:
        return np.ones(len(index))
    return np.asarray(shot.depth[k, index[:, 1], index[:, 0]], np.float64)


def travel(shot: Shot, k: int, j: int, index: NDArray[np.intp]) -> tuple[Array, NDArray[np.bool_]]:
    """Where the content of frame k's pixels is in frame j, (N, 2) pixels, and whether it can be seen there (N,)."""
    camera = shot.camera
    depth = depth_at(shot, k, index)
    endless = np.isinf(depth)
    point = unproject(index + 0.5, np.where(endless, 1.0, depth), camera.intrinsics[k], bool(camera.orthographic[k]))
    move = np.linalg.inv(camera.pose[j]) @ _to_world(shot, k, j, index)
    there = (move[:, :3, :3] @ point[:, :, None])[:, :, 0]
    there += np.where(endless[:, None], 0.0, move[:, :3, 3])  # what is endlessly far does not feel the camera travel
    flat = bool(camera.orthographic[j])
    at = project(there, camera.intrinsics[j], flat)
    with np.errstate(invalid="ignore"):
        inside = ((at >= 0) & (at < (shot.width, shot.height))).all(-1) & (flat | (there[:, 2] > 0))
    if shot.depth is not None:
        target = np.where(inside[:, None], at, 0.0).astype(np.intp)
        inside &= _agrees(shot.depth[j], target, np.where(endless, np.inf, there[:, 2]))
    return at, inside


def _to_world(shot: Shot, k: int, j: int, index: NDArray[np.intp]) -> Array:
    """Camera k's points to the world at frame j, objects carried along: (N, 4, 4)."""
    move = np.broadcast_to(shot.camera.pose[k], (len(index), 4, 4))
    if shot.objects is None:
        return move
    thing = shot.objects.index[k, index[:, 1], index[:, 0]].astype(np.intp)
    carried = np.concatenate([np.eye(4)[None], shot.objects.pose[:, j] @ np.linalg.inv(shot.objects.pose[:, k])])
    return carried[thing] @ move


def _agrees(depth: Array, target: NDArray[np.intp], expected: Array) -> NDArray[np.bool_]:
    """Whether the surface seen at or right beside a pixel is the expected one; a slope may pass in between."""
    height, width = depth.shape
    near, far = np.full(len(target), np.inf), np.zeros(len(target))
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            y, x = np.clip(target[:, 1] + dy, 0, height - 1), np.clip(target[:, 0] + dx, 0, width - 1)
            here = np.asarray(depth[y, x], np.float64)
            near, far = np.minimum(near, here), np.maximum(far, here)
    return (expected >= near * (1 - AGREE)) & (expected <= far * (1 + AGREE))
