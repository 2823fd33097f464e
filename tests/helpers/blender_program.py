"""The Blender program, started from outside as a person or a farm does it, and what it printed and left."""

import os
import shlex
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "real"  # the scripts that Blender is told to run
PATIENCE = 480  # seconds; a software-drawn Blender on a busy machine is slow
REDRAWS = 4  # that may pass between two looks: the panel, the picture, the Sequencer, and other programs' share


@dataclass(frozen=True)
class Blender:
    """A Blender program with a user folder of its own."""

    command: tuple[str, ...]
    user_folder: Path

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start it with these arguments; what it prints is read from its stdout."""
        return subprocess.Popen(
            [*self.command, *map(str, arguments)],
            env={**os.environ, "BLENDER_USER_RESOURCES": str(self.user_folder), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def run(self, *arguments: str | Path) -> tuple[int, str]:
        """Run it to its end: the exit code and what it printed."""
        with self.start(*arguments) as process:
            try:
                output, _ = process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # a wrapper's children too: screen, window manager, Blender
                output, _ = process.communicate()
                pytest.fail(f"{self.command[0]} did not end within {PATIENCE} s:\n{output[-4000:]}")
        return process.returncode, output


def of_environment(name: str) -> tuple[str, ...]:
    """The command that an environment variable names; the test is skipped when it names none."""
    command = shlex.split(os.environ.get(name, ""))
    if not command:
        pytest.skip(f"{name} names no Blender program")
    return tuple(command)


def succeed(result: tuple[int, str]) -> str:
    """What a run printed, which must have ended well."""
    code, output = result
    assert code == 0, f"exit code {code}:\n{output}"
    return output


def run_script(blender: Blender, file: Path, script: Path, *arguments: str | Path) -> str:
    """What a Python script printed inside Blender, which must have ended well."""
    return succeed(blender.run("-b", file, "--python-exit-code", "1", "-P", script, "--", *arguments))


def saved(output: str) -> list[str]:
    """The file names of the `Saved:` lines, in order."""
    lines = (line.strip() for line in output.splitlines())
    return [Path(line.removeprefix("Saved: '").removesuffix("'")).name for line in lines if line.startswith("Saved: '")]


def contents(folder: Path) -> dict[str, bytes]:
    """The frames of a take."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("frame_*"))}


def descendants(pid: int) -> list[int]:
    parents = {int(path.name): parent_of(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
    found = [pid]
    for known in found:  # grows while it is walked
        found += [child for child, parent in parents.items() if parent == known]
    return found[1:]


def parent_of(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z" and os.path.exists(f"/proc/{pid}")
