"""What a command prints, and how a terminal stops it."""

import ctypes
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from ...backend.motion_bridge.errors import Cancelled, MotionBridgeError
from ...backend.motion_bridge.ipc.events import Event, FrameMade, Progress, Said, Started


class Teller:
    """Prints a job's events on stdout: lines for people and farms, or JSON.

    While it is open, whatever else is printed goes to stderr: Blender's render prints a `Saved:` line for the first
    frame's temporary file, and none of its chatter is JSON.
    """

    def __init__(self, as_json: bool):
        self._json = as_json
        self._count = 0

    def __enter__(self) -> "Teller":
        _flush()
        self._stdout = os.dup(1)
        os.dup2(2, 1)
        return self

    def __exit__(self, *_: object) -> None:
        _flush()
        os.dup2(self._stdout, 1)
        os.close(self._stdout)

    def event(self, event: Event) -> None:
        match event:
            case FrameMade(number=number, path=path):
                self._count += 1
                self._say(f"Saved: '{path}'", "saved", frame=number, path=str(path))
            case Started(total=total, missing=missing):
                self._say(f"{missing} of {total} frames to make", "started", total=total, missing=missing)
            case Progress(stage=stage, done=done, total=total):
                self._say("", "progress", stage=stage, done=done, total=total)
            case Said(sentence=sentence):
                self.note(sentence)

    def saved(self, path: Path) -> None:
        self._say(f"Saved: '{path}'", "saved", path=str(path))

    def note(self, sentence: str) -> None:
        self._say(f"{NAME}: note: {sentence}", "note", message=sentence)

    def done(self, folder: Path) -> None:
        self._say(f"Done: {self._count} frames made in {folder}", "done", saved=self._count)

    def failed(self, fault: MotionBridgeError) -> None:
        self._say(f"{NAME}: {fault}", "failed", kind=fault.kind, message=str(fault), saved=self._count)

    def _say(self, text: str, event: str, **fields: Any) -> None:
        line = json.dumps({"event": event, **fields}) if self._json else text
        if line:
            os.write(self._stdout, f"{line}\n".encode(errors="backslashreplace"))


class Stop:
    """What a signal does."""

    action: Callable[[], None] | None = None  # None: there is nothing to end in order yet

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.action is None:
            raise Cancelled("Cancelled; no frame yet.")
        self.action()


@contextmanager
def stopped_by_signals() -> Iterator[Stop]:
    """Ctrl+C and SIGTERM call the action that is set on what this gives, for a while."""
    stop = Stop()
    signals = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    before = [(number, signal.signal(number, stop)) for number in signals]
    try:
        yield stop
    finally:
        for number, handler in before:
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)  # None: it was not Python's


NAME = "motion_bridge"


def _flush() -> None:
    """Write out what Python and C still hold, before descriptor 1 means something else."""
    sys.stdout.flush()
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)
