"""Nobody takes what a command of Blender's prints: the exit code is as documented, finished work stays."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from blender_session import names, run

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full")

LOST = 3
COMMANDS = ("render", "shot", "movie", "export", "import")


@pytest.fixture
def words(scene, painted, tmp_path: Path) -> dict[str, list[object]]:
    """For each command a line that succeeds and prints where it saved something."""
    assert run("render", "--frames", "1-2", "--output", tmp_path / "take") == 0
    assert run("export", "--format", "nerfstudio", "--frames", "1-3", "--output", tmp_path / "camera.json") == 0
    return {
        "render": ["--frames", "1-2", "--output", tmp_path / "a"],
        "shot": ["--frames", "1-2", "--output", tmp_path / "b"],
        "movie": [tmp_path / "take", "--output", tmp_path / "c.mp4"],
        "export": ["--format", "npz", "--frames", "1-3", "--output", tmp_path / "d.npz"],
        "import": [tmp_path / "camera.json", "--output", tmp_path / "e.blend"],
    }


@contextmanager
def redirected(number: int, target: int) -> Iterator[None]:
    """A standard descriptor means something else for a while; -1: it is closed."""
    kept = os.dup(number)
    if target < 0:
        os.close(number)
    else:
        os.dup2(target, number)
    try:
        yield
    finally:
        os.dup2(kept, number)
        os.close(kept)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.fault("Blender's stdout is full, or its reader is gone", "/dev/full and a closed pipe, every command")
def test_stdout_that_takes_nothing_is_exit_code_3_and_what_was_made_stays(command, words, tmp_path, capfd, injected):
    read, broken = os.pipe()
    os.close(read)
    full = os.open("/dev/full", os.O_WRONLY)
    for more, target in (([], full), (["--resume"] if command == "render" else [], broken)):
        with redirected(1, target):
            code = run(command, *words[command], *more)
        assert code == (2 if command == "shot" and target == broken else LOST)  # its folder is not empty by then
    for each in (full, broken):
        os.close(each)
    errors = capfd.readouterr().err
    assert "Traceback" not in errors
    if command == "render":
        assert run(command, *words[command], "--resume") == 0
        assert names(tmp_path / "a") == ["frame_0001.png", "frame_0002.png"]
    injected(2)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.fault("Blender's stderr is closed", "every command")
def test_a_stderr_that_is_closed_changes_nothing(command, words, tmp_path, monkeypatch):
    read, write = os.pipe()
    monkeypatch.setattr(sys, "stderr", None)  # as Python makes it at its start
    with redirected(2, -1), redirected(1, write):
        code = run(command, *words[command])
    os.close(write)
    with os.fdopen(read, "rb") as said:
        lines = said.read().decode().splitlines()
    assert code == 0
    assert [line for line in lines if line.startswith("Saved: '")], lines


def test_a_file_that_has_a_closed_streams_number_is_not_written_to(words, tmp_path, monkeypatch):
    """Blender opens files before our command runs; one of them gets the number of a stream that is closed."""
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(sys, "stdout", None)
    files = [os.open(tmp_path / name, os.O_RDWR | os.O_CREAT) for name in ("one", "two")]
    with redirected(1, files[0]), redirected(2, files[1]):
        code = run("render", *words["render"])
    assert code == 0
    assert [os.fstat(file).st_size for file in files] == [0, 0]
    for file in files:
        os.close(file)
    assert names(tmp_path / "a") == ["frame_0001.png", "frame_0002.png"]


def test_what_nobody_foresaw_is_told_in_a_sentence_and_traced(words, monkeypatch, capfd):
    from bl_ext.user_default.motion_bridge.addon.cli import command

    monkeypatch.setattr(command, "write_shot", lambda *_: list[int]()[1])
    assert run("shot", *words["shot"]) == LOST
    said = capfd.readouterr()
    assert "motion_bridge: It failed: IndexError: list index out of range" in said.out
    assert "Traceback" in said.err
