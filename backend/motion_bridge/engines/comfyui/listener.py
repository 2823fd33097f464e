"""What a running ComfyUI tells while it works: JSON messages and previews over its websocket.

The socket is opened again whenever it drops. Nothing depends on it: whether a prompt has ended is asked over HTTP, too.
"""

import queue
import struct
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ...errors import BadInput
from ...files import json_text

OPENING = 2.0  # seconds
PAUSE = 0.5  # seconds before a dropped socket is opened again
WAITING = 2000  # messages that may lie here
LARGEST_MESSAGE = 32 << 20  # bytes
PREVIEW = 1  # the first of a binary message's numbers; the second is the kind of picture


@dataclass(frozen=True)
class Told:
    """A JSON message."""

    kind: str  # executing, progress, execution_success, …
    data: Mapping[str, Any]


@dataclass(frozen=True)
class PreviewFile:
    """A preview as a file of its kind, JPEG or PNG."""

    content: bytes


@dataclass(frozen=True)
class Reconnected:
    """The socket was gone for a while, so something may have been missed."""


Message = Told | PreviewFile | Reconnected


class Listener:
    """The messages for one client number. Close it."""

    def __init__(self, url: str, client: str):
        self._url = f"{url.replace('http', 'ws', 1)}/ws?clientId={client}"
        self._arrived: queue.Queue[Message] = queue.Queue(WAITING)
        self._closed = threading.Event()
        self._open = threading.Event()
        self._connection: Any = None
        threading.Thread(target=self._listen, name="comfyui-websocket", daemon=True).start()

    def wait_until_open(self, seconds: float) -> bool:
        """Whether the socket is open within so many seconds; messages sent before it is are lost."""
        return self._open.wait(seconds)

    def receive(self, seconds: float) -> Message | None:
        """The next message; None when none comes in that time."""
        try:
            return self._arrived.get(timeout=seconds)
        except queue.Empty:
            return None

    def close(self) -> None:
        self._closed.set()
        connection = self._connection
        if connection is not None:
            with suppress(Exception):  # it is of no further use, however it ends
                connection.socket.close()

    def _listen(self) -> None:
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        opened = False
        while not self._closed.is_set():
            with (
                suppress(OSError, WebSocketException, EOFError),
                connect(
                    self._url,
                    open_timeout=OPENING,
                    close_timeout=0.1,
                    max_size=LARGEST_MESSAGE,
                    compression=None,
                    proxy=None,
                ) as self._connection,
            ):
                if opened:
                    self._put(Reconnected())
                opened = True
                self._open.set()
                for message in self._connection:
                    self._take(message)
            self._closed.wait(PAUSE)

    def _take(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            if len(message) > 8 and struct.unpack(">I", message[:4])[0] == PREVIEW:
                self._put(PreviewFile(message[8:]))
            return
        with suppress(BadInput):  # a message of another program's nodes
            found = json_text.parse(message, "A message")
            if isinstance(found, dict) and isinstance(found.get("data"), dict):
                self._put(Told(str(found.get("type")), found["data"]))

    def _put(self, message: Message) -> None:
        with suppress(queue.Full):
            self._arrived.put_nowait(message)
