"""Work in a thread of its own while Blender stays usable."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ...backend.motion_bridge.errors import MotionBridgeError, release_frames


class Task(Protocol):
    """What is done in three steps; see export.py."""

    def work(self, progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> None: ...
    def finish(self) -> tuple[tuple[Path, ...], tuple[str, ...]]: ...
    def close(self) -> None: ...


class Worker:
    """A task's work under way; look at `running`, then call `finish`."""

    def __init__(self, task: Task):
        self.task = task
        self.done, self.total = 0, 0  # frames read
        self._fault: MotionBridgeError | None = None
        self._cancelled, self._abandoned = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="motion-bridge-exchange")
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def cancel(self) -> None:
        self._cancelled.set()

    def abandon(self) -> None:
        """Stop; nobody will ask for what came of it."""
        self._abandoned.set()
        self._cancelled.set()

    def join(self) -> None:
        """Wait until the work in the thread has ended."""
        self._thread.join()

    def finish(self) -> tuple[tuple[Path, ...], tuple[str, ...]]:
        """Wait, then do the task's last step; what went wrong in the thread is raised here."""
        self._thread.join()
        try:
            if self._fault:
                raise self._fault
            return self.task.finish()
        finally:
            self.task.close()

    def _run(self) -> None:
        try:
            self.task.work(self._progress, self._cancelled.is_set)
        except MotionBridgeError as fault:
            self._fault = fault
        except Exception as fault:  # a thread's last chance: whatever it is, the person must see it
            self._fault = MotionBridgeError(f"The export failed: {type(fault).__name__}: {fault}.")
        if self._fault:
            release_frames(self._fault)  # arrays among them are mapped from files that are to be deleted
        if self._abandoned.is_set():
            self.task.close()

    def _progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total
