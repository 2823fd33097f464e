"""A schedule's keys to one value for every frame.

A number is interpolated between its key and the next; anything else is an expression that is evaluated at every frame
until the next key. Keys outside the run are ignored, of two keys at one frame the last counts, and after the last
key its value stays.
"""

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from . import evaluator, expression
from .parser import Key, fault, keys
from .spline import spline
from .variables import Context, of_values

METHODS = ("linear", "quadratic", "cubic")


def values(text: str, context: Context, name: str, method: str = "linear", whole: bool = False) -> NDArray[np.float64]:
    """The schedule at frames 0 … max_frames-1: (T,) float64; whole numbers, cut not rounded, if `whole`.

    BadInput names the schedule, the key and the column.
    """
    try:
        series = _filled(_sampled(text, context), text, context, method)
    except BadInput as wrong:
        raise BadInput(f"{name}, {wrong}") from None
    return np.trunc(series) if whole else series


def texts(text: str, context: Context, name: str) -> list[str]:
    """A schedule of words (sampler, checkpoint, mask): one for each frame, held until the next key."""
    try:
        inside = _inside(keys(text, context), context)
    except BadInput as wrong:
        raise BadInput(f"{name}, {wrong}") from None
    word = _classic_word if context.dialect == "classic" else _plain_word
    series: list[str] = []
    for at, key in enumerate(inside):
        until = inside[at + 1].frame if at + 1 < len(inside) else context.max_frames
        series += [word(key)] * (until - len(series))
    return series


def _plain_word(key: Key) -> str:
    return key.plain


def _classic_word(key: Key) -> str:
    return key.value.replace("'", "").replace('"', "")


def _inside(found: list[Key], context: Context) -> list[Key]:
    """The keys of the run in the order of their frames."""
    last = {key.frame: key for key in found}
    inside = [last[frame] for frame in sorted(last) if 0 <= frame < context.max_frames]
    if not inside:
        raise BadInput(f"column 1: no key lies within the run of {context.max_frames} frames; add 0:(…).")
    if context.dialect in ("webui", "classic") and inside[0].frame != 0:
        raise BadInput(f"key {inside[0].label}: {context.dialect} needs a key at frame 0; put 0:(…) first.")
    return inside


def _sampled(text: str, context: Context) -> tuple[NDArray[np.float64], int]:
    """The values that the keys themselves give, nan between them, and how many different keys were written."""
    found = keys(text, context)
    inside = _inside(found, context)
    series = np.full(context.max_frames, np.nan)
    for at, key in enumerate(inside):
        number = key.number
        if number is not None:
            series[key.frame] = number
            continue
        until = inside[at + 1].frame if at + 1 < len(inside) else context.max_frames
        series[key.frame : until] = _evaluated(key, np.arange(key.frame, until), context)
    return series, len({key.frame for key in found})


def _evaluated(key: Key, frames: NDArray[np.int64], context: Context) -> NDArray[np.float64] | float:
    try:
        value = evaluator.run(expression.parse(key.value), of_values(context, frames))
    except expression.Fault as wrong:
        raise fault(key, str(wrong), wrong.at) from None
    result = np.broadcast_to(np.asarray(value, np.float64), frames.shape)
    infinite = np.isinf(result)
    if infinite.any():
        raise fault(key, f"'{key.value[:60]}' is infinite at frame {frames[infinite][0]}")
    return result


def _filled(sampled: tuple[NDArray[np.float64], int], text: str, context: Context, method: str) -> NDArray[np.float64]:
    series, written = sampled
    known = ~np.isnan(series)
    if not known.any():
        raise BadInput(f"column 1: '{text.strip()[:60]}' has no value at any frame.")
    # The ends are held, whatever the method.
    where = np.flatnonzero(known)
    series[0], series[-1] = series[where[0]], series[where[-1]]
    known[[0, -1]] = True
    if known.all():
        return series
    where, frames = np.flatnonzero(known), np.arange(len(series))
    degree = 1 + METHODS.index(method)
    degree = min(degree, max(written - 1, 1), len(where) - 1)
    if degree <= 1:
        return np.interp(frames, where, series[where])
    curve = spline(where.astype(np.float64), series[where], degree, frames[~known].astype(np.float64))
    series[~known] = curve
    return series
