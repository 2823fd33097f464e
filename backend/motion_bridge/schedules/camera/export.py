"""A Shot's camera as schedules for the webui, Forge, ComfyUI and Parseq: fitted, because their warp is not a pinhole.

Three ways to say a shot are tried: 3D mode on their rank of depths with one constant aspect, 3D mode with depth warping
off, and 2D mode. The best is smoothed as far as that costs next to nothing, loses the channels that it does not need,
and is thinned to keys that a person can read. What error remains, in pixels a frame, is part of the result. It is never
more than the closed form's: where the fit cannot beat it, the closed form is what is written.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput
from ...shot import Shot
from .. import writer
from .fit import Problem, Solution, distances, sensitivity, solve
from .initial_guess import FOV_DECIMALS, best_units, fov_keys, similarities, travel_and_turn, written_fov
from .reference_flow import Error, Truth, measure, pixel_grid
from .refit_keys import at_keys
from .simplify import Tolerance, evaluate, thin, without_repeats
from .webui_warp import Warp2D, Warp3D, rank_depth

Array = NDArray[np.floating]

SMOOTH = (1.0, 0.3, 0.1, 0.03, 0.01, 0.0)  # tried in this order
SMOOTH_COST, FEWER_COST = 1.01, 1.02  # of the best fit's error: for smoothness, and for that on fewer channels
KEYS_COST, KEYS_SPARE = 1.03, 0.03  # of the smooth fit's error, and pixels a frame: for few keys
SPARE = 0.005  # pixels a frame that are always worth a simpler schedule
THIN = (0.3, 0.15, 0.08, 0.04, 0.02)  # pixels by which lines may leave the fitted values, tried in this order
SHARES = (4.0, 2.0, 1.0, 0.5, 0.25, 0.1)  # the same where a tolerance is asked for, in parts of it
ROUNDING = 0.005  # pixels
LARGEST_DECIMALS = 8
PART = 5  # every so many pixels of the grid are enough for trials
TIE = 1.02  # a simpler mode may be this much worse


@dataclass(frozen=True)
class Export:
    """Schedules for other people's Deforum and what they cannot express."""

    mode: str  # animation_mode: "3D" or "2D"
    depth_warping: bool
    schedules: dict[str, str]  # by the names of a settings file
    keys: int  # how many the motion schedules have together
    error: Error  # of these schedules, pixels a frame
    closed: Error  # of the unfitted conversion
    size: Error  # of the motion itself
    tried: dict[str, float]  # the error of each way before smoothing and thinning
    still: frozenset[int]  # frames without motion: the first and the cuts, from 0

    def settings(self) -> dict[str, object]:
        """What a webui settings file must say beside its defaults for these schedules to mean this."""
        return {
            "animation_mode": self.mode,
            "use_depth_warping": self.depth_warping,
            "depth_algorithm": "Midas-3-Hybrid",
            "aspect_ratio_use_old_formula": False,
            "enable_perspective_flip": False,
            "diffusion_cadence": 1,
            **self.schedules,
        }


def export(shot: Shot, tolerance: float | None = None, keep: Collection[int] = ()) -> Export:
    """Fitted schedules for a Shot with depth (or an orthographic one).

    tolerance: pixels a frame, in the mean, that few keys may cost; 0 for a key at every frame, None for as few as cost
    next to nothing. keep: positions of frames that have a key in any case. BadInput for a negative tolerance.
    """
    if tolerance is not None and not tolerance >= 0:
        raise BadInput(f"The tolerance is {tolerance} pixels; it must not be negative.")
    truth, ways = measure(shot), _ways(shot)
    plain = _closed_form(shot, truth, ways[0])
    fits = {way.name: _fit(way, truth) for way in ways}
    least = min(fit.cost for fit in fits.values())
    way = next(way for way in reversed(ways) if fits[way.name].cost <= least * TIE + SPARE)  # the simplest of the good
    fit = fits[way.name]
    whole = _written(shot, way, truth, fit, _everywhere(fit))
    if tolerance is None:
        simple = _simpler(way, truth, fit, (SPARE, SPARE))
        limit = simple.cost * KEYS_COST + KEYS_SPARE
        written = _thinned(shot, way, truth, simple, limit, THIN, keep)
    elif tolerance > 0:
        simple = _simpler(way, truth, fit, (tolerance / 4, tolerance / 2))
        limit = min(whole.error.mean + tolerance, plain.error.mean)
        written = _thinned(shot, way, truth, simple, limit, [tolerance * share for share in SHARES], keep)
        written = written if written.error.mean <= limit else whole
    else:
        written = whole
    if written.error.mean > plain.error.mean:
        written, way = plain, ways[0]
    return Export(
        mode="2D" if isinstance(way.warp, Warp2D) else "3D",
        depth_warping=way.name == "3D",
        schedules=written.schedules,
        keys=written.keys,
        error=written.error,
        closed=plain.error,
        size=truth.error(truth.nothing()),
        tried={name: fit.cost for name, fit in fits.items()},
        still=truth.still,
    )


@dataclass(frozen=True)
class _Way:
    """One way to say the shot: a warp, and the camera's own numbers in its channels."""

    name: str
    warp: Warp3D | Warp2D
    guide: Array  # (T, C)

    def problem(self, truth: Truth, active: NDArray[np.bool_], smooth: float) -> Problem:
        return Problem(self.warp, truth, self.guide, active, isinstance(self.warp, Warp3D), smooth)


@dataclass(frozen=True)
class _Written:
    schedules: dict[str, str]
    keys: int
    error: Error


def _ways(shot: Shot) -> list[_Way]:
    """From the most to the least that is asked of the target."""
    index = pixel_grid(shot)
    size = shot.width, shot.height
    x, y = (shot.camera.intrinsics[0, :2, 2] - 0.5) / size  # their centre is a pixel's index, not its middle
    plane = Warp2D(*size, index, (round(float(x), 6), round(float(y), 6)))
    ways = [_Way("2D", plane, similarities(shot, plane))]
    if shot.camera.orthographic.any():
        return ways
    fov, rank, move = written_fov(shot), rank_depth(shot, index), travel_and_turn(shot)
    whole = Warp3D(*size, index, rank, fov)
    flat = replace(whole, z=np.ones_like(rank))
    return [_Way("3D", whole, move), _Way("3D without depth", flat, move), *ways]


def _closed_form(shot: Shot, truth: Truth, way: _Way) -> _Written:
    """The conversion without any fit, a key at every frame."""
    value = best_units(shot, truth, way.warp) if isinstance(way.warp, Warp3D) else way.guide
    plain = Solution(value, 1.0, 0.0)
    return _written(shot, way, truth, plain, _everywhere(plain))


def _fit(way: _Way, truth: Truth) -> Solution:
    """The best that a way can do, found on a part of the grid first."""
    every = np.ones(way.guide.shape[1], bool)
    few, few_truth = _coarser(way, truth)
    rough = solve(few.problem(few_truth, every, 0.0), way.guide)
    return solve(way.problem(truth, every, 0.0), rough.value, rough.aspect)


def _simpler(way: _Way, truth: Truth, fit: Solution, spare: tuple[float, float]) -> Solution:
    """As smooth as costs next to nothing, then with the weakest channels, and the aspect, at rest while that does.

    spare: pixels a frame that each of the two may cost beside that.
    """
    few, few_truth = _coarser(way, truth)
    every = np.ones(way.guide.shape[1], bool)
    best = solve(few.problem(few_truth, every, 0.0), fit.value, fit.aspect)
    smooth, found = 0.0, best
    for smooth in SMOOTH:
        found = solve(few.problem(few_truth, every, smooth), best.value, best.aspect)
        if found.cost <= best.cost * SMOOTH_COST + spare[0]:
            break
    limit = best.cost * FEWER_COST + spare[1]
    problem = few.problem(few_truth, every, smooth)
    weight = np.abs(found.value - way.warp.neutral).mean(0) * sensitivity(few.warp, few_truth)
    for channel in np.argsort(weight):
        tried = replace(problem, active=problem.active & (np.arange(len(weight)) != channel))
        without = solve(tried, found.value, found.aspect)
        if without.cost <= limit:
            problem, found = tried, without
    if problem.free_aspect:
        tried = replace(problem, free_aspect=False)
        without = solve(tried, found.value, 1.0)
        if without.cost <= limit:
            problem, found = tried, without
    return solve(replace(problem, warp=way.warp, truth=truth), found.value, found.aspect)


def _coarser(way: _Way, truth: Truth) -> tuple[_Way, Truth]:
    """The same on a part of the grid, for the many trials."""
    pick = slice(None, None, PART if len(truth.at) > 1000 else 1)
    warp = replace(way.warp, index=way.warp.index[pick])
    if isinstance(warp, Warp3D):
        warp = replace(warp, z=warp.z[:, pick])
    part = replace(truth, at=truth.at[pick], flow=truth.flow[:, :, pick], seen=truth.seen[:, pick])
    return replace(way, warp=warp), part


def _thinned(
    shot: Shot,
    way: _Way,
    truth: Truth,
    fit: Solution,
    limit: float,
    trials: Sequence[float],
    keep: Collection[int],
) -> _Written:
    """The fewest keys with an error within the limit, or nearly so where no trial is.

    trials: pixels by which lines may leave the fitted values, one after the other.
    """
    unit = sensitivity(way.warp, truth)
    problem = replace(way.problem(truth, np.ones(len(unit), bool), 0.0), free_aspect=fit.aspect != 1.0)
    written: _Written | None = None
    for pixels in trials:
        keys = [thin(fit.value[:, c], Tolerance(pixels / size), truth.still, keep=keep) for c, size in enumerate(unit)]
        places = [sorted(found) for found in keys]
        written = _written(shot, way, truth, at_keys(problem, places, fit), places, keep)
        if written.error.mean <= limit:
            break
    assert written is not None  # there is at least one trial
    return written


def _everywhere(fit: Solution) -> list[list[int]]:
    return [list(range(len(fit.value)))] * fit.value.shape[1]


def _written(
    shot: Shot, way: _Way, truth: Truth, fit: Solution, places: list[list[int]], keep: Collection[int] = ()
) -> _Written:
    """Text, and the error of what the text says."""
    unit = sensitivity(way.warp, truth)
    value = np.empty_like(fit.value)
    schedules: dict[str, str] = {}
    count = 0
    for c, name in enumerate(way.warp.channels):
        decimals = _decimals(unit[c])
        keys = without_repeats({k: round(float(fit.value[k, c]), decimals) for k in places[c]}, keep)
        value[:, c] = evaluate(keys, truth.frames)
        schedules[name] = writer.schedule(keys, decimals)
        count += len(keys)
    aspect = round(fit.aspect, 3)
    if isinstance(way.warp, Warp3D):
        schedules["fov_schedule"] = writer.schedule(fov_keys(shot), FOV_DECIMALS)
        schedules["aspect_ratio_schedule"] = writer.schedule({0: aspect}, 3)
    else:
        schedules["transform_center_x"] = writer.schedule({0: way.warp.center[0]})
        schedules["transform_center_y"] = writer.schedule({0: way.warp.center[1]})
    error = truth.error_of(distances(way.warp, truth, value, aspect))
    return _Written(schedules, count, error)


def _decimals(unit: float) -> int:
    """So many that rounding moves the picture by less than ROUNDING."""
    return int(np.clip(np.ceil(np.log10(unit / 2 / ROUNDING)), 3, LARGEST_DECIMALS))
