"""What a webui would do to the picture with given settings: text in, flow out, by the formulas of warp.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...shot import Shot
from .. import Context, values
from .reference_flow import travel
from .webui_warp import Warp2D, Warp3D, rank_depth

Array = NDArray[np.floating]

THINNER = 3  # every so many rows and columns of a grid are followed over a whole shot
STILL = {"zoom": "0:(1)", "fov_schedule": "0:(70)", "aspect_ratio_schedule": "0:(1)"}  # all other motion: 0


@dataclass(frozen=True)
class Grid:
    """Pixels that stand for the whole picture, in rows and columns."""

    columns: NDArray[np.intp]
    rows: NDArray[np.intp]

    @property
    def index(self) -> NDArray[np.intp]:
        return np.stack(np.meshgrid(self.columns, self.rows), axis=-1).reshape(-1, 2)


def every(step: int, width: int, height: int) -> Grid:
    """Every so many pixels, from the first to the last."""
    return Grid(_spread(width, step), _spread(height, step))


def flow(shot: Shot, settings: Mapping[str, Any], index: NDArray[np.intp]) -> Array:
    """Backward flow (T, 2, N) at pixels (N, 2) of a Shot's frames; settings by the webui's names, ideal MiDaS depth."""
    context = Context(max_frames=len(shot.frames), dialect="webui")

    def series(name: str, rest: str = "0:(0)") -> Array:
        return values(str(settings.get(name, STILL.get(name, rest))), context, name)

    everything = slice(0, len(shot.frames))
    if settings["animation_mode"] == "2D":
        center = tuple(float(series(f"transform_center_{axis}", "0:(0.5)")[0]) for axis in "xy")
        flat = Warp2D(shot.width, shot.height, index, (center[0], center[1]))
        return flat.flow(np.stack([series(name) for name in flat.channels], axis=-1), 1.0, everything)
    z = rank_depth(shot, index) if settings.get("use_depth_warping", True) else np.ones((len(shot.frames), len(index)))
    deep = Warp3D(shot.width, shot.height, index, z, series("fov_schedule"))
    value = np.stack([series(name) for name in deep.channels], axis=-1)
    return deep.flow(value, float(series("aspect_ratio_schedule")[0]), everything)


def accumulated(shot: Shot, flow: Array, grid: Grid) -> float:
    """How far from its true place the last frame's content is fetched from the first: mean pixels.

    flow (T, 2, N) backward on the grid; between its pixels it is interpolated. Only what is seen all the way counts:
    what leaves the picture in between is lost to every warp.
    """
    last = len(shot.frames) - 1
    coarse = Grid(grid.columns[1::THINNER], grid.rows[1::THINNER]).index
    truth, seen = travel(shot, last, 0, coarse)
    for k in range(1, last):
        seen &= travel(shot, last, k, coarse)[1]
    if not seen.any():
        return 0.0
    at = coarse + 0.5
    shape = len(grid.rows), len(grid.columns)
    for k in range(last, 0, -1):
        at = at + np.stack([_sample(flow[k, axis].reshape(shape), at, grid) for axis in range(2)], axis=-1)
    return float(np.linalg.norm(at - truth, axis=-1)[seen].mean())


def _spread(side: int, step: int) -> NDArray[np.intp]:
    return np.linspace(0, side - 1, max(2, -(-side // step)) if side > 1 else 1).round().astype(np.intp)


def _sample(plane: Array, at: Array, grid: Grid) -> Array:
    """Bilinear between the grid's pixels, the edge repeated outside."""
    x = np.interp(at[:, 0], grid.columns + 0.5, np.arange(len(grid.columns)))
    y = np.interp(at[:, 1], grid.rows + 0.5, np.arange(len(grid.rows)))
    left, top = (
        np.minimum(v.astype(np.intp), max(0, side - 2)) for v, side in ((x, plane.shape[1]), (y, plane.shape[0]))
    )
    right, bottom = np.minimum(left + 1, plane.shape[1] - 1), np.minimum(top + 1, plane.shape[0] - 1)
    x, y = x - left, y - top
    upper = plane[top, left] * (1 - x) + plane[top, right] * x
    lower = plane[bottom, left] * (1 - x) + plane[bottom, right] * x
    return upper * (1 - y) + lower * y
