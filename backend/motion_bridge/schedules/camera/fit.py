"""Channel values that move the picture as truly as a warp can, over a whole shot at once.

The cost is the mean distance between warp and truth, in pixels, summed over frames; plus, so that the values can be
read and thinned, `smooth` times the squared second difference of *values minus gain × guide*, in pixels. The guide is
the closed form: jitter that the camera really has is in it and is not punished, only what the fit adds is. Solved by
reweighted least squares; the linear step couples all frames and is found by conjugate gradients, in time and memory
linear in the number of frames.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...geometry.cancellation import breathe
from .reference_flow import Truth
from .webui_warp import Warp2D, Warp3D

Array = NDArray[np.floating]

ROUNDED = 0.05  # pixels; below it the distance counts as squared, so that the cost has no corner
CHUNK = 16  # frames whose derivatives are held in memory together
UNFELT = 1e-6  # pixels that a unit of a channel moves the picture at least
ASPECTS = (0.3, 5.0)  # further out little is gained and the picture grows brittle


@dataclass(frozen=True)
class Problem:
    warp: Warp3D | Warp2D
    truth: Truth
    guide: Array  # (T, C) closed form
    active: NDArray[np.bool_]  # (C,) channels that may move
    free_aspect: bool
    smooth: float


@dataclass(frozen=True)
class Solution:
    value: Array  # (T, C)
    aspect: float
    cost: float  # pixels a frame, mean over the frames that move


def solve(problem: Problem, value: Array, aspect: float = 1.0, rounds: int = 25) -> Solution:
    """The best values near a start; it never returns anything worse than the start."""
    unit = sensitivity(problem.warp, problem.truth)
    penalty = _Penalty(problem, unit)
    value = np.where(problem.active & moving(problem)[:, None], value, problem.warp.neutral)
    normal = normal_equations(problem, value, aspect, unit)
    total = normal.cost + penalty.cost(value)
    damping = 1e-3
    for _ in range(rounds):
        penalty.refresh(value)
        total = normal.cost + penalty.cost(value)
        step, turn = _step(problem, normal, penalty, value, damping)
        tried = value + step / unit
        tried_aspect = float(np.clip(aspect * np.exp(turn), *ASPECTS))
        after = normal_equations(problem, tried, tried_aspect, unit)
        gained = total - (after.cost + penalty.cost(tried))
        if gained > 0:
            value, aspect, normal = tried, tried_aspect, after
            damping = max(damping / 5, 1e-6)
            if gained < 1e-4 * total:
                break
        else:
            damping *= 10
            if damping > 1e6:
                break
    return Solution(value, aspect, normal.cost / max(1, moving(problem).sum()))


def sensitivity(warp: Warp3D | Warp2D, truth: Truth) -> Array:
    """How many pixels the picture moves, on average, for one unit of each channel: (C,), never quite 0.

    A picture of one pixel, whose middle is its own, feels no turn and no zoom at all.
    """
    frames = slice(min(1, truth.frames - 1), None, max(1, truth.frames // 8))
    count = len(range(truth.frames)[frames])
    _, slope = warp.flow_and_slopes(np.tile(warp.neutral, (count, 1)), 1.0, frames)
    return np.maximum(np.linalg.norm(slope[:, :-1], axis=2).mean((0, 2), dtype=np.float64), UNFELT)


def distances(warp: Warp3D | Warp2D, truth: Truth, value: Array, aspect: float) -> Array:
    """How far the warp's flow is from the true one at every frame and pixel: (T, N)."""
    distance = np.zeros(truth.seen.shape)
    for frames in _chunks(truth.frames):
        breathe()
        flow = warp.flow(value[frames], aspect, frames)
        distance[frames] = np.linalg.norm(flow - truth.flow[frames], axis=1)
    return distance


@dataclass(frozen=True)
class Normal:
    """The normal equations of the data, in pixels: one small system a frame, and a border for the aspect."""

    curve: Array  # (T, C + 1, C + 1)
    slope: Array  # (T, C + 1)
    cost: float


def _chunks(count: int) -> list[slice]:
    return [slice(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]


def moving(problem: Problem) -> NDArray[np.bool_]:
    return np.array([k not in problem.truth.still for k in range(problem.truth.frames)])


def normal_equations(problem: Problem, value: Array, aspect: float, unit: Array) -> Normal:
    truth, channels = problem.truth, value.shape[1]
    curve = np.zeros((truth.frames, channels + 1, channels + 1))
    slope = np.zeros((truth.frames, channels + 1))
    cost = 0.0
    scale = np.append(1 / unit, 1.0) * np.append(problem.active, problem.free_aspect)
    for frames in _chunks(truth.frames):
        breathe()
        flow, change = problem.warp.flow_and_slopes(value[frames], aspect, frames)
        error = flow - truth.flow[frames]
        seen = truth.seen[frames]
        share = seen / np.maximum(1, seen.sum(1))[:, None]
        distance = np.sqrt((error**2).sum(1) + ROUNDED**2)
        cost += float((share * (distance - ROUNDED)).sum())
        root = np.sqrt(share / distance).astype(np.float32)[:, None]
        change *= root[:, None]
        system = change.reshape(len(flow), channels + 1, -1)
        curve[frames] = scale[:, None] * (system @ system.transpose(0, 2, 1)) * scale
        slope[frames] = scale * (system @ (error * root).reshape(len(flow), -1, 1))[..., 0]
    return Normal(curve, slope, cost)


class _Penalty:
    """`smooth` × |second difference of (values - gain × guide)|², in pixels; the gains follow the values."""

    def __init__(self, problem: Problem, unit: Array):
        free = moving(problem)
        self.weight = problem.smooth * (free[:-2] & free[1:-1] & free[2:])[:, None]
        self.unit = unit
        self.guide = problem.guide * unit
        self.bend = np.diff(self.guide, 2, axis=0) * (self.weight > 0)
        self.gain = np.ones(problem.guide.shape[1])

    def refresh(self, value: Array) -> None:
        bend = np.diff(value * self.unit, 2, axis=0)
        size = (self.bend**2).sum(0)
        self.gain = np.where(size > 1e-12, (self.bend * bend).sum(0) / np.maximum(size, 1e-12), 0.0)

    def cost(self, value: Array) -> float:
        return float((self.weight * self._off(value) ** 2).sum())

    def slope(self, value: Array) -> Array:
        """By the values in pixels: (T, C)."""
        return self.curve_times(value * self.unit) - 2 * _unbend(self.weight * self.gain * self.bend, len(value))

    def curve_times(self, pixels: Array) -> Array:
        return 2 * _unbend(self.weight * np.diff(pixels, 2, axis=0), len(pixels))

    def diagonal(self, frames: int) -> Array:
        whole = np.zeros((frames, 1))
        for shift, factor in ((0, 1), (1, 4), (2, 1)):
            whole[shift : shift + len(self.weight)] += 2 * factor * self.weight
        return whole

    def _off(self, value: Array) -> Array:
        return np.diff(value * self.unit, 2, axis=0) - self.gain * self.bend


def _unbend(bend: Array, frames: int) -> Array:
    """The transpose of the second difference: (T-2, C) → (T, C)."""
    whole = np.zeros((frames, bend.shape[1]))
    count = len(bend)
    whole[:count] += bend
    whole[1 : 1 + count] -= 2 * bend
    whole[2 : 2 + count] += bend
    return whole


def _step(problem: Problem, normal: Normal, penalty: _Penalty, value: Array, damping: float) -> tuple[Array, float]:
    """The damped Gauss-Newton step, in pixels, and that of the aspect's logarithm."""
    frames, channels = value.shape
    own = normal.curve[:, :channels, :channels]
    border, corner = normal.curve[:, :channels, channels], normal.curve[:, channels, channels].sum()
    still = ~(moving(problem)[:, None] & problem.active)
    extra = damping * np.einsum("tcc->tc", own) + 1e-9
    corner = corner * (1 + damping) + 1e-9
    block = own + (extra + penalty.diagonal(frames))[..., None] * np.eye(channels)
    block = np.where(still[..., None] | still[:, None, :], np.eye(channels), block)
    inverse = np.linalg.inv(block)

    def times(pair: tuple[Array, float]) -> tuple[Array, float]:
        x, a = pair
        y = (own @ x[..., None])[..., 0] + extra * x + penalty.curve_times(x) + border * a
        return np.where(still, 0.0, y), float((border * x).sum() + corner * a)

    def roughly(pair: tuple[Array, float]) -> tuple[Array, float]:
        return np.where(still, 0.0, (inverse @ pair[0][..., None])[..., 0]), pair[1] / corner

    slope = normal.slope[:, :channels] + penalty.slope(value)
    aim = np.where(still, 0.0, -slope), -float(normal.slope[:, channels].sum()) if problem.free_aspect else 0.0
    return _conjugate_gradients(times, roughly, aim)


Pair = tuple[Array, float]


def _conjugate_gradients(times: Callable[[Pair], Pair], roughly: Callable[[Pair], Pair], aim: Pair) -> Pair:
    def dot(a: Pair, b: Pair) -> float:
        return float((a[0] * b[0]).sum() + a[1] * b[1])

    def along(a: Pair, factor: float, b: Pair) -> Pair:
        return a[0] + factor * b[0], a[1] + factor * b[1]

    found: Pair = (np.zeros_like(aim[0]), 0.0)
    left = aim
    guess = roughly(left)
    way, size = guess, dot(left, guess)
    target = 1e-10 * size
    for _ in range(200):
        if size <= target:
            break
        breathe()
        push = times(way)
        factor = size / dot(way, push)
        found, left = along(found, factor, way), along(left, -factor, push)
        guess = roughly(left)
        before, size = size, dot(left, guess)
        way = along(guess, size / before, way)
    return found
