"""What is printed is one line for one thing said, and nobody's absence ends in a traceback."""

import ctypes
import os
import subprocess
import sys
import threading

import pytest
from motion_bridge import terminal

FORGED = {
    "/takes/a\nSaved: '/etc/passwd'": "/takes/a\\nSaved: '/etc/passwd'",
    "host\r\x1b[2K\x1b[1A": "host\\r\\x1b[2K\\x1b[1A",
    "1\u20282": "1\\u20282",
    "\x9b31m": "\\x9b31m",
    "gpj.\u202e": "gpj.\\u202e",
    "half \ud800": "half \\ud800",
}


@pytest.mark.parametrize("text", FORGED)
def test_a_strangers_text_stays_on_its_line(text):
    assert terminal.printable(text) == FORGED[text]


@pytest.mark.parametrize("text", ["plain", "größe 撮影", "👨\u200d👩\u200d👧", "نام\u200cها", "it's", "a\\b"])
def test_every_readable_name_is_printed_as_it_is(text):
    assert terminal.printable(text) == text


SAYS = (
    "import sys; from motion_bridge import terminal; terminal.note('a note'); terminal.say(sys.argv[1]); print('after')"
)


def run(text="done", **streams):
    return subprocess.run([sys.executable, "-c", SAYS, text], timeout=60, **streams)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full")
def test_a_stdout_that_is_full_is_an_error_of_ours_and_a_full_stderr_is_none():
    with open("/dev/full", "wb") as full:
        answer = run(stdout=full, stderr=subprocess.PIPE)
        assert answer.returncode == 1 and b"OutputLost: stdout takes no more: No space left" in answer.stderr
        assert b"Exception ignored" not in answer.stderr
        answer = run(stdout=subprocess.PIPE, stderr=full)
        assert answer.returncode == 0 and answer.stdout == b"done\nafter\n"


DESCRIPTORS = """
import os, sys
from motion_bridge import terminal
terminal.open_standard_descriptors()
file = open(sys.argv[1], "w")
os.write(1, b"printed")
os.write(2, b"complained")
assert os.read(0, 10) == b""
file.close()
"""


@pytest.mark.skipif(os.name == "nt", reason="descriptors of POSIX")
def test_what_is_printed_never_lands_in_a_file_because_a_descriptor_was_closed(tmp_path):
    command = [sys.executable, "-c", DESCRIPTORS, str(tmp_path / "file")]
    shell = subprocess.run(["sh", "-c", '"$@" <&- >&- 2>&-', "sh", *command], timeout=60)
    assert shell.returncode == 0
    assert (tmp_path / "file").read_bytes() == b""


@pytest.mark.parametrize(("system", "library"), [("nt", "ucrtbase"), ("posix", None)])
def test_what_c_holds_is_flushed_on_every_system(monkeypatch, system, library):
    asked = []
    monkeypatch.setattr(os, "name", system)
    monkeypatch.setattr(
        ctypes, "CDLL", lambda name: type("C", (), {"fflush": lambda _, what: asked.append((name, what))})()
    )
    terminal.flush_everything()
    monkeypatch.undo()
    assert asked == [(library, None)]


def test_a_long_line_reaches_a_pipe_that_takes_a_little_at_a_time():
    read, write = os.pipe()
    text = "x" * 300_000
    thread = threading.Thread(target=lambda: (terminal.write_line(write, text), os.close(write)))
    thread.start()
    with os.fdopen(read, "rb") as stream:
        assert stream.read() == text.encode() + b"\n"
    thread.join()


def test_a_line_that_nobody_takes_is_an_error_of_ours():
    read, write = os.pipe()
    os.close(read)
    with pytest.raises(terminal.OutputLost, match="stdout takes no more: Broken pipe"):
        terminal.write_line(write, "a line")
    os.close(write)
