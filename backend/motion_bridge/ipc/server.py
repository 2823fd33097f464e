"""The backend's end of the pipe: `motion-bridge serve`.

Jobs run in the main thread, one after the other. A second thread reads messages, a third says that this process is
alive, a fourth writes. The first two of these start before anything heavy is imported. When stdin ends, so does the
process, whatever it is doing: that is how it dies with Blender on every system.
"""

import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from .. import terminal
from ..errors import BadInput, MotionBridgeError, OutOfMemory, ProtocolError
from . import protocol
from .channel import Sender

if TYPE_CHECKING:
    from ..engines.runner import JobRequest
    from .events import Event

HEARTBEAT = 0.25  # seconds
AHEAD = 4 << 20  # bytes of frames that may lie here while Blender does not read
MOST_JOBS = 100  # waiting or at work
ABANDONED = 30.0  # seconds without a message from a host that says it is there: its link is gone

Run = Callable[["JobRequest", Callable[[], list], Callable[[], bool]], Iterator["Event"]]


def serve(run: Run | None = None, remote: Callable[[Any], Any] | None = None) -> int:
    """Serve the host at the other end of stdin and stdout until it closes stdin; the process ends with that.

    run: makes the frames of a request; engines.runner.run when nothing else is given. remote: makes the session of a
    host on another machine (remote.session.Session), from the function that sends.
    """
    source, sink = claim_pipe()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches us too; the host decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    worker = _Worker(Sender(sink, AHEAD), remote)
    worker.start(source)
    if run is None:
        from ..engines.runner import run
    while True:
        worker.work(run)


def claim_pipe() -> tuple[IO[bytes], IO[bytes]]:
    """Move the pipe to private descriptors, so that nothing that prints or reads can reach it."""
    source, sink = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return os.fdopen(source, "rb"), os.fdopen(sink, "wb")


class _Task:
    """A job of the host's, from its request to its end."""

    def __init__(self, job: int, fields: Mapping[str, Any]):
        self.job = job
        self._fields = fields
        self.cancelled = threading.Event()
        self._changes: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def request(self) -> "JobRequest":
        from ..engines.runner import JobRequest

        fields = self._fields
        live = fields.get("live")
        live = live if type(live) is int and live > 0 else 0
        return JobRequest(self.job, Path(fields["shot"]), fields["output"], fields["engine"], fields["resume"], live)

    def request_in(self, shot: Path, take: Path) -> "JobRequest":
        """The same with folders of this machine; frames that lie there are the host's and finished."""
        return replace(self.request(), shot=shot, output=str(take), resume=True)

    @property
    def remote(self) -> bool:
        """Whether the host is another machine, which sees none of this one's files."""
        return self._fields.get("remote") is True

    @property
    def previews(self) -> bool:
        """Whether the host knows what a preview is."""
        return self._fields.get("previews") is True

    def change(self, fields: dict[str, Any]) -> None:
        self._changes.put(fields)

    def changes(self) -> list[dict[str, Any]]:
        """What was changed since the last call, oldest first."""
        return [self._changes.get() for _ in range(self._changes.qsize())]


class _Worker:
    def __init__(self, sender: Sender, remote: Callable[[Any], Any] | None):
        self._sender = sender
        self._open_session = remote
        self._session: Any = None  # once the host has sent a manifest
        self._heard = 0.0  # when the last message came from a host that promised to send some; 0: none did
        self._state = "loading"
        self._tasks: dict[int, _Task] = {}
        self._waiting: queue.SimpleQueue[_Task] = queue.SimpleQueue()

    def start(self, source: IO[bytes]) -> None:
        self._sender.send("hello", 0, {"protocol": protocol.PROTOCOL})
        threading.Thread(target=self._beat, name="motion-bridge-heartbeat", daemon=True).start()
        threading.Thread(target=self._listen, args=(source,), name="motion-bridge-reader", daemon=True).start()

    def work(self, run: Run) -> None:
        """Wait for the next job and do it, to whatever end."""
        from . import events

        self._enter("idle")
        task = self._waiting.get()
        self._enter("loading")
        end = self._follow(task, run)
        del self._tasks[task.job]
        kind, job, fields, _ = events.to_message(end)
        self._sender.send(kind, job, fields)

    def _follow(self, task: _Task, run: Run) -> "Event":
        """Do a job, sending what becomes of it; its last event comes back."""
        from . import events

        try:
            if task.remote:
                self._follow_remote(task, run)
            else:
                for event in run(task.request(), task.changes, task.cancelled.is_set):
                    self._tell(task, event)
        except MotionBridgeError as fault:
            return events.Failed(task.job, fault)
        except MemoryError:
            return events.Failed(task.job, OutOfMemory("Memory ran out; make the picture smaller."))
        except Exception as fault:
            terminal.trace()
            return events.Failed(task.job, MotionBridgeError(f"The backend failed: {type(fault).__name__}: {fault}"))
        return events.Done(task.job)

    def _tell(self, task: _Task, event: "Event") -> None:
        from . import events

        if isinstance(event, events.Preview) and not (task.previews and self._sender.idle()):
            return  # the next one will do
        kind, job, fields, payload = events.to_message(event)
        self._sender.wait_for_capacity(task.cancelled.is_set)
        self._sender.send(kind, job, fields, payload)
        if kind == "frame":
            self._enter("working")

    def _follow_remote(self, task: _Task, run: Run) -> None:
        """The same for a host on another machine: frames go as files, previews small."""
        from . import events

        def wait() -> None:
            self._sender.wait_for_capacity(task.cancelled.is_set)

        if self._session is None:
            raise BadInput("The job's files were not announced; install the same Motion Bridge at both ends.")
        with self._session.job(task.job) as (shot, take):
            places = {str(take): task.request().output, str(shot): str(task.request().shot)}
            try:
                for event in run(task.request_in(shot, take), task.changes, task.cancelled.is_set):
                    match event:
                        case events.FrameMade():
                            self._session.send_frame(event, wait)
                            self._enter("working")
                        case events.Preview():
                            if task.previews and self._sender.idle():
                                self._session.send_preview(event)
                        case events.Notice():
                            self._tell(task, replace(event, sentence=_renamed(event.sentence, places)))
                        case _:
                            self._tell(task, event)
            except MotionBridgeError as fault:
                raise type(fault)(_renamed(str(fault), places)) from None

    def _obey(self, message: protocol.Message) -> None:
        task = self._tasks.get(message.job)
        match message.kind:
            case "render" if task is None and len(self._tasks) < MOST_JOBS:
                task = self._tasks[message.job] = _Task(message.job, message.fields)
                self._waiting.put(task)
            case "render":
                raise ProtocolError(f"Job {message.job} was requested twice, or more than {MOST_JOBS} at once.")
            case "cancel" if task:
                task.cancelled.set()
            case "change" if task:
                task.change(message.fields["fields"])
            case "here":
                pass
            case "manifest" | "piece" if self._open_session:
                self._session = self._session or self._open_session(self._sender.send)
                self._session.receive(message)
            case "cancel" | "change":
                pass  # the job has ended meanwhile
            case _:
                raise ProtocolError(f"The host sent a {message.kind} message, which only the backend may send.")

    def _enter(self, state: str) -> None:
        if state != self._state:
            self._state = state
            self._sender.send("alive", 0, {"state": state})

    def _beat(self) -> None:
        pause = threading.Event()
        while not pause.wait(HEARTBEAT):
            if self._sender.idle():  # frames under way say the same
                self._sender.send("alive", 0, {"state": self._state})
            if self._heard and time.monotonic() - self._heard > ABANDONED:
                os._exit(MotionBridgeError.exit_code)  # the link is gone, and nobody has told us

    def _listen(self, source: IO[bytes]) -> None:
        code = MotionBridgeError.exit_code
        try:
            reader = protocol.Reader(source)
            protocol.check_hello(reader.receive(), "host")
            while (message := reader.receive()) is not None:
                if self._heard or message.kind == "here":
                    self._heard = time.monotonic()
                self._obey(message)
            code = 0
        except ProtocolError as fault:
            terminal.note(str(fault))
        except BaseException:
            terminal.trace()
        finally:  # whatever else fails, for nobody else ends this process
            os._exit(code)


def _renamed(text: str, places: Mapping[str, str]) -> str:
    """A sentence that names the host's folders instead of this machine's."""
    for here, there in places.items():
        text = text.replace(here, there)
    return text
