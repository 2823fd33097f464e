"""The OpenJD template, run by `openjd`: twenty Shots, one task killed and requeued, the same bytes as one by one."""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import many_shots
import pytest
from backend_processes import until

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "farm" / "openjd" / "motion-bridge.yaml"
SHOTS, KILLED = 20, 7
PATIENCE = 240  # seconds

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("openjd") is None or sys.platform != "linux",
    reason="openjd is not here (pip install openjd-cli), or no /proc to find the task's process in",
)


def openjd(*words, **options):
    command = [sys.executable, "-c", "import sys; from openjd.cli import main; sys.exit(main())", *map(str, words)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, **pipes, **options)


def finished(*words):
    process = openjd(*words)
    said = process.communicate(timeout=PATIENCE)[0]
    return process.returncode, said


@pytest.fixture
def program(tmp_path):
    """The command as a worker finds it."""
    path = tmp_path / "motion-bridge"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -I {ROOT / "backend"} "$@"\n')
    path.chmod(0o755)
    return path


@pytest.mark.slow
def test_twenty_shots_with_a_killed_task_are_the_same_bytes_as_one_by_one(tmp_path, program):
    folders = many_shots.write(tmp_path / "shots", SHOTS, count=6)
    shots_of_the_killed = many_shots.write(tmp_path / "longer", KILLED, count=60)  # long enough to be killed amid it
    os.rename(folders[KILLED - 1], tmp_path / "replaced")
    os.rename(shots_of_the_killed[-1], folders[KILLED - 1])
    given = [f"ShotFolder={tmp_path / 'shots'}", f"OutputFolder={tmp_path / 'takes'}", f"Program={program}"]
    job = [word for pair in given for word in ("-p", pair)]
    take = tmp_path / "takes" / f"shot_{KILLED:02d}_seed_5"

    process = openjd("run", TEMPLATE, *job, "-p", f"Shots=1-{SHOTS}", "-p", "Seeds=5")
    until(lambda: len(many_shots.frames(take)) > 2, PATIENCE, "the third frame of the task to be killed")
    for pid in processes_of(program, str(KILLED)):
        os.kill(pid, signal.SIGKILL)
    said = process.communicate(timeout=PATIENCE)[0]
    assert process.returncode != 0, said
    assert 2 < len(many_shots.frames(take)) < 60

    code, said = finished("run", TEMPLATE, *job, "-p", "Shots=1", "-p", "Seeds=5", "--step", "Takes")
    assert code == 0, said
    assert "Saved:" not in said  # that one was whole: its task has nothing to do
    code, said = finished("run", TEMPLATE, *job, "-p", f"Shots={KILLED}-{SHOTS}", "-p", "Seeds=5")
    assert code == 0, said

    for folder in folders:
        many_shots.make(folder, tmp_path / "alone" / folder.name, seed=5)
        made = many_shots.frames(tmp_path / "takes" / f"{folder.name}_seed_5")
        assert made == many_shots.frames(tmp_path / "alone" / folder.name)
        assert made


def test_a_shot_that_is_not_there_fails_its_task(tmp_path, program):
    many_shots.write(tmp_path / "shots", 1)
    given = [f"ShotFolder={tmp_path / 'shots'}", f"OutputFolder={tmp_path / 'takes'}", f"Program={program}", "Shots=2"]
    code, said = finished("run", TEMPLATE, *(word for pair in given for word in ("-p", pair)))
    assert code != 0
    assert "--only is 2, and there are 1 Shots." in said


def test_the_template_is_one_that_openjd_accepts():
    code, said = finished("check", TEMPLATE)
    assert code == 0, said


def processes_of(program, number):
    """The task's own process and its backend, which would otherwise notice and end by itself."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except (OSError, UnicodeDecodeError):
            continue
        if "batch" in words and f"--only={number}" in words and str(program) not in words:
            found.append(int(entry.name))
    assert found
    return found
