"""What a job's host changes while it runs, on its way to the engine: checked, and in a live session paced.

A live session makes its frames no faster than they are shown. So an engine that asks for changes may wait here: until
the frames so far have had their time, and as long as the host pauses the session.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import Cancelled
from .changes import checked

PULSE = 0.005  # seconds between two looks while it waits


class Incoming:
    """Call it for what has changed since the last call, oldest first. Raises Cancelled."""

    def __init__(self, changes: Callable[[], list[Any]], accepts: frozenset[str], cancelled: Callable[[], bool]):
        """accepts: the fields that the engine takes; `sample` goes with any of them."""
        self._changes, self._accepts, self._cancelled = changes, accepts | {"sample"}, cancelled
        self.said: list[str] = []  # sentences that nobody has read yet
        self.sample = -1  # the last that was given to the engine

    def __call__(self) -> list[Mapping[str, Any]]:
        self.check_cancelled()
        return self._taken()

    def check_cancelled(self) -> None:
        """Raise Cancelled when the host wants no more."""
        if self._cancelled():
            raise Cancelled("The job was cancelled; finished frames are kept.")

    def _taken(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for fields in self._changes():
            kept, said = checked(fields)
            self.said += said
            kept = {name: value for name, value in kept.items() if name in self._accepts}
            self.sample = kept.get("sample", self.sample)
            if kept:
                found.append(kept)
        return found


class LiveIncoming(Incoming):
    """The same at the session's pace; `paused` among the settings ends here."""

    def __init__(
        self, changes: Callable[[], list[Any]], accepts: frozenset[str], cancelled: Callable[[], bool], fps: float
    ):
        super().__init__(changes, accepts, cancelled)
        self._fps = fps
        self._paused = False
        self._due: float | None = None  # when the next frame may be begun, time.monotonic
        self._yielded = 0  # frames since it was asked last

    def yielded(self) -> None:
        """One more frame is out."""
        self._yielded += 1

    def __call__(self) -> list[Mapping[str, Any]]:
        now = time.monotonic()
        late = self._due is None or now > self._due + self._yielded / self._fps
        self._due = now if late or self._due is None else self._due + self._yielded / self._fps
        self._yielded = 0
        found = super().__call__()
        found = self._without_pause(found)
        while self._paused or time.monotonic() < self._due:
            time.sleep(PULSE)
            found += self._without_pause(super().__call__())
            if self._paused:
                self._due = time.monotonic()
        return found

    def _without_pause(self, changes: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        found = []
        for fields in changes:
            settings = dict(fields.get("settings", {}))
            if "paused" in settings:
                self._paused = settings.pop("paused") is True
                fields = {**fields, "settings": settings}
                if not settings:
                    del fields["settings"]
            if fields:
                found.append(fields)
        return found
