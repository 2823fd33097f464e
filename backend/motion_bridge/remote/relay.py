"""The artist's side of remote jobs: a backend to Blender, and a host to the backend on another machine.

Blender starts it as it starts any backend. What a job needs is sent once by its content's hash, frames come back as
files and are written to the artist's disk as the engine itself would. A link that drops is made again: what is
finished here counts, and the rest is made.
"""

import hashlib
import json
import os
import queue
import random
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from .. import terminal
from ..errors import BackendFailed, BadInput, Cancelled, MotionBridgeError, ProtocolError, of_kind
from ..files import json_text, reserve, writing
from ..ipc import protocol
from ..ipc.channel import Sender
from ..ipc.protocol import Message
from ..media import png
from ..takes import lock, output_path, writer
from . import content
from .content import Entry
from .link import Link, LinkLost, Unreachable

HEARTBEAT = 0.25  # seconds between two signs of life to Blender
HERE = 2.0  # seconds between two to the other machine
GLANCE = 0.05  # seconds: how often a wait looks whether somebody cancelled
ANSWER = 0.3  # seconds that the other machine has to end a cancelled job
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0  # seconds before a dropped link is made again
PATIENCE = 600.0  # seconds without any contact after which a job is given up
MOST_DROPS = 4  # links in a row that ended before a single frame came: then it is not the link
LARGEST_FILE = 1 << 30  # bytes of a frame's file


@dataclass
class _Task:
    """A job of Blender's."""

    job: int
    fields: Mapping[str, Any]
    cancelled: threading.Event = field(default_factory=threading.Event)
    shot: list[Entry] | None = None  # the Shot's files, once they were read

    @property
    def output(self) -> Path:
        return Path(self.fields["output"])


class Relay:
    """Carries jobs from Blender's pipe to another machine and their frames back."""

    def __init__(self, sender: Sender, name: str, program: str):
        self._sender, self._name, self._program = sender, name, program
        self._tasks: dict[int, _Task] = {}
        self._waiting: queue.SimpleQueue[_Task] = queue.SimpleQueue()
        self._link: Link | None = None
        self._met = False  # whether the other machine ever answered
        self._state = "loading"

    def start(self, source: IO[bytes]) -> None:
        self._sender.send("hello", 0, {"protocol": protocol.PROTOCOL})
        threading.Thread(target=self._beat, name="motion-bridge-heartbeat", daemon=True).start()
        threading.Thread(target=self._listen, args=(source,), name="motion-bridge-reader", daemon=True).start()

    def work(self) -> None:
        """Wait for the next job and do it, to whatever end."""
        self._state = "idle"
        task = self._waiting.get()
        self._state = "loading"
        fields: dict[str, Any] = {}
        kind = "done"
        try:
            self._carry_out(task)
        except MotionBridgeError as fault:
            kind, fields = "failed", {"error": fault.kind, "message": str(fault)}
        except Exception as fault:
            terminal.trace()
            kind, fields = "failed", {"error": "internal", "message": f"The link failed: {fault!r}"[:2000]}
        del self._tasks[task.job]
        self._sender.send(kind, task.job, fields)

    def _carry_out(self, task: _Task) -> None:
        if task.fields.get("live"):
            raise BadInput("A live session cannot run on a remote GPU; empty Remote GPU in the preferences.")
        output_path.check_output(str(task.output))
        with lock.writing_to(task.output):
            task.output.mkdir(parents=True, exist_ok=True)
        with lock.held(task.output):
            there = writer.there(task.output)
            if there and not task.fields["resume"]:
                raise BadInput(
                    f"{task.output} holds {len(there)} frames already. Resume to make only what is missing, or choose "
                    "another folder."
                )
            self._try(task)

    def _try(self, task: _Task) -> None:
        """The job over as many links as it takes."""
        contact, drops, pause = time.monotonic(), 0, FIRST_PAUSE
        while True:
            before = len(writer.there(task.output))
            connected = False
            try:
                link = self._connected(task)
                connected = True
                self._over(link, task)
                return
            except LinkLost as lost:
                reason = str(lost)
            except Unreachable as fault:
                if not self._met:
                    raise
                reason = str(fault).rstrip(".")
            except BaseException:
                self._drop()  # a job that is not wanted any more ends with its link
                raise
            self._drop()
            _check_cancelled(task)
            if len(writer.there(task.output)) > before:
                drops, pause = 0, FIRST_PAUSE
            if connected:
                contact, drops = time.monotonic(), drops + 1
            if drops > MOST_DROPS or time.monotonic() - contact > PATIENCE:
                raise BackendFailed(f"The link to {self._name} does not hold: {reason}.")
            self._state = "loading"
            self._say(task, f"The link to {self._name} dropped ({reason}); making it again")
            if task.cancelled.wait(pause * random.uniform(0.7, 1.0)):
                _check_cancelled(task)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _connected(self, task: _Task) -> Link:
        if self._link is None or not self._link.alive:
            self._drop()
            link = Link(self._name, self._program)
            try:
                while not link.greeted:
                    _check_cancelled(task)
                    link.receive(GLANCE)
            except BaseException:
                link.close()
                raise
            self._link, self._met = link, True
        return self._link

    def _drop(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _over(self, link: Link, task: _Task) -> None:
        """The job over one link. LinkLost when that ends before the job does."""
        entries = list(self._entries(task))
        link.send("manifest", task.job, {}, json.dumps(content.payload_of(entries)).encode())
        self._send_files(link, task, entries)
        asked = {name: task.fields[name] for name in ("shot", "output", "engine")}
        previews = task.fields.get("previews") is True
        link.send("render", task.job, {**asked, "resume": True, "previews": previews, "remote": True})
        incoming: dict[str, bytearray] = {}
        cancelled_at = None
        while True:
            if task.cancelled.is_set():
                cancelled_at = cancelled_at or self._cancel(link, task)
                if time.monotonic() - cancelled_at > ANSWER:
                    self._drop()  # it ends with its link
                    _check_cancelled(task)
            message = link.receive(GLANCE)
            if message is None or (message.job != task.job and message.kind != "alive"):
                continue
            if self._follow(task, message, incoming):
                return

    def _cancel(self, link: Link, task: _Task) -> float:
        link.send("cancel", task.job, {})
        return time.monotonic()

    def _entries(self, task: _Task) -> Iterator[Entry]:
        """What the job's folder on the other machine is made from: the Shot, and the frames that are finished here."""
        if task.shot is None:
            folder = Path(task.fields["shot"])
            if not (folder / "shot.json").is_file():
                raise BadInput(f"{folder} holds no Shot.")
            files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
            task.shot = [content.entry(path, f"shot/{path.name}") for path in files]
        yield from task.shot
        for name in writer.there(task.output):
            yield content.entry(task.output / name, f"take/{name}")
            state = f"{writer.STATE}/{name.removesuffix('.png')}.npy"
            if (task.output / state).is_file():
                yield content.entry(task.output / state, f"take/{state}")

    def _send_files(self, link: Link, task: _Task, entries: list[Entry]) -> None:
        """Send what the other machine lacks, each content once."""
        wanted = self._wanted(link, task)
        lacking = {each.sha256: each for each in entries if each.sha256 in wanted}
        total = sum(each.size - wanted[each.sha256] for each in lacking.values())
        sent = 0
        for each in lacking.values():
            path = Path(task.fields["shot"]) if each.name.startswith("shot/") else task.output
            for offset, block in content.pieces(path / each.name.partition("/")[2], wanted[each.sha256]):
                _check_cancelled(task)
                link.wait_for_capacity()
                if not link.alive:
                    raise LinkLost("it ended while files were sent")
                link.send("piece", task.job, {"sha256": each.sha256, "offset": offset}, block)
                sent += len(block)
                self._tell_sent(task, sent, total)

    def _tell_sent(self, task: _Task, sent: int, total: int) -> None:
        if self._sender.idle():
            done, whole = round(sent / 1000), max(1, round(total / 1000))
            self._sender.send("progress", task.job, {"stage": "Sending the shot, kB", "done": done, "total": whole})

    def _wanted(self, link: Link, task: _Task) -> dict[str, int]:
        while True:
            _check_cancelled(task)
            message = link.receive(GLANCE)
            if message is None or message.job != task.job:
                continue
            if message.kind == "failed":
                raise MotionBridgeError(message.fields["message"])
            if message.kind == "wanted":
                break
        try:
            found = json_text.parse(message.payload, "An answer")
        except BadInput as fault:
            raise ProtocolError(str(fault)) from None
        if not isinstance(found, dict) or not all(type(size) is int and size >= 0 for size in found.values()):
            raise ProtocolError(f"{self._name} answered a manifest with something that is not a list of files.")
        return found

    def _follow(self, task: _Task, message: Message, incoming: dict[str, bytearray]) -> bool:
        """Do what a message means; whether it was the job's last."""
        fields = message.fields
        match message.kind:
            case "alive":
                self._state = fields["state"] if fields["state"] in ("idle", "loading", "working") else self._state
            case "file":
                self._receive_file(task, message, incoming)
            case "made":
                self._show(task, fields)
            case "small":
                self._preview(task, message)
            case "started" | "progress" | "said":
                self._sender.send(message.kind, task.job, dict(fields))
            case "done":
                return True
            case "failed":
                raise of_kind(fields["error"], fields["message"])
            case _:
                raise ProtocolError(f"{self._name} sent a {message.kind} message, which has no place in a remote job.")
        return False

    def _receive_file(self, task: _Task, message: Message, incoming: dict[str, bytearray]) -> None:
        """A piece of a frame's file, or of what the engine keeps beside it; written when it is whole."""
        name, size = message.fields["name"], message.fields["size"]
        if not content.FRAME_FILE.fullmatch(name) or not 0 < size <= LARGEST_FILE:
            raise ProtocolError(f"{self._name} sent a file {name[:100]!r} of {size} bytes, which no frame has.")
        if incoming and name not in incoming:
            raise ProtocolError(f"{self._name} began {name} before the last file was whole.")
        held = incoming.setdefault(name, bytearray())
        if message.fields["offset"] != len(held) or len(held) + len(message.payload) > size:
            raise ProtocolError(f"A piece of {name} came where it does not belong.")
        held += message.payload
        if len(held) < size:
            return
        del incoming[name]
        if hashlib.sha256(held).hexdigest() != message.fields["sha256"]:
            raise LinkLost(f"{name} arrived damaged")
        try:
            writing.write(task.output, name, bytes(held))
        except OSError as fault:
            free = reserve.free(task.output)
            raise BackendFailed(f"{task.output / name} could not be written: {fault.strerror}; {free}.") from None

    def _show(self, task: _Task, fields: Mapping[str, Any]) -> None:
        name = fields["name"]
        if not content.FRAME_FILE.fullmatch(name):
            raise ProtocolError(f"{self._name} says that {name[:100]!r} is a frame.")
        path = task.output / name
        pixels = png.read(path)
        height, width, channels = pixels.shape
        shape = {"width": width, "height": height, "channels": channels}
        told = {"index": fields["index"], "number": fields["number"], "path": str(path), **shape}
        self._sender.wait_for_capacity(task.cancelled.is_set)
        self._sender.send("frame", task.job, told, pixels.tobytes())
        self._state = "working"

    def _preview(self, task: _Task, message: Message) -> None:
        shape = {name: message.fields[name] for name in ("width", "height", "channels")}
        due = shape["width"] * shape["height"] * shape["channels"]
        try:
            unpacker = zlib.decompressobj()
            pixels = unpacker.decompress(message.payload, due)
        except zlib.error:
            raise ProtocolError(f"{self._name} sent a preview that cannot be unpacked.") from None
        if len(pixels) != due or unpacker.unconsumed_tail:
            raise ProtocolError(f"{self._name} sent a preview of another size than it says.")
        if task.fields.get("previews") is True and self._sender.idle():
            self._sender.send("preview", task.job, shape, pixels)

    def _say(self, task: _Task, sentence: str) -> None:
        self._sender.send("said", task.job, {"message": sentence[:2000]})

    def _beat(self) -> None:
        pause = threading.Event()
        last = 0.0
        while not pause.wait(HEARTBEAT):
            if self._sender.idle():
                self._sender.send("alive", 0, {"state": self._state})
            link = self._link
            if link is not None and time.monotonic() - last > HERE:
                last = time.monotonic()
                link.send("here", 0, {})

    def _listen(self, source: IO[bytes]) -> None:
        code = MotionBridgeError.exit_code
        try:
            reader = protocol.Reader(source)
            protocol.check_hello(reader.receive(), "host")
            while (message := reader.receive()) is not None:
                self._obey(message)
            code = 0
        except ProtocolError as fault:
            terminal.note(str(fault))
        except BaseException:
            terminal.trace()
        finally:  # ssh ends with the pipe that this process holds, and the other machine's backend with ssh
            os._exit(code)

    def _obey(self, message: Message) -> None:
        task = self._tasks.get(message.job)
        match message.kind:
            case "render" if task is None:
                task = self._tasks[message.job] = _Task(message.job, message.fields)
                self._waiting.put(task)
            case "cancel":
                if task:
                    task.cancelled.set()
            case "change":
                link = self._link
                if task and link is not None:
                    link.send("change", message.job, dict(message.fields))
            case _:
                raise ProtocolError(f"The host sent a {message.kind} message, which has no place here.")


def _check_cancelled(task: _Task) -> None:
    if task.cancelled.is_set():
        raise Cancelled("The job was cancelled; finished frames are kept.")
