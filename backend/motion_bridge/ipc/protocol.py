"""The messages between Blender and the backend, as bytes: docs/protocol.md in code.

A message is a prefix (magic, header length, payload length), a JSON header and a raw payload. Every header carries
`kind`, `job` and `seq`; MESSAGES lists what else each kind carries. Everything is checked before anything is allocated
for it, and whatever is wrong raises ProtocolError: the link is then of no use and is dropped.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from ..errors import BadInput, ProtocolError
from ..files import json_text

PROTOCOL = 1  # rises when either end could misunderstand the other
MAGIC = b"MBRG"
PREFIX = struct.Struct(">4s2I")
LONGEST_HEADER = 64 << 10  # bytes
LONGEST_PAYLOAD = 64 << 20
PIECE = 256 << 10  # a payload is read in such pieces, so that a length that lies costs nothing
LARGEST_INTEGER = 1 << 53  # what every JSON reader keeps exact
LARGEST_SIDE = 16384  # pixels
FREE = ("manifest", "piece", "wanted", "file")  # kinds whose payload is of any length

MESSAGES: dict[str, dict[str, type]] = {
    # both ways, first of all
    "hello": {"protocol": int},
    # to the backend
    "render": {"shot": str, "output": str, "engine": str, "resume": bool},
    "change": {"fields": dict},
    "cancel": {},
    # to a backend on another machine
    "manifest": {},  # payload: the files of a job, as JSON [[name, sha256, size], …]
    "piece": {"sha256": str, "offset": int},  # payload: of a file that it lacks
    "here": {},  # the host is there
    # from the backend
    "alive": {"state": str},
    "started": {"total": int, "missing": int},
    "progress": {"stage": str, "done": int, "total": int},
    "said": {"message": str},
    "frame": {"index": int, "number": int, "path": str, "width": int, "height": int, "channels": int},
    "preview": {"width": int, "height": int, "channels": int},  # to hosts whose render message asks for previews
    # from one on another machine
    "wanted": {},  # payload: how much of each file it lacks is there, as JSON {sha256: bytes}
    "file": {"name": str, "sha256": str, "offset": int, "size": int},  # payload: a piece of a file of the take
    "made": {"index": int, "number": int, "name": str},  # in the place of frame, once its file was sent
    "small": {"width": int, "height": int, "channels": int},  # in the place of preview; payload: deflated
    "done": {},
    "failed": {"error": str, "message": str},
}


@dataclass(frozen=True)
class Message:
    """One message as it was received."""

    kind: str  # one of MESSAGES
    job: int  # 0 where no job is meant
    seq: int  # counts the messages of one direction, from 0
    fields: Mapping[str, Any]
    payload: bytes = b""


def encode(message: Message) -> bytes:
    """The bytes of a message, its payload left out: that follows unchanged. ProtocolError when it is none."""
    _check(message.kind, message.job, message.seq, message.fields, len(message.payload))
    fields = {"kind": message.kind, "job": message.job, "seq": message.seq, **message.fields}
    try:
        header = json.dumps(fields, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as fault:
        raise ProtocolError(f"A {message.kind} message cannot be written as JSON: {fault}.") from None
    if len(header) > LONGEST_HEADER:
        raise ProtocolError(
            f"A {message.kind} message has a header of {len(header)} bytes; {LONGEST_HEADER} are allowed."
        )
    return PREFIX.pack(MAGIC, len(header), len(message.payload)) + header


class Reader:
    """The receiving end of one direction."""

    def __init__(self, stream: IO[bytes]):
        self._stream = stream
        self._next = 0

    def receive(self) -> Message | None:
        """The next message; None where the stream ends between two of them."""
        prefix = self._stream.read(PREFIX.size)
        if not prefix:
            return None
        if len(prefix) < PREFIX.size:
            raise ProtocolError("The stream ends inside a message.")
        magic, header_length, payload_length = PREFIX.unpack(prefix)
        if magic != MAGIC:
            raise ProtocolError(f"A message starts with {magic!r} instead of {MAGIC!r}.")
        if header_length > LONGEST_HEADER:
            raise ProtocolError(f"A message announces a header of {header_length} bytes; {LONGEST_HEADER} are allowed.")
        if payload_length > LONGEST_PAYLOAD:
            raise ProtocolError(
                f"A message announces a payload of {payload_length} bytes; {LONGEST_PAYLOAD} are allowed."
            )
        fields = _decode(self._exactly(header_length))
        kind, job, seq = (fields.pop(name, None) for name in ("kind", "job", "seq"))
        _check(kind, job, seq, fields, payload_length)
        if seq != self._next:
            raise ProtocolError(f"Message {seq} came where message {self._next} was due.")
        self._next += 1
        return Message(kind, job, seq, fields, self._exactly(payload_length))

    def _exactly(self, length: int) -> bytes:
        pieces = []
        while length > 0:
            piece = self._stream.read(min(length, PIECE))
            if not piece:
                raise ProtocolError("The stream ends inside a message.")
            pieces.append(piece)
            length -= len(piece)
        return b"".join(pieces)


def check_hello(message: Message | None, other: str) -> None:
    """Raise ProtocolError unless the other end's first message is a hello of this protocol. other: what to call it."""
    if message is None:
        raise ProtocolError(f"The {other} said nothing before it closed the pipe.")
    if message.kind != "hello":
        raise ProtocolError(f"The {other} began with {message.kind!r} instead of hello.")
    theirs = message.fields["protocol"]
    if theirs != PROTOCOL:
        raise ProtocolError(
            f"The {other} speaks protocol {theirs} and this end {PROTOCOL}; install the same Motion Bridge at both."
        )


def _decode(header: bytes) -> dict[str, Any]:
    try:
        fields = json_text.parse(header, "A header")
    except BadInput as fault:
        raise ProtocolError(str(fault)) from None
    if not isinstance(fields, dict):
        raise ProtocolError(f"A header is a JSON {type(fields).__name__}, not an object.")
    return fields


def _check(kind: Any, job: Any, seq: Any, fields: Mapping[str, Any], payload: int) -> None:
    if not isinstance(kind, str) or kind not in MESSAGES:
        raise ProtocolError(f"There is no message kind {str(kind)[:40]!r}.")
    for name, value in (("job", job), ("seq", seq)):
        if type(value) is not int or not 0 <= value <= LARGEST_INTEGER:
            raise ProtocolError(f"A {kind} message carries no usable {name}.")
    for name, wanted in MESSAGES[kind].items():
        value = fields.get(name)
        if type(value) is not wanted or (type(value) is int and abs(value) > LARGEST_INTEGER):
            raise ProtocolError(f"A {kind} message needs {name} as {wanted.__name__}.")
    if kind in FREE:
        return
    due = 0
    if kind in ("frame", "preview", "small"):
        width, height, channels = fields["width"], fields["height"], fields["channels"]
        if not (1 <= width <= LARGEST_SIDE and 1 <= height <= LARGEST_SIDE and channels == 3):
            raise ProtocolError(f"A frame cannot be {width} × {height} pixels of {channels} channels.")
        due = width * height * channels
    if kind == "small" and 0 < payload <= due:
        return
    if payload != due:
        raise ProtocolError(f"A {kind} message carries {payload} bytes where {due} are due.")
