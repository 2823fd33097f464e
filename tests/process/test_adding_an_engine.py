"""A fifteen-line engine is a folder beside the others; the backend and its command line find it there."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from backend_processes import BACKEND, events_until
from motion_bridge.ipc.client import Done, FrameMade
from motion_bridge.ipc.events import Notice
from motion_bridge.media import png
from small_engine import ENGINE, ENGINE_FILE


@pytest.fixture(scope="module")
def backend(tmp_path_factory):
    """A copy of the backend, without its models, to which the engine's folder was added."""
    root = tmp_path_factory.mktemp("added")
    shutil.copytree(BACKEND / "motion_bridge", root / "backend/motion_bridge", ignore=shutil.ignore_patterns("weights"))
    shutil.copy(BACKEND / "__main__.py", root / "backend/__main__.py")
    (root / ENGINE_FILE).parent.mkdir()
    (root / ENGINE_FILE).write_text(ENGINE)
    assert sum(bool(line) for line in ENGINE.splitlines()) <= 15
    return [sys.executable, "-I", "-B", str(root / "backend")]


def run(backend, *words):
    return subprocess.run([*backend, *map(str, words)], capture_output=True, text=True, timeout=60)


def test_the_command_line_renders_with_it_and_its_notice_comes_before_its_first_frame(backend, shot_folder, tmp_path):
    options = ("--engine", "gray", "--set", "level=9", "--json")
    done = run(backend, "render", shot_folder(count=3), "--output", tmp_path / "take", *options)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    kinds = [event["event"] for event in events if event["event"] != "progress"]
    assert kinds == ["started", "note", "saved", "saved", "saved", "done"]
    assert {"event": "note", "message": "Every frame is 9."} in events
    assert "Every frame" not in done.stderr, "it is said a second time"
    assert np.all(png.read(tmp_path / "take/frame_0003.png") == 9)


@pytest.mark.slow
def test_its_settings_can_come_from_a_file_and_wrong_ones_are_refused_by_name(backend, shot_folder, tmp_path):
    (tmp_path / "mine.json").write_text('{"level": 7}')
    shot = shot_folder(count=1)
    words = ("render", shot, "--engine", "gray", "--output")
    assert run(backend, *words, tmp_path / "file", "--settings", tmp_path / "mine.json").returncode == 0
    assert np.all(png.read(tmp_path / "file/frame_0001.png") == 7)
    wrong = run(backend, *words, tmp_path / "wrong", "--set", "levle=7")
    assert wrong.returncode == 2 and "did you mean 'level'?" in wrong.stderr
    preset = run(backend, *words, tmp_path / "preset", "--preset", "smooth")
    assert preset.returncode == 2 and "Engine gray has no presets" in preset.stderr


def test_the_backend_process_runs_it_and_tells_its_notice_first(backend, start, shot_folder, tmp_path):
    client = start([*backend, "serve"])
    client.render(shot_folder(count=2), tmp_path / "take", "gray", resume=False)
    told = [event for event in events_until(client, Done) if isinstance(event, Notice | FrameMade)]
    assert told[0] == Notice("Every frame is 128.", 1)
    assert [event.number for event in told if isinstance(event, FrameMade)] == [1, 2]


def test_the_doctor_knows_it(backend):
    assert "Engine gray: ready" in run(backend, "doctor").stdout
