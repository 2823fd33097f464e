"""One ssh connection to a backend on another machine."""

import queue
import subprocess
import threading
import time
from collections.abc import Mapping
from typing import Any

from .. import launch
from ..errors import BackendFailed, ProtocolError
from ..ipc import protocol
from ..ipc.channel import Sender
from ..ipc.client import Tail
from ..ipc.protocol import Message
from . import host

AHEAD = 1 << 20  # bytes that wait to be sent
ARRIVED = 64  # messages that wait to be looked at
SILENCE = 20.0  # seconds; the other end says four times a second that it is alive
PATIENCE = 3.0  # seconds that ssh has to end
GREETING = 45.0  # seconds from the start to the first message


class LinkLost(Exception):
    """The connection ended, or nothing comes any more; what to say of it."""


class Unreachable(BackendFailed):
    """The other machine cannot be reached, or not be worked with."""


class Link:
    """A running ssh. Unreachable when there is none on this machine, or the host cannot be worked with."""

    def __init__(self, name: str, program: str):
        self._name = name
        command = host.command(name, ["serve"], program)
        pipe = subprocess.PIPE
        try:
            self._process = launch.start(command, stdin=pipe, stdout=pipe, stderr=pipe)
        except (OSError, ValueError) as fault:
            raise Unreachable(f"ssh cannot be started: {fault}. Install OpenSSH's client.") from None
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        assert stdin and stdout and stderr  # they are pipes
        self._stderr = Tail(stderr)
        self._sender = Sender(stdin, AHEAD)
        self._arrived: queue.Queue[Message | ProtocolError | None] = queue.Queue(ARRIVED)
        self._closed = threading.Event()
        self._heard = time.monotonic()
        self.greeted = False  # whether the other end has said hello
        threading.Thread(target=self._read, args=(stdout,), name="motion-bridge-link", daemon=True).start()
        self._sender.send("hello", 0, {"protocol": protocol.PROTOCOL})
        self.send("here", 0, {})

    @property
    def pid(self) -> int:
        """ssh's process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        return not self._closed.is_set() and self._process.poll() is None

    def send(self, kind: str, job: int, fields: Mapping[str, Any], payload: bytes = b"") -> None:
        """Send a message; never waits."""
        self._sender.send(kind, job, fields, payload)

    def wait_for_capacity(self) -> None:
        """Wait while the connection takes no more, as long as there is one."""
        self._sender.wait_for_capacity(lambda: not self.alive)

    def receive(self, seconds: float) -> Message | None:
        """The next message; None when none comes within some seconds.

        LinkLost when the connection has ended or fallen silent; Unreachable when the host cannot be worked with.
        """
        try:
            message = self._arrived.get(timeout=seconds)
        except queue.Empty:
            self._check_silence()
            return None
        if isinstance(message, ProtocolError) and not self.greeted:
            raise Unreachable(
                f"{self._name} does not answer as Motion Bridge does ({message}) If its shell prints something at "
                "every start, silence it for non-interactive sessions."
            )
        if not isinstance(message, Message):
            raise self._lost(str(message or ""))
        self._heard = time.monotonic()
        if not self.greeted:
            protocol.check_hello(message, "backend")
            self.greeted = True
            return None
        return message

    def close(self) -> None:
        """End ssh; at once, and for certain."""
        self._closed.set()
        self._sender.close()
        self._process.kill()
        self._process.wait(PATIENCE)

    def _check_silence(self) -> None:
        silent = time.monotonic() - self._heard
        if silent > (SILENCE if self.greeted else GREETING):
            raise (
                LinkLost(f"nothing came for {silent:.0f} s")
                if self.greeted
                else Unreachable(
                    f"{self._name} gave no answer within {GREETING:.0f} s. Try it in a terminal: ssh {self._name}"
                )
            )

    def _lost(self, why: str) -> Exception:
        """What to raise at the stream's end: where it never began, trying again would not help."""
        try:
            code = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        if self.greeted:
            return LinkLost(why or f"ssh {launch.how_it_ended(code)}")
        said = self._stderr.last_lines()
        return Unreachable(host.explained(self._name, code, "\n".join(said)))

    def _read(self, stream: Any) -> None:
        reader = protocol.Reader(stream)
        last: ProtocolError | None = None
        try:
            while (message := reader.receive()) is not None:
                if not self._put(message):
                    return
        except ProtocolError as fault:
            last = fault
        except (OSError, ValueError):
            last = None  # closed under our feet
        self._put(last)

    def _put(self, message: Message | ProtocolError | None) -> bool:
        while not self._closed.is_set():
            try:
                self._arrived.put(message, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False
