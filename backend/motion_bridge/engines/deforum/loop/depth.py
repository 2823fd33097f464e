"""How deep a picture is, for the legacy warp and for masks: nowhere, by the scene's own depth, or by an estimator.

An estimator's inverse depth has a scale and a shift of its own in every picture. So each picture's is brought to that
of the one before it, where both show the same, by the line that most of the pixels agree on. A frame's two numbers are
kept in its notes; a resumed job goes on with them. (The webui ranks depths, and ranks have no scale; the classic
notebooks take the numbers as they are, and so do masks.)
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....shot import Shot
from . import webui_motion
from .scene_motion import Motion
from .warp import warp

SAMPLES = 4096  # pixels that are compared
PAIRS = 100
ROUNDS = 12
FEWEST = 64  # pixels seen twice, below which only the spread of depths is kept
TUKEY = 4.685  # deviations beyond which a pixel has no say
LARGEST = 5.0  # by how much a scale may change from one picture to the next
NOTE = "depth"


class Estimator(Protocol):
    """As models/depth.py loads them."""

    kind: str  # as webui_motion.equalize calls it

    def __call__(self, picture: Tensor, /) -> Tensor: ...  # (B, 3, H, W) to inverse depth (B, H, W)


class DepthSource(Protocol):
    """`picture` is what is looked at at frame k, (1, 3, H, W)."""

    def z(self, k: int, picture: Tensor) -> Tensor: ...  # of the legacy warp, (1, H, W)
    def inverse_depth(self, k: int, picture: Tensor) -> Tensor: ...  # 0 far to 1 near, (1, 1, H, W)
    def inverse_depth_of(self, picture: Tensor) -> Tensor: ...  # the same of any picture, whatever frame it is
    def follow(self, picture: Tensor, motion: Motion | None) -> Mapping[str, Any]: ...  # a new key; its notes
    def restore(self, picture: Tensor, notes: Mapping[str, Any]) -> None: ...  # a finished key


class OneScale:
    """What has one scale always, and so nothing to follow; other pictures it cannot look into."""

    def inverse_depth_of(self, picture: Tensor) -> Tensor:
        return torch.zeros_like(picture[:, :1])

    def follow(self, picture: Tensor, motion: Motion | None) -> Mapping[str, Any]:
        return {}

    def restore(self, picture: Tensor, notes: Mapping[str, Any]) -> None:
        pass


class Flat(OneScale):
    """A picture that nobody looks into: z is one everywhere."""

    def z(self, k: int, picture: Tensor) -> Tensor:
        return torch.ones_like(picture[:, 0])

    def inverse_depth(self, k: int, picture: Tensor) -> Tensor:
        return torch.zeros_like(picture[:, :1])


class OfShot(OneScale):
    """The Shot's own depth, ranked as a perfect MiDaS would rank it."""

    def __init__(self, shot: Shot):
        self.shot = shot

    def z(self, k: int, picture: Tensor) -> Tensor:
        return webui_motion.equalize(self._inverse(k, picture), "midas")

    def inverse_depth(self, k: int, picture: Tensor) -> Tensor:
        return normalize(self._inverse(k, picture))[:, None]

    def _inverse(self, k: int, picture: Tensor) -> Tensor:
        assert self.shot.depth is not None
        return 1 / torch.tensor(np.asarray(self.shot.depth[k], np.float32), device=picture.device)[None]


class Estimated:
    """What an estimator sees in the pictures, at one scale. `classic` has no histogram and wants MiDaS."""

    def __init__(self, model: Estimator, classic: bool):
        self.model = model
        self.classic = classic
        self._estimated: tuple[Tensor, Tensor] | None = None  # the picture that was looked at last, and what was seen
        self._line = (1.0, 0.0)  # scale and shift of the latest key
        self._latest: Tensor | None = None  # its picture

    def z(self, k: int, picture: Tensor) -> Tensor:
        inverse = self._estimate(picture)
        return (
            webui_motion.classic_z(self._on_line(inverse))
            if self.classic
            else webui_motion.equalize(inverse, self.model.kind)
        )

    def inverse_depth(self, k: int, picture: Tensor) -> Tensor:
        return normalize(self._on_line(self._estimate(picture)))[:, None]

    def inverse_depth_of(self, picture: Tensor) -> Tensor:
        return normalize(self.model(picture))[:, None]

    def follow(self, picture: Tensor, motion: Motion | None) -> Mapping[str, Any]:
        """The line that brings a new key's depths to those of the key before it, which moved here by `motion`."""
        if motion is not None and self._latest is not None:
            before = self._on_line(self._estimate(self._latest))
            moved = warp(before[:, None], motion.flow, kernel="bilinear")[:, 0]
            self._line = fit_line(self._estimate(picture), moved, ~motion.revealed)
        self._latest = picture
        return {NOTE: list(self._line)}

    def restore(self, picture: Tensor, notes: Mapping[str, Any]) -> None:
        self._latest, self._line = picture, tuple(notes.get(NOTE, self._line))

    def _on_line(self, inverse: Tensor) -> Tensor:
        return self._line[0] * inverse + self._line[1]

    def _estimate(self, picture: Tensor) -> Tensor:
        if self._estimated is None or self._estimated[0] is not picture:
            self._estimated = (picture, self.model(picture))
        return self._estimated[1]


def normalize(inverse: Tensor) -> Tensor:
    """Inverse depths as grays: all but the outermost hundredth between 0 and 1."""
    order = inverse.flatten().sort().values
    least, most = order[len(order) // 100], order[-1 - len(order) // 100]
    return ((inverse - least) / (most - least).clamp(min=1e-12)).clamp(0, 1)


def fit_line(inverse: Tensor, before: Tensor, seen: Tensor) -> tuple[float, float]:
    """Scale and shift that bring `inverse` to `before`, (1, H, W) each, where both show the same.

    Of the lines through pairs of pixels the one with the least median error, then least squares with Tukey's weights;
    nearly half of the pixels may be wrong.
    """
    x, y = (each[seen].cpu().numpy().astype(np.float64) for each in (inverse, before))
    if len(x) < FEWEST:
        return _medians(*(each.cpu().numpy().astype(np.float64).ravel() for each in (inverse, before)))
    few = np.linspace(0, len(x) - 1, min(SAMPLES, len(x))).astype(np.int64)
    x, y = x[few], y[few]
    scale, shift = _through_pairs(x, y)
    for _ in range(ROUNDS):
        off = y - scale * x - shift
        size = max(float(np.median(np.abs(off))) * 1.4826, 1e-9)
        weight = np.maximum(1 - (off / (TUKEY * size)) ** 2, 0) ** 2
        total = max(weight.sum(), 1e-12)
        middle_x, middle_y = (weight * x).sum() / total, (weight * y).sum() / total
        wide = (weight * (x - middle_x) ** 2).sum()
        if wide > 1e-12:
            scale = (weight * (x - middle_x) * (y - middle_y)).sum() / wide
        shift = middle_y - scale * middle_x
    if not 1 / LARGEST < scale < LARGEST:
        return _medians(x, y)
    return float(scale), float(shift)


def _through_pairs(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Among lines through two points the one that most points are inverse; by medians where none rises."""
    one, two = np.random.default_rng(0).integers(0, len(x), (2, PAIRS))
    run = x[two] - x[one]
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = (y[two] - y[one]) / run
    scale = scale[(np.abs(run) > 1e-9) & (scale > 1 / LARGEST) & (scale < LARGEST)]
    best, least = _medians(x, y), np.inf
    for each in scale:
        off = y - each * x
        shift = np.median(off)
        error = np.median(np.abs(off - shift))
        if error < least:
            best, least = (float(each), float(shift)), error
    return best


def _medians(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """The line that brings median and spread of x to those of y."""
    wide, wanted = (float(np.median(np.abs(each - np.median(each)))) for each in (x, y))
    scale = min(max(wanted / wide, 1 / LARGEST), LARGEST) if wide > 1e-12 and wanted > 1e-12 else 1.0
    return scale, float(np.median(y) - scale * np.median(x))
