"""What lies between the threads at either end of the pipe: a bounded queue, and the thread that sends messages."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import IO, Any

from . import protocol

GLANCE = 0.05  # seconds: how often a thread held up by backpressure looks whether waiting still has a point


class BoundedQueue:
    """Items on their way from one thread to another, weighed in bytes; a producer can wait for capacity."""

    def __init__(self, limit: int):
        self._limit = limit
        self._items: deque[tuple[Any, int]] = deque()
        self._weight = 0
        self._changed = threading.Condition()

    def wait_for_capacity(self, give_up: Callable[[], bool]) -> None:
        """Return when the queue is below its limit, or when `give_up` says so."""
        with self._changed:
            while self._weight >= self._limit and not give_up():
                self._changed.wait(GLANCE)

    def push(self, item: Any, weight: int = 0) -> None:
        """Append an item; never waits."""
        with self._changed:
            self._items.append((item, weight))
            self._weight += weight
            self._changed.notify_all()

    def take(self) -> Any:
        """The oldest item; waits for one."""
        with self._changed:
            while not self._items:
                self._changed.wait()
            item, weight = self._items.popleft()
            self._weight -= weight
            self._changed.notify_all()
            return item

    def take_all(self) -> list[Any]:
        """Everything there is, oldest first; never waits."""
        with self._changed:
            items = [item for item, _ in self._items]
            self._items.clear()
            self._weight = 0
            self._changed.notify_all()
            return items

    def empty(self) -> bool:
        return not self._items


class Sender:
    """The sending end of one direction: numbers the messages and writes them in a thread of its own.

    So a full pipe holds up nobody but those who ask for it with `wait_for_capacity`.
    """

    def __init__(self, stream: IO[bytes], limit: int):
        self._stream = stream
        self._queue = BoundedQueue(limit)
        self._seq = 0
        self._numbering = threading.Lock()
        self._writing = False
        self._broken = False
        threading.Thread(target=self._write, name="motion-bridge-sender", daemon=True).start()

    def send(self, kind: str, job: int, fields: Mapping[str, Any], payload: bytes = b"") -> None:
        """Send a message; never waits. ProtocolError when it is none of this protocol or too long."""
        with self._numbering:
            head = protocol.encode(protocol.Message(kind, job, self._seq, fields, payload))
            self._queue.push((head, payload), len(head) + len(payload))
            self._seq += 1

    def wait_for_capacity(self, give_up: Callable[[], bool]) -> None:
        """Wait while the other end does not read, but no longer than until `give_up`."""
        self._queue.wait_for_capacity(lambda: self._broken or give_up())

    def idle(self) -> bool:
        """Whether everything has been written."""
        return self._queue.empty() and not self._writing

    def close(self) -> None:
        """Close the stream once everything is written; never waits."""
        self._queue.push(None)

    def _write(self) -> None:
        while (parts := self._queue.take()) is not None:
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
