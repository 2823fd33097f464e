"""Few keys instead of one value a frame, within a stated tolerance.

Numbers between two keys are interpolated linearly, and the last key is held: the rule of every Deforum. Keys are added
where the error is largest, their values found by least squares, and those that turn out not to be needed are removed.
"""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...geometry.cancellation import breathe

Array = NDArray[np.floating]
Keys = dict[int, float]

PIECE = 120  # frames thinned together: what keeps the time linear
BALANCE = 0.05  # how much the error of each frame counts beside its running sum


@dataclass(frozen=True)
class Tolerance:
    """How far the lines may leave the values, at any frame; and, where stated, how far their running sums may."""

    each: float
    total: float | None = None


def thin(
    values: Array,
    tolerance: Tolerance,
    still: Collection[int] = (0,),
    decimals: int = 6,
    keep: Collection[int] = (),
) -> Keys:
    """Few keys for one channel (T,). Frames of `still` keep their value exactly, and nothing is drawn across them.

    keep: frames that have a key in any case, unless the channel rests.
    """
    keys: Keys = {}
    carried = 0.0
    for first, last in _runs(len(values), still):
        if first in still:
            keys[first] = round(float(values[first]), decimals)
            carried = 0.0  # a cut or the start: nothing is accumulated across it
            continue
        fixed = {place - first for place in keep if first <= place <= last}
        places, heights, carried = _fit(values[first : last + 1], tolerance, carried, fixed)
        keys.update({first + int(place): round(float(y), decimals) for place, y in zip(places, heights, strict=True)})
    return without_repeats(keys, keep)


def evaluate(keys: Keys, frames: int) -> Array:
    """The value at every frame: (T,)."""
    places = sorted(keys)
    return np.interp(np.arange(frames), places, [keys[place] for place in places])


def _runs(count: int, still: Collection[int]) -> list[tuple[int, int]]:
    """The frames that are thinned together, first and last; a still frame stands alone."""
    runs: list[tuple[int, int]] = []
    for k in range(count):
        joins = runs and k not in still and runs[-1][0] not in still and k - runs[-1][0] < PIECE
        if joins:
            runs[-1] = (runs[-1][0], k)
        else:
            runs.append((k, k))
    return runs


def _fit(values: Array, tolerance: Tolerance, carried: float, fixed: set[int]) -> tuple[list[int], Array, float]:
    """Key places, those of `fixed` among them, their values, and the running sum that the next run starts with."""
    count = len(values)
    places = sorted({*_chords(values, 1.2 * tolerance.each), *fixed})  # least squares misses less than chords do
    heights, worst = _heights(values, places, tolerance, carried)
    while worst > 1 and len(places) < count:
        off = np.abs(hats(places, count) @ heights - values)
        places = sorted({*places, *_worst_of_each_gap(off, places, tolerance.each)})
        heights, worst = _heights(values, places, tolerance, carried)
    if worst > 1:
        return places, values[places], carried
    for place in places[1:-1]:
        breathe()
        if place in fixed:
            continue
        fewer = [other for other in places if other != place]
        tried, worst = _heights(values, fewer, tolerance, carried)
        if worst <= 1:
            places, heights = fewer, tried
    return places, heights, carried + float((hats(places, count) @ heights - values).sum())


def _chords(values: Array, tolerance: float) -> list[int]:
    """Places of values whose straight connections come near all others, each as far from the last as it can be."""
    places = [0]
    while places[-1] < len(values) - 1:
        start = places[-1]
        end = start + 1
        while end + 1 < len(values) and _off_chord(values[start : end + 2]) <= tolerance:
            end += 1
        places.append(end)
    return places


def _off_chord(values: Array) -> float:
    return float(np.abs(np.linspace(values[0], values[-1], len(values)) - values).max())


def _worst_of_each_gap(off: Array, places: list[int], tolerance: float) -> list[int]:
    """Where the lines are too far off, once between any two keys; the longest gap's middle where none is."""
    gaps = [(a + 1, b) for a, b in pairwise(places) if b - a > 1]
    found = [a + int(off[a:b].argmax()) for a, b in gaps if off[a:b].max() > tolerance]
    if not found:  # every line is close, and yet the sum drifts or a key itself is off
        longest = max(gaps, key=lambda gap: gap[1] - gap[0])
        found = [sum(longest) // 2]
    return found


def _heights(values: Array, places: list[int], tolerance: Tolerance, carried: float) -> tuple[Array, float]:
    """The best values at these places, and the worst error in parts of the tolerance."""
    lines = hats(places, len(values))
    if tolerance.total is None:
        heights = np.linalg.lstsq(lines, values, rcond=None)[0]
        return heights, float(np.abs(lines @ heights - values).max()) / tolerance.each
    system = np.concatenate([np.cumsum(lines, axis=0), BALANCE * lines])
    aim = np.concatenate([np.cumsum(values) - carried, BALANCE * values])
    heights = np.linalg.lstsq(system, aim, rcond=None)[0]
    off = lines @ heights - values
    total = np.abs(carried + np.cumsum(off)).max()
    return heights, float(max(np.abs(off).max() / tolerance.each, total / tolerance.total))


def hats(places: list[int], count: int) -> Array:
    """What each key contributes to each frame: (count, keys)."""
    return np.stack([np.interp(np.arange(count), places, row) for row in np.eye(len(places))], axis=-1)


def without_repeats(keys: Keys, keep: Collection[int] = ()) -> Keys:
    """Leave out keys that say what their neighbors say already, but those of `keep`, unless all say the same."""
    places = sorted(keys)
    if len(set(keys.values())) == 1:
        keep = ()
    kept = []
    for i, place in enumerate(places):
        differs = i == 0 or keys[place] != keys[places[i - 1]]
        differs |= i + 1 < len(places) and keys[place] != keys[places[i + 1]]
        if differs or place in keep:
            kept.append(place)
    return {place: keys[place] for place in kept}
