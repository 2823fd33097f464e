"""What a command prints, and how a terminal stops it."""

import os
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import bpy

from ...backend.motion_bridge import terminal
from ...backend.motion_bridge.cli.event_printer import EventPrinter
from ...backend.motion_bridge.errors import Cancelled
from ...backend.motion_bridge.files import writing


class Teller(EventPrinter):
    """Prints a job's events on stdout: lines for people and farms, or JSON.

    While it is open, whatever else is printed goes to stderr: Blender's render prints a `Saved:` line for the first
    frame's temporary file, and none of its chatter is JSON.
    """

    def __init__(self, as_json: bool):
        super().__init__(NAME, as_json, self._line, self._line, progress=lambda line: None)

    def __enter__(self) -> "Teller":
        self._lost = False
        self._stdout = terminal.take_stdout()
        return self

    def __exit__(self, *_: object) -> None:
        terminal.give_back_stdout(self._stdout)

    def _line(self, text: str) -> None:
        """OutputLost the first time that stdout does not take a line; what is said afterwards is lost with it."""
        if self._lost:
            return
        try:
            terminal.write_line(self._stdout, text)
        except terminal.OutputLost:
            self._lost = True
            raise


class Stop:
    """What a signal does."""

    waiting: Callable[[], None] | None = None  # the action of what waits for Blender
    action: Callable[[], None] | None = None  # None: Blender itself is at work, nothing of ours can be told to end
    sentence = "Cancelled; no frame yet."  # what is said then
    unfinished: Path | None = None  # the file that Blender is writing then

    @contextmanager
    def while_blender_renders(self) -> Iterator[None]:
        """For a while Blender itself is at work, and what waits for it can only be told to take its things away."""
        self.waiting, self.action = self.action, None
        try:
            yield
        finally:
            self.waiting, self.action = None, self.waiting

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.action is None:
            raise Cancelled(self.sentence)
        self.action()


@contextmanager
def stopped_by_signals(tell: Teller) -> Iterator[Stop]:
    """Ctrl+C and SIGTERM call the action that is set on what this gives, for a while.

    While Blender renders or reads, no line of Python runs in the main thread and its signal handlers wait, or run
    inside somebody's driver where Blender forgets what they raise. Nothing of ours is half done then. So if the work
    has not ended GRACE seconds after the signal, a thread ends the process as Blender itself would, with exit code 4.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = [(number, signal.signal(number, stop)) for number in STOPPING]
    heard, told = socket.socketpair()
    told.setblocking(False)
    woken_before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(heard, stop, ended, tell), name="motion-bridge-signals", daemon=True)
    watch.start()
    try:
        yield stop
    finally:
        ended.set()
        signal.set_wakeup_fd(woken_before)
        for number, handler in before:
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)  # None: it was not Python's
        told.close()  # which wakes the thread
        watch.join()
        heard.close()


def _watch(heard: socket.socket, stop: Stop, ended: threading.Event, tell: Teller) -> None:
    """Wait for a signal, then for the work to end; end the process where the work cannot be ended in order."""
    while number := heard.recv(1):
        if number[0] in STOPPING and not ended.wait(GRACE) and stop.action is None:
            with suppress(terminal.OutputLost):
                tell.failed(Cancelled(stop.sentence))
            if stop.waiting:
                stop.waiting()
                ended.wait(GRACE / 2)
            if stop.unfinished:
                writing.remove(stop.unfinished.parent, stop.unfinished.name)
            shutil.rmtree(bpy.app.tempdir, ignore_errors=True)
            os._exit(Cancelled.exit_code)


GRACE = 1.0  # seconds
STOPPING = (signal.SIGINT, signal.SIGTERM)
NAME = "motion_bridge"
