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
LONGEST = 500  # points whose ways are kept; more could not be told apart
SIDE = 9  # pixels of a point that somebody directs; the others are as small as in the overlay of tracks
BORDER = 2  # pixels around a point whose last motion has not been used yet
DIRECTED = ("live", "pinned")
STANDING = 0.25  # pixels of the picture that are no motion

Array = NDArray[Any]


class Trail:
    """Where directed points were at the last looks, and when."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, Array, Array]] = deque(maxlen=LENGTH)

    def note(self, now: float, numbers: Array, places: Array) -> None:
        """numbers: (n,) of the directed points, rising. places: (n, 2) pixels."""
        if self._looks and all(map(np.array_equal, self._looks[-1][1:], (numbers, places))):
            return
        self._looks.append((now, numbers, places))

    def segments(self, used_until: float) -> tuple[Array, Array, Array]:
        """The ways: (n, 2, 2) pixels from look to look, (n,) whose they are, (n,) bool whether they are used.

        used_until: when what the engine has used was looked at.
        """
        if len(self._looks) < 2:
            return np.zeros((0, 2, 2)), np.zeros(0, int), np.zeros(0, bool)
        times = np.array([at for at, _, _ in self._looks])
        everyone = np.unique(np.concatenate([numbers for _, numbers, _ in self._looks]))
        all_places = np.full((len(times), len(everyone), 2), np.nan)
        for row, (_, numbers, places) in zip(all_places, self._looks, strict=True):
            row[np.searchsorted(everyone, numbers)] = places
        pairs = np.stack([all_places[:-1], all_places[1:]], axis=2)  # (looks - 1, points, 2, 2)
        moved = np.linalg.norm(pairs[:, :, 1] - pairs[:, :, 0], axis=-1) > STANDING  # not where one is nan
        look, point = np.nonzero(moved)
        return pairs[look, point], everyone[point], times[look + 1] <= used_until


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
    followed = np.nonzero(directed & np.isfinite(points).all(axis=1))[0][:LONGEST]
    Drawn.trail.note(time.monotonic(), followed, points[followed])
    used_until = session.newest.arrived - session.behind if session.newest else -np.inf
    gpu.state.blend_set("ALPHA")
    segments, whose, used = Drawn.trail.segments(used_until)
    colors = overlay.colors_of(kinds[whose], np.full(len(whose), USED))
    colors[~used] = (*NEXT_CHUNK, 1)
    overlay.draw_batch("LINES", frame.to_region(segments), colors, None)
    waiting = np.zeros(len(points), bool)
    waiting[whose[~used]] = True  # a point that was let go meanwhile is directed no longer
    layers = ((~directed, overlay.SIDE), (directed & waiting, SIDE + 2 * BORDER), (directed, SIDE))  # from the bottom
    seen = np.isfinite(points).all(axis=1)
    order = np.concatenate([np.nonzero(some & seen)[0] for some, _ in layers])
    sides = np.concatenate([np.full((some & seen).sum(), side) for some, side in layers])
    colors = overlay.colors_of(kinds[order], np.ones(len(order)))
    colors[sides == SIDE + 2 * BORDER, :3] = NEXT_CHUNK
    overlay.draw_squares(frame.to_region(points[order]), colors, sides * frame.scale)
    gpu.state.blend_set("NONE")


def register() -> None:
    Drawn.handle = bpy.types.SpaceView3D.draw_handler_add(draw, (), "WINDOW", "POST_PIXEL")


def unregister() -> None:
    bpy.types.SpaceView3D.draw_handler_remove(Drawn.handle, "WINDOW")
    Drawn.handle = Drawn.session = None
