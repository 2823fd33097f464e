"""Messages: what arrives is what was sent, and what is not a message is refused before it costs anything."""

import io
import json
import os
import random
import subprocess
import sys
import threading
import tracemalloc

import pytest
from backend_processes import REAL
from motion_bridge.errors import ProtocolError
from motion_bridge.ipc import protocol
from motion_bridge.ipc.protocol import Message, Reader

FRAME = {"index": 2, "number": -3, "path": "/å/frame_-0003.png", "width": 4, "height": 2, "channels": 3}
CONVERSATION = [
    Message("hello", 0, 0, {"protocol": protocol.PROTOCOL}),
    Message("render", 1, 1, {"shot": "/tmp/shot", "output": "/tmp/größe", "engine": "reproject", "resume": True}),
    Message("change", 1, 2, {"fields": {"prompts": {"1": "a hill"}, "strength": 0.25}}),
    Message("alive", 0, 3, {"state": "working"}),
    Message("started", 1, 4, {"total": 48, "missing": 2}),
    Message("frame", 1, 5, FRAME, bytes(range(24))),
    Message("failed", 1, 6, {"error": "oom", "message": "The picture does not fit."}),
    Message("cancel", 1, 7, {}),
]


def packed(header, payload=b"", header_length=None, payload_length=None, magic=protocol.MAGIC):
    """A message's bytes with anything in them."""
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    lengths = (
        len(header) if header_length is None else header_length,
        len(payload) if payload_length is None else payload_length,
    )
    return protocol.PREFIX.pack(magic, *lengths) + header + payload


def bytes_of(messages):
    return b"".join(protocol.encode(message) + message.payload for message in messages)


def receive_all(data):
    reader, found = Reader(io.BytesIO(data)), []
    while (message := reader.receive()) is not None:
        found.append(message)
    return found


def test_every_message_arrives_as_it_was_sent():
    assert receive_all(bytes_of(CONVERSATION)) == CONVERSATION


FIRST = {"kind": "cancel", "job": 1, "seq": 0}
MALFORMED = {
    "another program's output": b"Hello, world! This is not a message at all.",
    "a stream that ends inside a prefix": packed(FIRST)[:7],
    "a stream that ends inside a header": packed(FIRST)[:20],
    "a stream that ends inside a frame": packed({**FIRST, **FRAME, "kind": "frame"}, bytes(23), payload_length=24),
    "a header above the cap": packed(FIRST, header_length=protocol.LONGEST_HEADER + 1),
    "a payload above the cap": packed(FIRST, payload_length=protocol.LONGEST_PAYLOAD + 1),
    "a header that is no JSON": packed(b"{'kind': 1}"),
    "a header that is not UTF-8": packed(b'{"kind": "\xff"}'),
    "a header that is a list": packed([1, 2]),
    "a header that is null": packed(None),
    "a header nested too deeply": packed(b"[" * 60_000),
    "an object nested too deeply": packed(b'{"a":' * 12_000),
    "a NaN": packed(b'{"kind": "started", "job": 1, "seq": 0, "total": NaN, "missing": 1}'),
    "a number beyond floats": packed(b'{"kind": "change", "job": 1, "seq": 0, "fields": {"x": 1e999}}'),
    "an integer of ten thousand digits": packed(b'{"kind": "cancel", "job": ' + b"9" * 10_000 + b', "seq": 0}'),
    "an unknown kind": packed({**FIRST, "kind": "explode"}),
    "a kind that is a list": packed({**FIRST, "kind": ["cancel"]}),
    "no job": packed({"kind": "cancel", "seq": 0}),
    "a job that is true": packed({**FIRST, "job": True}),
    "a job above what JSON keeps exact": packed({**FIRST, "job": 1 << 54}),
    "a total above what JSON keeps exact": packed({**FIRST, "kind": "started", "total": (1 << 53) + 1, "missing": 1}),
    "a missing far below zero": packed({**FIRST, "kind": "started", "total": 1, "missing": -(1 << 53) - 1}),
    "a negative job": packed({**FIRST, "job": -1}),
    "a message out of turn": packed({**FIRST, "seq": 5}),
    "a missing field": packed({**FIRST, "kind": "started", "total": 1}),
    "a field of another type": packed({**FIRST, "kind": "started", "total": 1, "missing": "1"}),
    "a cancel with a payload": packed(FIRST, b"xyz"),
    "a frame with too few bytes": packed({**FIRST, **FRAME, "kind": "frame"}, bytes(23)),
    "a frame of no width": packed({**FIRST, **FRAME, "kind": "frame", "width": 0}),
    "a frame of negative sides": packed({**FIRST, **FRAME, "kind": "frame", "width": -4, "height": -2}, bytes(24)),
    "a frame of a thousand channels": packed({**FIRST, **FRAME, "kind": "frame", "channels": 1000}, bytes(8000)),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_protocol_error_is_raised_for(data):
    with pytest.raises(ProtocolError):
        receive_all(data)


def test_a_payload_that_lies_about_its_length_allocates_nothing():
    side = 4096
    lie = {**FIRST, "kind": "frame", **FRAME, "width": side, "height": side}
    data = packed(lie, bytes(1000), payload_length=side * side * 3)
    tracemalloc.start()
    with pytest.raises(ProtocolError, match="ends inside"):
        receive_all(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_what_cannot_be_received_is_not_sent_either():
    for message in (
        Message("cancel", -1, 0, {}),
        Message("frame", 1, 0, FRAME, bytes(23)),
        Message("change", 1, 0, {"fields": {"x": float("nan")}}),
        Message("change", 1, 0, {"fields": {"x": object()}}),
        Message("failed", 1, 0, {"error": "oom", "message": "x" * protocol.LONGEST_HEADER}),
    ):
        with pytest.raises(ProtocolError):
            protocol.encode(message)


def mutated(data, chance):
    """The same bytes with a few of them changed, lost, doubled, swapped for numbers that like to overflow."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data))
        match chance.randrange(6):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randint(1, 40)]
            case 2:
                data[at:at] = chance.randbytes(chance.randint(1, 40))
            case 3:
                data[at : at + 4] = chance.choice([b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff"])
            case 4:
                data[at:at] = data[at : at + chance.randint(1, 200)]
            case 5:
                data[at:at] = chance.choice([b"[" * 5000, b"NaN", b"1e999", b'"\\ud800"', b"null", b"-", b"true"])
        if not data:
            data += b"\0"
    return bytes(data)


@pytest.mark.slow
def test_twenty_thousand_mutated_messages_raise_protocol_errors_and_nothing_else():
    chance, valid = random.Random(20260101), bytes_of(CONVERSATION)
    refused = 0
    tracemalloc.start()
    for _ in range(20_000):
        try:
            receive_all(mutated(valid, chance))
        except ProtocolError:
            refused += 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused > 15_000, "most mutations break a message"
    assert peak < 4 << 20


@pytest.mark.slow
def test_a_backend_survives_or_refuses_mutated_messages_but_never_crashes():
    chance, valid = random.Random(7), bytes_of(CONVERSATION[:3] + [Message("cancel", 1, 3, {})])
    for _ in range(25):
        process = subprocess.run([*REAL, "serve"], input=mutated(valid, chance), capture_output=True, timeout=60)
        assert process.returncode in (0, 3), process.stderr.decode()
        assert b"Traceback" not in process.stderr


@pytest.mark.skipif(os.name == "nt", reason="closing descriptors in a shell")
@pytest.mark.parametrize("redirect", ["2>&-", "2>/dev/full", ">&- 2>&-", ""])
@pytest.mark.parametrize("length", [3, 15, 60])
@pytest.mark.fault("The host dies inside a message", "stdin cut at 3, 15 and 60 bytes, stderr closed, full or gone")
def test_a_backend_ends_when_stdin_ends_inside_a_message_though_nobody_takes_what_it_prints(redirect, length):
    """A message that stops halfway is how a killed host looks; stderr is gone with it."""
    hello = bytes_of([Message("hello", 0, 0, {"protocol": protocol.PROTOCOL})])
    command = ["sh", "-c", f'"$@" {redirect}', "sh", *REAL, "serve"]
    process = subprocess.run(command, input=hello + hello[:length], stdout=subprocess.PIPE, timeout=60)
    assert process.returncode == 3


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
def test_a_backend_ends_when_its_stderr_is_a_pipe_that_nobody_reads_any_more():
    hello = bytes_of([Message("hello", 0, 0, {"protocol": protocol.PROTOCOL})])
    pipe = subprocess.PIPE
    process = subprocess.Popen([*REAL, "serve"], stdin=pipe, stdout=pipe, stderr=pipe)
    process.stderr.close()
    process.stdin.write(hello + hello[:20])
    process.stdin.close()
    assert process.wait(60) == 3
    process.stdout.close()


QUIET = """
import os, sys
sys.path[:0] = sys.argv[1:3]
from motion_bridge.cli.main import main
main(["serve"])
"""


def test_the_pipe_is_moved_before_numpy_is_imported(tmp_path):
    """Some builds of numpy print when they are imported; none of that may reach the host."""
    (tmp_path / "numpy.py").write_text("import os\nos.write(1, b'a greeting')\nassert os.read(0, 9) == b''\n")
    hello = bytes_of([Message("hello", 0, 0, {"protocol": protocol.PROTOCOL})])
    command = [sys.executable, "-c", QUIET, str(tmp_path), REAL[-1]]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(hello)
    process.stdin.flush()
    assert b"a greeting" in process.stderr.read(10)
    said, _ = process.communicate(timeout=60)
    assert said.startswith(protocol.MAGIC) and b"greeting" not in said


def test_a_host_of_another_protocol_is_turned_away_in_a_sentence():
    hello = bytes_of([Message("hello", 0, 0, {"protocol": 99})])
    process = subprocess.run([*REAL, "serve"], input=hello, capture_output=True, timeout=60)
    assert process.returncode == 3
    assert b"The host speaks protocol 99" in process.stderr


def test_a_reader_waits_for_bytes_that_come_one_by_one():
    read, write = os.pipe()
    data = bytes_of(CONVERSATION)

    def drip():
        with os.fdopen(write, "wb", buffering=0) as stream:
            for at in range(len(data)):
                stream.write(data[at : at + 1])

    threading.Thread(target=drip).start()
    with os.fdopen(read, "rb") as stream:
        reader = Reader(stream)
        assert [reader.receive() for _ in CONVERSATION] == CONVERSATION
        assert reader.receive() is None
