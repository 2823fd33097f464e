"""The live session of this Blender, if one is open: what its tools, overlay and panel ask and tell."""

import numpy as np

from .hands import Hands, Points


class LiveSession:
    """An engine that streams while the scene is changed.

    Live frame k stands for frame `start + k` of the scene. Points are numbered as the Shot's tracks, and added ones
    behind them; positions are pixels of the Shot's frame, its origin the top left corner.
    """

    def __init__(self, start: int, frames_per_second: float, tracks: Points, kinds: list[str]):
        """tracks: (N, 2), where they begin. frames_per_second: the scene's, until frames have come."""
        self.start = start
        self.hands = Hands(list(kinds))
        self.used_frames = -1  # the index of the last frame that was generated
        self.chunk = 0  # the number of the chunk that came last
        self.frames_per_second = frames_per_second  # of the frames that arrive
        self.behind = 0.0  # seconds from the sampling of what the newest frame shows to its arrival
        self.paused = False
        self._followed = np.array(tracks, np.float64).reshape(-1, 2)

    @property
    def points(self) -> Points:
        """(N, 2) pixels, where the points are now; nan for what is removed or behind the camera."""
        return self.hands.placed(self._followed)

    @property
    def kinds(self) -> list[str]:
        """(N,) grid, path, live or pinned; what somebody holds is live."""
        return self.hands.kinds

    def drag(self, point: int, x: float, y: float) -> None:
        """Take hold of a point, if nobody has, and move it: it is at the pixel when the next chunk ends."""
        if 0 <= point < len(self.hands):
            self.hands.drag(point, self.points[point], float(x), float(y))

    def release(self, point: int) -> None:
        """Let a point go."""
        self.hands.release(point)

    def pin(self, point: int) -> None:
        """Hold a point still where it is."""
        if 0 <= point < len(self.hands):
            self.hands.pin(point, self.points[point])

    def remove(self, point: int) -> None:
        """Forget a point."""
        self.hands.remove(point)

    def add(self, x: float, y: float) -> int:
        """A new point, held at a pixel; its number, -1 when there are too many."""
        return self.hands.add(float(x), float(y))


_session: LiveSession | None = None


def current() -> LiveSession | None:
    """The session that is open; None while there is none."""
    return _session
