"""The points of a live session over the camera's view: where each is, and where somebody has drawn it.

Green is held, red pinned, blue on a path. Behind a point stands the way that the engine has used by now; what is amber
it has not: the next chunk will use it.
"""

import time
from collections import deque
from typing import Any

import bpy
import gpu
import numpy as np
from numpy.typing import NDArray

from ..live.session import LiveSession, current
from . import overlay
from .point_tool import frame_of

NEXT_CHUNK = (1.0, 0.70, 0.05)  # amber
USED = 0.6  # opacity of ways
LENGTH = 90  # looks that a way goes back
LONGEST = 500  # points whose ways are kept; more would cover the picture
SIDE = 9  # pixels of a point that somebody directs; the others are as small as in the overlay of tracks
DIRECTED = ("live", "pinned")
STANDING = 0.25  # pixels of the picture that are no motion

Array = NDArray[Any]


class Trail:
    """Where directed points were at the last looks, and when."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, Array]] = deque(maxlen=LENGTH)

    def note(self, now: float, points: Array) -> None:
        """points: (N, 2) pixels, nan where a point has no way. There may be more of them than before."""
        if not self._looks or not np.array_equal(self._looks[-1][1], points, equal_nan=True):
            self._looks.append((now, points))

    def segments(self, used_until: float) -> tuple[Array, Array, Array]:
        """The ways: (n, 2, 2) pixels from look to look, (n,) whose they are, (n,) bool whether they are used.

        used_until: when what the engine has used was looked at.
        """
        if len(self._looks) < 2:
            return np.zeros((0, 2, 2)), np.zeros(0, int), np.zeros(0, bool)
        times = np.array([at for at, _ in self._looks])
        count = max(len(points) for _, points in self._looks)
        places = np.full((len(times), count, 2), np.nan)
        for row, (_, points) in zip(places, self._looks, strict=True):
            row[: len(points)] = points
        pairs = np.stack([places[:-1], places[1:]], axis=2)  # (looks - 1, N, 2, 2)
        moved = np.linalg.norm(pairs[:, :, 1] - pairs[:, :, 0], axis=-1) > STANDING  # not where one is nan
        look, point = np.nonzero(moved)
        return pairs[look, point], point, times[look + 1] <= used_until


class Drawn:
    """What is drawn of the session that is open."""

    session: LiveSession | None = None
    trail = Trail()
    handle: Any = None


def draw() -> None:
    """Draw in the region that is being drawn, if it looks through the camera of the session."""
    context, session = bpy.context, current()
    if session is not Drawn.session:
        Drawn.session, Drawn.trail = session, Trail()
    frame = frame_of(context, session) if session else None
    if session is None or frame is None:
        return
    points, kinds = session.points, np.array(session.kinds)
    if len(points) != len(kinds) or not len(points):
        return  # they are read at the moment
    directed = np.isin(kinds, DIRECTED)
    Drawn.trail.note(time.monotonic(), with_ways(points, directed))
    used_until = session.newest.arrived - session.behind if session.newest else -np.inf
    gpu.state.blend_set("ALPHA")
    segments, whose, used = Drawn.trail.segments(used_until)
    colors = overlay.colors_of(kinds[whose], np.full(len(whose), USED))
    colors[~used] = (*NEXT_CHUNK, 1)
    overlay.draw_batch("LINES", frame.to_region(segments), colors, None)
    waiting = np.zeros(len(points), bool)
    waiting[whose[~used]] = True
    for some, side in ((~directed, overlay.SIDE), (directed & waiting, SIDE + 4), (directed, SIDE)):
        shown = some & np.isfinite(points).all(axis=1)
        colors = overlay.colors_of(kinds[shown], np.ones(shown.sum()))
        if side > SIDE:  # a border around what has not been used yet
            colors[:] = (*NEXT_CHUNK, 1)
        overlay.draw_squares(frame.to_region(points[shown]), colors, side * frame.scale)
    gpu.state.blend_set("NONE")


def with_ways(points: Array, directed: Array) -> Array:
    """The points that have ways, nan for the others: those that are directed, and no more than can be told apart."""
    kept = np.full(points.shape, np.nan)
    chosen = np.nonzero(directed)[0][:LONGEST]
    kept[chosen] = points[chosen]
    return kept


def register() -> None:
    Drawn.handle = bpy.types.SpaceView3D.draw_handler_add(draw, (), "WINDOW", "POST_PIXEL")


def unregister() -> None:
    bpy.types.SpaceView3D.draw_handler_remove(Drawn.handle, "WINDOW")
    Drawn.handle = Drawn.session = None
