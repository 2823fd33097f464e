"""Nobody takes what a command prints: the exit code is as documented, finished work stays, nothing is traced."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from backend_processes import BACKEND, SOON, TESTING, a_shot, until
from motion_bridge import shot as shots
from motion_bridge import terminal
from motion_bridge.cli.main import COMMANDS
from motion_bridge.errors import BadInput, Cancelled, MotionBridgeError, OutOfMemory, typed
from motion_bridge.media import png

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full and a shell of POSIX")

SKETCH = BACKEND / "motion_bridge" / "weights"
NEEDS = {"judge": "cv2", "publish": "imwatermark", "transfer": "torch", "convert": "torch", "channels": "torch"}
LOST = 3  # the exit code where stdout takes no more


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with something for every command to work on."""
    place = tmp_path_factory.mktemp("place")
    shot = a_shot(count=3, width=128, height=96)
    coarse = np.kron(shot.first_frame[::8, ::8], np.ones((8, 8, 1), np.uint8))
    xy = np.array([[[40, 40]], [[72, 56]]], np.float32) + np.arange(3, dtype=np.float32)[:, None] * (1, 0)
    tracks = shots.Tracks(xy.astype(np.float32), np.ones((2, 3), bool), ("a", "b"), ("grid", "grid"))
    shot = replace(shot, tracks=tracks, first_frame=coarse)
    shots.save(shot, place / "shot")
    shots.save(replace(shot, depth=np.full((3, 96, 128), 5, np.float32)), place / "deep")
    (place / "settings.txt").write_text('{"zoom": "0:(1), 2:(1.5)", "max_frames": 3}')
    (place / "video").mkdir()
    for number in range(3):
        picture = np.roll(shot.first_frame, number, axis=1)
        (place / "video" / f"{number}.png").write_bytes(png.encode(picture))
    shots.save(a_shot(count=1, width=256, height=256), place / "large")  # a watermark needs 65,536 pixels
    made = [*TESTING, "render", str(place / "large"), "--engine", "testing", "--output", str(place / "made")]
    subprocess.run(made, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    (place / "bin").mkdir()
    ssh = place / "bin" / "ssh"
    ssh.write_text("#!/bin/sh\necho 'GPU: none'\n")  # a machine that answers what doctor says there
    ssh.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(place / "bin"), prepend=os.pathsep)
        yield place


def words_of(command, place, out):
    """A command line that succeeds and prints something on stdout."""
    return {
        "render": ["render", place / "shot", "--engine", "testing", "--output", out / "take"],
        "batch": ["batch", place / "deep", "--engine", "reproject", "--gpus", "cpu", "--output", out / "takes"],
        "serve": ["serve"],
        "remote": ["remote", "somewhere", "test"],
        "provenance": ["provenance", place / "made" / "frame_0001.png"],
        "publish": ["publish", place / "made" / "frame_0001.png", "--output", out / "public", "--watermark", "mb"],
        "doctor": ["doctor"],
        "models": ["models", "list"],
        "backend": ["backend", "status", "--folder", out / "backend"],
        "export": ["export", place / "shot", "--format", "npz", "--out", out / "tracks.npz"],
        "judge": ["judge", place / "shot", place / "video"],
        "schedules": ["schedules", place / "settings.txt"],
        "transfer": [
            *("transfer", place / "video", "--first-frame", place / "video" / "0.png", "--output", out / "take"),
            *("--grid", "4"),
        ],
        "convert": ["convert", SKETCH / "sketch-video", "--output", out / "model"],
        "channels": ["channels", SKETCH / "sketch-image", "--pictures", "4", "--shuffles", "19", "--size", "32"],
    }[command]


SLOW = ("transfer", "convert", "channels")
EVERY = [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in COMMANDS]
SPOKEN = [each for each in EVERY if each.values[0] != "serve"]  # serve speaks in messages, to a host


def run(words, redirected, cwd):
    """The exit code and what stderr says of a command line, run by a shell with its streams redirected."""
    script = f'exec 3>&2; "$@" {redirected}'
    command = ["bash", "-c", script, "bash", *TESTING, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=cwd, stdin=subprocess.DEVNULL)
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr, done.stderr
    return done


def expected(command, place, out):
    """What the command ends with where everything is taken; it must be a command that prints."""
    if command in NEEDS and find_spec(NEEDS[command]) is None:
        pytest.skip(f"{NEEDS[command]} is not installed")
    done = run(words_of(command, place, out), "", out)
    assert done.stdout, done.stderr
    shutil.rmtree(out)
    out.mkdir()
    return done.returncode


@pytest.mark.slow
@pytest.mark.parametrize("command", SPOKEN)
@pytest.mark.fault("stdout or stderr is full or closed, or its reader is gone", "every command, and its --help")
def test_a_command_whose_output_nobody_takes_ends_as_documented(command, place, tmp_path, injected):
    out = tmp_path / "out"
    out.mkdir()
    assert expected(command, place, out) == 0
    cases = {
        ">/dev/full": LOST,
        ">/dev/full 2>/dev/full": LOST,
        ">/dev/full 2>&-": LOST,
        "2>/dev/full": 0,
        "2>&-": 0,
        ">&- 2>&-": 0,
        "<&- >&- 2>&-": 0,
    }
    if command in SLOW:
        cases = dict(list(cases.items())[:1])
    for redirected, code in cases.items():
        done = run(words_of(command, place, out), redirected, out)
        assert done.returncode == code, f"{redirected}: {done.returncode}, {done.stderr}"
        if redirected == ">/dev/full":
            assert "stdout takes no more: No space left on device" in done.stderr.splitlines()[-1]
        shutil.rmtree(out)
        out.mkdir()
    injected(len(cases))


LISTENERS = {"": 0, ">/dev/full": LOST, "2>&-": 0, ">/dev/full 2>/dev/full": LOST, ">&- 2>&-": 0}  # → of --help


@pytest.mark.slow
@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_that_nobody_takes_ends_as_documented(command, tmp_path):
    words = [command, "--help"] if command else ["--help"]
    for redirected in LISTENERS if command in (None, "render") else [">/dev/full 2>/dev/full"]:
        assert run(words, redirected, tmp_path).returncode == LISTENERS[redirected], redirected


@pytest.mark.parametrize("redirected", LISTENERS)
def test_a_wrong_command_line_is_bad_input_whoever_listens(redirected, tmp_path):
    for words in (["no-such-command"], ["render", "--no-such-option"]):
        assert run(words, redirected, tmp_path).returncode == 2


def test_what_argparse_repeats_does_nothing_to_the_terminal(tmp_path):
    done = run(["doctor", "x\x1b[2J\rSaved: '/etc/passwd'"], "", tmp_path)
    assert done.returncode == 2
    assert "\x1b" not in done.stderr and "\r" not in done.stderr and "\\x1b[2J\\rSaved" in done.stderr


@pytest.mark.fault("The reader of stdout ends", "render, read by head -1")
def test_head_takes_one_line_and_the_frames_stay(place, tmp_path):
    words = ["render", place / "shot", "--engine", "testing", "--set", "pause=0.3", "--output", tmp_path / "take"]
    script = '"$@" | head -1; echo "code ${PIPESTATUS[0]}"'
    command = ["bash", "-c", script, "bash", *TESTING, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    first, code = done.stdout.splitlines()
    assert first == f"Saved: '{tmp_path / 'take' / 'frame_0001.png'}'"
    assert code == f"code {LOST}"
    assert done.stderr.splitlines()[-1].endswith("stdout takes no more: Broken pipe. What is finished is kept.")
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
    again = run([*words, "--resume"], "", tmp_path)
    assert again.returncode == 0
    assert len(list((tmp_path / "take").glob("frame_*.png"))) == 3


@pytest.mark.parametrize("content", [None, b"", b"\xff", b"[" * 100_000, b"NaN"], ids=str)
def test_schedules_from_stdin_are_refused_in_a_sentence(content):
    """None: stdin is closed."""
    shell = ["bash", "-c", '"$@" <&-' if content is None else '"$@"', "bash", *TESTING, "schedules", "-"]
    done = subprocess.run(shell, input=content or b"", capture_output=True, timeout=60)
    assert done.returncode == 2 and done.stderr.startswith(b"motion-bridge: ") and done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("redirected", ["2>/dev/full", "2>&-", ">/dev/full 2>/dev/full"])
def test_an_engine_that_fails_is_exit_code_3_though_its_traceback_is_lost(place, tmp_path, redirected):
    words = ["render", place / "shot", "--engine", "testing", "--set", "fault=raise", "--set", "at=0"]
    done = run([*words, "--output", tmp_path / "take"], redirected, tmp_path)
    assert (done.returncode, done.stderr) == (3, "")


def test_a_traceback_does_nothing_to_the_terminal(capfd):
    try:
        raise ValueError("a\x1b[2Jb\nSaved: '/etc/passwd'")
    except ValueError:
        terminal.trace()
    said = capfd.readouterr().err
    assert said.startswith("Traceback (most recent call last):\n") and "a\\x1b[2Jb" in said and "\x1b" not in said


def test_whatever_is_raised_is_a_sentence_of_some_kind():
    full = OSError(28, "No space left on device", "/a/b")
    cases = [
        (full, BadInput, "/a/b: No space left on device."),
        (OSError("nothing"), BadInput, "nothing."),
        (KeyboardInterrupt(), Cancelled, "Cancelled; what is finished is kept."),
        (MemoryError(), OutOfMemory, "Memory ran out; make the picture smaller."),
        (KeyError("x"), MotionBridgeError, "It failed: KeyError: 'x'"),
    ]
    for raised, kind, sentence in cases:
        assert type(typed(raised)) is kind and str(typed(raised)) == sentence
    own = BadInput("a sentence")
    assert typed(own) is own


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_any_command_can_be_cancelled(how):
    process = subprocess.Popen(
        [*TESTING, "schedules", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(how, signal.SIG_DFL),  # a shell's background job is born deaf to SIGINT
    )
    assert process.stderr and process.stdin
    waits = f"/proc/{process.pid}/syscall"
    if sys.platform == "linux" and os.access(waits, os.R_OK):
        until(lambda: open(waits).read().startswith("0 0x0 "), SOON, "a command that reads stdin")
    else:
        pytest.skip("nobody says when it reads")
    process.send_signal(how)
    _, errors = process.communicate(timeout=SOON)
    assert (process.returncode, errors) == (4, "motion-bridge: Cancelled; what is finished is kept.\n")
