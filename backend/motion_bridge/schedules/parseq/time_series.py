"""Parseq's time series: measured curves, such as the loudness of a song, that expressions call by their alias."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput

MOST_POINTS = 1_000_000
BY_FRAME, BY_MILLISECOND = 0, 1  # Parseq's numbers of the two kinds of time


@dataclass(frozen=True)
class Series:
    """Values at rising times."""

    time: NDArray[np.float64]  # (n,) frames, or milliseconds
    value: NDArray[np.float64]  # (n,)
    by_frame: bool

    def at(self, frame: float, fps: float, linear: bool) -> float:
        """The value at a frame: of the point before it, or on the line between two. Past the ends, theirs."""
        time = frame if self.by_frame else frame / fps * 1000
        after = int(np.searchsorted(self.time, time, side="left"))
        if after == len(self.time):
            return float(self.value[-1])
        if after == 0 or not linear:
            return float(self.value[max(after - 1, 0)])
        return float(np.interp(time, self.time[after - 1 : after + 1], self.value[after - 1 : after + 1]))


def read(document: Mapping[str, Any], where: str) -> dict[str, Series]:
    """The time series of a document by their aliases. BadInput names the one that is damaged."""
    found = {}
    entries = document.get("timeSeries") or []
    if not isinstance(entries, list):
        raise BadInput(f"{where}: timeSeries must be a list.")
    for number, entry in enumerate(entries):
        alias = entry.get("alias") if isinstance(entry, dict) else None
        if not isinstance(alias, str):
            raise BadInput(f"{where}: time series {number} has no alias.")
        found[alias] = _series(entry.get("ts"), f"{where}: time series {alias!r}")
    return found


def _series(ts: Any, place: str) -> Series:
    data = ts.get("data") if isinstance(ts, dict) else None
    if not isinstance(data, list) or not 0 < len(data) <= MOST_POINTS:
        raise BadInput(f"{place} must have from 1 to {MOST_POINTS} points.")
    points = [[point.get(axis) if isinstance(point, dict) else None for axis in "xy"] for point in data]
    if not all(_is_number(each) for point in points for each in point):
        raise BadInput(f"{place} has a point that is not two numbers.")
    time, value = np.array(points, np.float64).T
    if (np.diff(time) < 0).any():
        raise BadInput(f"{place} has times that do not rise.")
    kind = ts.get("timestampType", BY_MILLISECOND)
    if kind not in (BY_FRAME, BY_MILLISECOND):
        raise BadInput(f"{place} counts time in a way that is not known, {kind!r}.")
    return Series(time, value, kind == BY_FRAME)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
