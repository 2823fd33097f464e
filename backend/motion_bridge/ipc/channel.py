"""What lies between the threads at either end of the pipe: a bounded belt of things, and the thread that sends them."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import IO, Any

from . import protocol

GLANCE = 0.05  # seconds: how often somebody who waits for room looks whether that still has a point


class Belt:
    """Things on their way from one thread to another, weighed in bytes."""

    def __init__(self, limit: int):
        self._limit = limit
        self._things: deque[tuple[Any, int]] = deque()
        self._weight = 0
        self._moved = threading.Condition()

    def wait_for_room(self, give_up: Callable[[], bool]) -> None:
        """Return when less than the limit lies on the belt, or when `give_up` says so."""
        with self._moved:
            while self._weight >= self._limit and not give_up():
                self._moved.wait(GLANCE)

    def push(self, thing: Any, weight: int = 0) -> None:
        """Lay something on the belt; never waits."""
        with self._moved:
            self._things.append((thing, weight))
            self._weight += weight
            self._moved.notify_all()

    def take(self) -> Any:
        """The oldest thing; waits for one."""
        with self._moved:
            while not self._things:
                self._moved.wait()
            thing, weight = self._things.popleft()
            self._weight -= weight
            self._moved.notify_all()
            return thing

    def take_all(self) -> list[Any]:
        """Everything there is, oldest first; never waits."""
        with self._moved:
            things = [thing for thing, _ in self._things]
            self._things.clear()
            self._weight = 0
            self._moved.notify_all()
            return things

    def empty(self) -> bool:
        return not self._things


class Sender:
    """The sending end of one direction: numbers the messages and writes them in a thread of its own.

    So a full pipe holds up nobody but those who ask for it with `wait_for_room`.
    """

    def __init__(self, stream: IO[bytes], limit: int):
        self._stream = stream
        self._belt = Belt(limit)
        self._seq = 0
        self._numbering = threading.Lock()
        self._writing = False
        self._broken = False
        threading.Thread(target=self._write, name="motion-bridge-sender", daemon=True).start()

    def send(self, kind: str, job: int, fields: Mapping[str, Any], payload: bytes = b"") -> None:
        """Send a message; never waits. ProtocolError when it is none of this protocol or too long."""
        with self._numbering:
            head = protocol.encode(protocol.Message(kind, job, self._seq, fields, payload))
            self._belt.push((head, payload), len(head) + len(payload))
            self._seq += 1

    def wait_for_room(self, give_up: Callable[[], bool]) -> None:
        """Wait while the other end does not read, but no longer than until `give_up`."""
        self._belt.wait_for_room(lambda: self._broken or give_up())

    def idle(self) -> bool:
        """Whether everything has been written."""
        return self._belt.empty() and not self._writing

    def close(self) -> None:
        """Close the stream once everything is written; never waits."""
        self._belt.push(None)

    def _write(self) -> None:
        while (parts := self._belt.take()) is not None:
            if self._broken:
                continue  # the other end is gone; the thread that reads from it notices
            self._writing = True
            try:
                for part in parts:
                    self._stream.write(part)
                self._stream.flush()
            except (OSError, ValueError):
                self._broken = True
            self._writing = False
        try:
            self._stream.close()
        except OSError:
            self._broken = True
