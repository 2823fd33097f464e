"""Few keys for many frames: Ramer, Douglas and Peucker's algorithm over time, for straight lines between keys."""

import numpy as np
from numpy.typing import NDArray


def simplify(times: NDArray[np.float64], values: NDArray[np.float64], tolerance: NDArray[np.float64]) -> list[int]:
    """The rows of values (n, c) to keep, rising, so that lines between them miss no value by more than the tolerance.

    times (n,) rise; tolerance (c,) is positive. First and last are always kept.
    """
    if len(times) < 3:
        return list(range(len(times)))
    scaled, kept, open_spans = values / tolerance, {0, len(times) - 1}, [(0, len(times) - 1)]
    while open_spans:
        first, last = open_spans.pop()
        if last - first < 2:
            continue
        share = ((times[first + 1 : last] - times[first]) / (times[last] - times[first]))[:, None]
        line = scaled[first] + (scaled[last] - scaled[first]) * share
        miss = np.abs(scaled[first + 1 : last] - line).max(axis=1)
        worst = int(miss.argmax())
        if miss[worst] > 1:
            middle = first + 1 + worst
            kept.add(middle)
            open_spans += [(first, middle), (middle, last)]
    return sorted(kept)
