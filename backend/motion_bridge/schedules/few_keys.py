"""Few keys for one value a frame, at values that are kept as they are, with straight lines between them.

Ramer 1972, Douglas and Peucker 1973, with the distance measured along the value's axis, as schedules and F-curves draw
their lines. `camera/simplify.py` needs fewer keys still, and far longer, because it moves them.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .camera.simplify import without_repeats

Values = NDArray[np.floating]


def few_keys(values: Values, tolerance: float) -> dict[int, float]:
    """Keys {position: value} whose lines leave no value (T,) by more than the tolerance; the last one is held."""
    keep = {0, len(values) - 1}
    waiting = [(0, len(values) - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        line = np.linspace(values[first], values[last], last - first + 1)
        off = np.abs(values[first : last + 1] - line)
        worst = first + int(off.argmax())
        if off.max() > tolerance:
            keep.add(worst)
            waiting += [(first, worst), (worst, last)]
    return without_repeats({at: float(values[at]) for at in sorted(keep)})


def steps(values: Values) -> dict[int, float]:
    """Keys {position: value} where values (T,) that are held from one key to the next change."""
    changes = [0, *(at for at, (before, now) in enumerate(pairwise(values), 1) if now != before)]
    return {at: float(values[at]) for at in changes}
