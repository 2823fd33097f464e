"""The best values of keys whose places are chosen: what thinning costs is won back where the keys can give it."""

import numpy as np
from numpy.typing import NDArray

from .fit import ASPECTS, Problem, Solution, normal_equations, sensitivity
from .simplify import hats

Array = NDArray[np.floating]

MOST_KEYS = 800  # of all channels together; beyond, the dense system grows too large
MOST = 1 << 21  # ... times frames: the system's own memory
ROUNDS = 6


def at_keys(problem: Problem, places: list[list[int]], start: Solution) -> Solution:
    """The least error with straight lines between these keys of each channel, from the start's values there.

    Keys at frames without motion keep the neutral value. It never returns anything worse than the start's lines.
    """
    neutral, frames = problem.warp.neutral, problem.truth.frames
    unit = sensitivity(problem.warp, problem.truth)
    free = [[k for k in found if k not in problem.truth.still] for found in places]
    owner = np.repeat(np.arange(len(neutral)), [len(found) for found in free])

    def values(heights: Array) -> Array:
        each = [_lines(found, free[c], heights[owner == c], frames) / unit[c] for c, found in enumerate(places)]
        return neutral + np.stack(each, axis=-1)

    heights = np.concatenate([(start.value[found, c] - neutral[c]) * unit[c] for c, found in enumerate(free)])
    aspect, damping = start.aspect, 1e-3
    if not len(heights) or len(heights) > MOST_KEYS or len(heights) * frames > MOST:
        return Solution(values(heights), aspect, start.cost)
    across = np.concatenate([_free(found, frames, problem) for found in places], axis=1)
    normal = normal_equations(problem, values(heights), aspect, unit)
    for _ in range(ROUNDS):
        system, slope = _system(normal.curve, normal.slope, across, owner)
        system += np.diag(damping * np.diag(system) + 1e-9)
        step = np.linalg.solve(system, -slope)
        tried, turned = heights + step[:-1], float(np.clip(aspect * np.exp(step[-1]), *ASPECTS))
        after = normal_equations(problem, values(tried), turned, unit)
        if after.cost < normal.cost:
            heights, aspect, normal, damping = tried, turned, after, damping / 5
        else:
            damping *= 10
    moving = max(1, frames - len(problem.truth.still))
    return Solution(values(heights), aspect, normal.cost / moving)


def _lines(places: list[int], free: list[int], heights: Array, frames: int) -> Array:
    """Straight lines between keys of which some have heights and the others are zero: (T,)."""
    of = dict(zip(free, heights, strict=True))
    return np.interp(np.arange(frames), places, [of.get(place, 0.0) for place in places])


def _free(places: list[int], frames: int, problem: Problem) -> Array:
    """What the keys that may move contribute to each frame: (T, keys)."""
    free = [i for i, place in enumerate(places) if place not in problem.truth.still]
    return hats(places, frames)[:, free]


def _system(curve: Array, slope: Array, across: Array, owner: NDArray[np.intp]) -> tuple[Array, Array]:
    """The normal equations of frames as those of keys; the aspect comes last."""
    last = curve.shape[1] - 1
    count = len(owner)
    system, right = np.zeros((count + 1, count + 1)), np.zeros(count + 1)
    for c in range(last):
        mine = across[:, owner == c]
        for d in range(last):
            system[np.ix_(owner == c, owner == d)] = mine.T @ (curve[:, c, d, None] * across[:, owner == d])
        mine_only = np.flatnonzero(owner == c)
        system[mine_only, count] = system[count, mine_only] = mine.T @ curve[:, c, last]
        right[mine_only] = mine.T @ slope[:, c]
    system[count, count] = curve[:, last, last].sum()
    right[count] = slope[:, last].sum()
    return system, right
