"""The webui's own warps as formulas: where each pixel fetches its content for given motion values.

A warp is a class of motion: which channels move it, and the flow with its derivatives. All flow is backward, in
pixels, like the truth it is compared with. The 3D warp is not a pinhole: its points are (x, y, z) with x, y in -1..1
rather than rays, and z is a rank of depths, not a distance. Signs and order as in convention.py.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...geometry.cancellation import breathe
from ...shot import Shot
from .convention import CHANNELS_2D, CHANNELS_3D, STEP, turns, turns_and_slopes

Array = NDArray[np.floating]

BINS = 1024  # of the histogram that flattens a depth map


@dataclass(frozen=True)
class Warp3D:
    """3D mode. z (T, N): depth of the frame that is warped into frame k; one where depth warping is off."""

    width: int
    height: int
    index: NDArray[np.intp]  # (N, 2) pixels
    z: Array
    fov: Array  # (T,) degrees
    channels = CHANNELS_3D
    neutral = np.zeros(6)

    def flow(self, value: Array, aspect: float, frames: slice) -> Array:
        """Backward flow of channel values (F, 6) for a run of frames: (F, 2, N)."""
        points, scale = self._points(frames), self._scale(aspect, frames)
        moved = turns(value[:, 3:]).transpose(0, 2, 1) @ points + (value[:, :3] / STEP)[..., None]
        return -scale * (moved[:, :2] / moved[:, 2:] - points[:, :2] / points[:, 2:])

    def flow_and_slopes(self, value: Array, aspect: float, frames: slice) -> tuple[Array, Array]:
        """Flow and its derivatives by the six channels and by the logarithm of the aspect: (F, 7, 2, N) float32."""
        points, scale = self._points(frames), self._scale(aspect, frames)
        turn, slopes = turns_and_slopes(value[:, 3:])
        moved = turn.transpose(0, 2, 1) @ points + (value[:, :3] / STEP)[..., None]
        ratio = moved[:, :2] / moved[:, 2:]
        flow = -scale * (ratio - points[:, :2] / points[:, 2:])
        slope = np.zeros((len(value), 7, 2, points.shape[-1]), np.float32)
        near = -scale / moved[:, 2:]
        slope[:, 0, 0] = near[:, 0] / STEP[0]
        slope[:, 1, 1] = near[:, 1] / STEP[1]
        slope[:, 2] = near * ratio / -STEP[2]
        for c in range(3):
            turned = slopes[c].transpose(0, 2, 1) @ points
            slope[:, 3 + c] = near * (turned[:, :2] - ratio * turned[:, 2:])
        slope[:, 6, 0] = -flow[:, 0]
        return flow, slope

    def _points(self, frames: slice) -> Array:
        """(F, 3, N)"""
        x, y = np.linspace(-1, 1, self.width)[self.index[:, 0]], np.linspace(-1, 1, self.height)[self.index[:, 1]]
        return np.stack(np.broadcast_arrays(x, y, self.z[frames]), axis=1)

    def _scale(self, aspect: float, frames: slice) -> Array:
        """Pixels per unit of the projected plane: (F, 2, 1)."""
        half = np.array([[self.width / aspect], [self.height]]) / 2
        return half / np.tan(np.radians(self.fov[frames]) / 2)[:, None, None]


@dataclass(frozen=True)
class Warp2D:
    """2D mode: shift, then turn and zoom about a centre given as parts of width and height."""

    width: int
    height: int
    index: NDArray[np.intp]  # (N, 2) pixels
    center: tuple[float, float]
    channels = CHANNELS_2D
    neutral = np.array([0.0, 0.0, 0.0, 1.0])

    def flow(self, value: Array, aspect: float, frames: slice) -> Array:
        """Backward flow of channel values (F, 4): (F, 2, N). The aspect plays no part."""
        return self.flow_and_slopes(value, aspect, frames)[0]

    def flow_and_slopes(self, value: Array, aspect: float, frames: slice) -> tuple[Array, Array]:
        """Flow and its derivatives by the four channels, and zero for the aspect: (F, 5, 2, N) float32."""
        away = (self.index - self._center()).T
        angle = np.radians(value[:, 2, None])
        cosine, sine, zoom = np.cos(angle), np.sin(angle), value[:, 3, None]
        x = (cosine * away[0] - sine * away[1]) / zoom
        y = (sine * away[0] + cosine * away[1]) / zoom
        turned = np.stack([x, y], axis=1)
        slope = np.zeros((len(value), 5, 2, len(self.index)), np.float32)
        slope[:, 0, 0] = slope[:, 1, 1] = -1
        slope[:, 2] = np.radians(1.0) * np.stack([-y, x], axis=1)
        slope[:, 3] = -turned / zoom[..., None]
        return turned - away - value[:, :2, None], slope

    def values(self, linear: Array, offset: Array) -> Array:
        """The channels of the maps x → linear·x + offset of pixel positions, as near as a similarity comes: (F, 4)."""
        cosine = (linear[:, 0, 0] + linear[:, 1, 1]) / 2
        sine = (linear[:, 0, 1] - linear[:, 1, 0]) / 2
        zoom, angle = np.hypot(cosine, sine), np.degrees(np.arctan2(sine, cosine))
        center = self._center() + 0.5
        moved = (linear @ center) + offset - center
        shift = np.stack([cosine * moved[:, 0] - sine * moved[:, 1], sine * moved[:, 0] + cosine * moved[:, 1]], -1)
        return np.column_stack([shift / (zoom**2)[:, None], angle, zoom])

    def _center(self) -> Array:
        return np.array([self.width, self.height]) * self.center


def rank_depth(shot: Shot, index: NDArray[np.intp]) -> Array:
    """What an ideal MiDaS would tell the webui of each frame's predecessor, at pixels (N, 2): (T, N) float32.

    Inverse depth, stretched to 0..1 and flattened by its histogram; then z = 2 - that. A flat map counts as z = 1.
    """
    z = np.ones((len(shot.frames), len(index)), np.float32)
    if shot.depth is None:
        return z
    for k in range(1, len(shot.frames)):
        breathe()
        near = 1 / np.asarray(shot.depth[k - 1], np.float32)
        low, high = float(near.min()), float(near.max())
        if high > low:
            near = (near - low) / (high - low)
            count = np.bincount(np.minimum((near.ravel() * BINS).astype(np.int32), BINS - 1), minlength=BINS)
            share = np.cumsum(count) / near.size
            z[k] = 2 - np.interp(near[index[:, 1], index[:, 0]], np.arange(BINS) / BINS, share)
    return z
