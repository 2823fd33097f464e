"""The points that somebody holds, drags and pins in the camera view while the video runs.

A point without a hand follows the scene. What is done to points is kept, as the protocol's deeds, until the next change
takes it to the engine.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
MOST_ADDED = 1000  # points that a session may have beyond the Shot's


class Hands:
    """What is held, by the point's number. Numbers are never given twice; a removed point's position is nan."""

    def __init__(self, kinds: list[str]):
        """kinds: of the Shot's tracks, in their order; see shot.TRACK_KINDS."""
        self.kinds = kinds
        self._given = len(kinds)
        self._own = list(kinds)  # what a point is again once it is let go
        self._held: dict[int, tuple[float, float]] = {}
        self._free: dict[int, tuple[float, float]] = {}  # let go: where they were
        self._removed: set[int] = set()
        self._grabbed: set[int] = set()  # held at the engine, too
        self._deeds: list[dict[str, Any]] = []
        self._goals: dict[int, list[float]] = {}  # of drags that no deed says yet

    def __len__(self) -> int:
        return len(self.kinds)

    def placed(self, followed: Points) -> Points:
        """Where the points (N, 2) are: followed (n ≤ N, 2) with the hands on top."""
        points = np.full((len(self), 2), np.nan)
        points[: len(followed)] = followed[: len(self)]
        for number, place in (*self._free.items(), *self._held.items()):
            points[number] = place
        points[sorted(self._removed)] = np.nan
        return points

    def drag(self, point: int, at: Points, x: float, y: float) -> None:
        """Take a point, if nobody holds it, where it is now (2,), and move it to pixel x, y."""
        if not self._usable(point):
            return
        if point not in self._grabbed:
            self._grabbed.add(point)
            self._deeds.append({"track": point, "do": "grab", "at": _pixel(*at)})
        self._free.pop(point, None)
        self._held[point], self._goals[point] = (x, y), _pixel(x, y)
        self.kinds[point] = "live"

    def pin(self, point: int, at: Points) -> None:
        """Hold a point still where it is."""
        if self._usable(point) and np.isfinite(at).all():
            self._free.pop(point, None)
            self._goals.pop(point, None)
            self._held[point] = (float(at[0]), float(at[1]))
            self._grabbed.add(point)
            self._deeds.append({"track": point, "do": "pin", "at": _pixel(*at)})
            self.kinds[point] = "pinned"

    def release(self, point: int) -> None:
        """Let a point go: the engine is told nothing of it any more until it is taken again."""
        if self._usable(point) and point in self._held:
            self._flush(point)
            self._free[point] = self._held.pop(point)
            self._grabbed.discard(point)
            self._deeds.append({"track": point, "do": "release"})
            self.kinds[point] = self._own[point]

    def remove(self, point: int) -> None:
        """There is no such point any more."""
        if self._usable(point):
            for kept in (self._held, self._free, self._goals):
                kept.pop(point, None)
            self._grabbed.discard(point)
            self._removed.add(point)
            self._deeds.append({"track": point, "do": "remove"})

    def add(self, x: float, y: float) -> int:
        """A new point, held at a pixel; its number. -1 when there are too many."""
        if len(self) - self._given >= MOST_ADDED:
            return -1
        number = len(self)
        self.kinds.append("live")
        self._own.append("live")
        self._held[number] = (x, y)
        self._grabbed.add(number)
        self._deeds.append({"do": "add", "at": _pixel(x, y), "track": number})
        return number

    def take_deeds(self) -> list[dict[str, Any]]:
        """What was done since the last call, in order; of many drags of a point the last."""
        for point in sorted(self._goals):
            self._flush(point)
        deeds, self._deeds = self._deeds, []
        return deeds

    def _flush(self, point: int) -> None:
        if (goal := self._goals.pop(point, None)) is not None:
            self._deeds.append({"track": point, "do": "drag", "to": goal})

    def _usable(self, point: int) -> bool:
        return 0 <= point < len(self) and point not in self._removed


def _pixel(x: float, y: float) -> list[float]:
    return [round(float(x), 3), round(float(y), 3)]
