"""The host's end of the pipe: a backend process, the jobs it is given and what becomes of them.

Nothing here waits for the backend: Blender's main thread calls every method of a Client.
"""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from .. import launch
from ..errors import BackendFailed, BadInput, Cancelled, MotionBridgeError, ProtocolError
from ..media import texture
from . import protocol
from .channel import BoundedQueue, Sender
from .events import Done, Event, Failed, FrameMade, Preview, Progress, Responsive, Started, Unresponsive, of_message

__all__ = ["Client", "Done", "Event", "Failed", "FrameMade", "Progress", "Responsive", "Started", "Unresponsive"]

SILENCE = {"idle": 1.0, "loading": 30.0, "working": 1.0}  # seconds; an import may hold the interpreter for long
GIVE_UP = {"idle": 60.0, "loading": 300.0, "working": 60.0}  # seconds after which nobody needs to be asked
ATTENTION = 0.25  # seconds: a longer gap between two polls is the host's own silence
CANCEL_PATIENCE = 0.5  # seconds that a cancelled job has to end by itself
CLOSE_PATIENCE = 0.2  # seconds after its stdin was closed, and again after it was told to end
AHEAD = 16 << 20  # bytes of frames that may lie here unpolled
SMALL = 1000  # bytes that an event without a picture counts for
STDERR_KEPT = 4000  # bytes


class Client:
    """A running backend. When it has ended, make another."""

    def __init__(self, command: Sequence[str], variables: Mapping[str, str] | None = None):
        """Start the backend. BackendFailed when the system cannot.

        variables: of its environment, beside those of this process.
        """
        self.packs = False  # whether pictures are packed for a GPU as they arrive, so that nobody who draws them has to
        try:
            pipe = subprocess.PIPE
            self._process = launch.start(command, variables, stdin=pipe, stdout=pipe, stderr=pipe)
        except (OSError, ValueError) as fault:
            raise BackendFailed(f"The backend could not be started: {command[0]}: {fault}.") from None
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        assert stdin and stdout and stderr  # they are pipes
        self.pid = self._process.pid
        self._jobs: dict[int, _Pending] = {}
        self._last_job = 0
        self._fault: MotionBridgeError | None = None  # why the backend ended, once `poll` has seen it
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._watch = _Watch()
        self._arrived = BoundedQueue(AHEAD)
        self._stderr = Tail(stderr)
        self._sender = Sender(stdin, AHEAD)
        self._sender.send("hello", 0, {"protocol": protocol.PROTOCOL})
        _in_thread(self._read, stdout)

    @property
    def alive(self) -> bool:
        """Whether it can be given jobs."""
        return not (self._ended.is_set() or self._stopping.is_set())

    def render(self, shot: Path, output: Path, engine: str, resume: bool, previews: bool = True, live: int = 0) -> int:
        """Order the frames of a Shot; the job's number. At a backend that has ended the job fails at once.

        live: the most frames of a session that begins with the Shot's first; 0 for the frames of the Shot.
        """
        self._last_job += 1
        self._jobs[self._last_job] = _Pending()
        if not self.alive:
            self._arrived.push(self._fault or BackendFailed("The backend has ended; start it again."))
            return self._last_job
        self._watch.expect_loading()
        places = {"shot": str(Path(shot).absolute()), "output": str(Path(output).absolute())}
        asked: dict[str, Any] = {**places, "engine": engine, "resume": resume, "previews": previews}
        if live:
            asked["live"] = live
        self._sender.send("render", self._last_job, asked)
        return self._last_job

    def change(self, job: int, fields: Mapping[str, Any]) -> None:
        """Change what the engine accepts while it runs; BadInput when that is more than a message can hold."""
        try:
            self._sender.send("change", job, {"fields": dict(fields)})
        except ProtocolError as fault:
            raise BadInput(f"This change cannot be sent. {fault}") from None

    def cancel(self, job: int) -> None:
        """End a job within a second, and the backend with it if that does not answer; finished frames stay."""
        if job in self._jobs and not self._jobs[job].cancelled.is_set():
            self._jobs[job].cancelled.set()
            self._sender.send("cancel", job, {})
            _in_thread(self._enforce, self._jobs[job])

    def poll(self) -> list[Event]:
        """What has happened since the last call; never blocks."""
        happened: list[Event] = []
        for thing in self._arrived.take_all():
            if isinstance(thing, MotionBridgeError):
                happened += self._fail(thing)
            elif thing.job in self._jobs:  # else it was given up
                if isinstance(thing, Done | Failed):
                    del self._jobs[thing.job]
                happened.append(thing)
        return happened + self._look_for_silence()

    def close(self) -> None:
        """End the backend, gently at first; returns at once. `join` waits for it."""
        jobs = list(self._jobs)
        for job in jobs:
            self.cancel(job)  # which ends the backend too if it does not answer
        _in_thread(self._stop_after, [self._jobs[job] for job in jobs])

    def join(self, timeout: float) -> bool:
        """Wait until the backend has ended; whether it has."""
        return self._ended.wait(timeout)

    def _fail(self, fault: MotionBridgeError) -> list[Event]:
        self._fault = self._fault or fault
        failed: list[Event] = []
        for number, job in self._jobs.items():
            cancelled = Cancelled("The job was cancelled; finished frames are kept.")
            failed.append(Failed(number, cancelled if job.cancelled.is_set() else fault))
        self._jobs.clear()
        return failed

    def _look_for_silence(self) -> list[Event]:
        seconds, changed = self._watch.look()
        if not self._jobs or not self.alive:
            return []
        if seconds > GIVE_UP[self._watch.state]:
            self._process.kill()
            return self._fail(BackendFailed(f"The backend did not respond for {seconds:.0f} seconds and was ended."))
        if not changed:
            return []
        return [Unresponsive(job, seconds) if seconds else Responsive(job) for job in self._jobs]

    # In threads of their own from here on.

    def _read(self, stream: IO[bytes]) -> None:
        fault = None
        try:
            self._receive(protocol.Reader(stream))
        except ProtocolError as error:
            fault = error
        fault = self._bury(fault)
        for job in list(self._jobs.values()):
            job.ended.set()
        self._ended.set()
        self._sender.close()
        self._arrived.push(fault)
        stream.close()

    def _receive(self, reader: protocol.Reader) -> None:
        hello = reader.receive()
        if hello is None:
            return  # it died at once; its exit code says more
        protocol.check_hello(hello, "backend")
        while (message := reader.receive()) is not None:
            self._watch.heard(message)
            if message.kind != "alive":
                self._deliver(of_message(message))

    def _deliver(self, event: Event) -> None:
        job = self._jobs.get(event.job)
        if job is None:
            return
        if isinstance(event, Done | Failed):
            job.ended.set()
        else:
            if self.packs and isinstance(event, FrameMade | Preview):
                event = replace(event, packed=texture.packed(event.pixels))
            self._arrived.wait_for_capacity(lambda: job.cancelled.is_set() or self._stopping.is_set())
        self._arrived.push(event, event.pixels.nbytes if isinstance(event, FrameMade | Preview) else SMALL)

    def _bury(self, fault: ProtocolError | None) -> MotionBridgeError:
        """Wait for the process, whose stream has ended or is of no more use; what to say about it."""
        try:
            code = self._process.wait(CLOSE_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return fault or BackendFailed(f"The backend closed its pipe.{self._stderr.quoted()}")
        if fault and code == 0:
            return fault
        return BackendFailed(f"The backend {launch.how_it_ended(code)}.{self._stderr.quoted()}")

    def _enforce(self, job: "_Pending") -> None:
        if not job.ended.wait(CANCEL_PATIENCE):
            self._stop()

    def _stop_after(self, jobs: "list[_Pending]") -> None:
        for job in jobs:
            job.ended.wait(CANCEL_PATIENCE)
        self._stop()

    def _stop(self) -> None:
        """The ladder: close its stdin, ask it to end, end it."""
        self._stopping.set()
        self._sender.close()
        for push in (self._process.terminate, self._process.kill):
            if self._ended.wait(CLOSE_PATIENCE):
                return
            push()


class _Pending:
    """What threads know of a job."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self.ended = threading.Event()


class _Watch:
    """For how long nothing has come from the backend, as far as the host was there to notice."""

    def __init__(self) -> None:
        self.state = "loading"
        self._messages = self._seen = 0
        self._looked = time.monotonic()
        self._seconds = 0.0
        self._silent = 0  # whole seconds, as they were told last

    def heard(self, message: protocol.Message) -> None:
        self._messages += 1
        if message.kind == "alive" and message.fields["state"] in SILENCE:
            self.state = message.fields["state"]

    def expect_loading(self) -> None:
        self.state = "loading"

    def look(self) -> tuple[float, bool]:
        """Seconds of silence, 0 while it is no longer than usual, and whether there is news: it begins, lasts, or ends.

        A host that was busy itself finds messages unread; that must not look like a backend that says nothing.
        """
        now = time.monotonic()
        self._seconds = 0.0 if self._messages != self._seen else self._seconds + min(now - self._looked, ATTENTION)
        self._looked, self._seen = now, self._messages
        silent = int(self._seconds) if self._seconds >= SILENCE[self.state] else 0
        changed, self._silent = silent != self._silent, silent
        return (self._seconds if silent else 0.0), changed


class Tail:
    """The last that a stream of text said."""

    def __init__(self, stream: IO[bytes]):
        self._stream = stream
        self._kept = b""
        self._thread = _in_thread(self._read)

    def quoted(self) -> str:
        """Its last lines as a sentence to append; empty if there are none."""
        lines = self.last_lines()
        return f" Its last words: {' | '.join(lines[-3:])}" if lines else ""

    def last_lines(self) -> list[str]:
        self._thread.join(CLOSE_PATIENCE)
        return [line.strip() for line in self._kept.decode(errors="replace").splitlines() if line.strip()]

    def _read(self) -> None:
        while piece := os.read(self._stream.fileno(), STDERR_KEPT):
            self._kept = (self._kept + piece)[-STDERR_KEPT:]
        self._stream.close()


def _in_thread(work: Callable[..., None], *arguments: Any) -> threading.Thread:
    thread = threading.Thread(target=work, args=arguments, name="motion-bridge", daemon=True)
    thread.start()
    return thread
