"""The real Blender program, driven from outside as a person or a farm does it.

BLENDER names the program; it may be a command with arguments. Its user folder is a clean one for each test file.
"""

import os
import shlex
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PATIENCE = 240  # seconds; a software-drawn Blender on a busy machine is slow


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


@pytest.fixture(scope="session")
def user_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("user")


@pytest.fixture(scope="session")
def bare(user_folder: Path) -> Blender:
    """The program before the extension is installed."""
    return Blender(of_environment("BLENDER"), user_folder)


@pytest.fixture(scope="session")
def extension_zip(bare: Blender, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension, built by Blender's own tool."""
    folder = tmp_path_factory.mktemp("built")
    succeed(bare.run("--command", "extension", "build", "--source-dir", ROOT, "--output-dir", folder))
    (built,) = folder.glob("*.zip")
    return built


@pytest.fixture(scope="session")
def blender(bare: Blender, extension_zip: Path) -> Blender:
    """The program with the extension installed and enabled by Blender's own installer."""
    succeed(bare.run("--command", "extension", "install-file", "-r", "user_default", "-e", extension_zip))
    return bare


@pytest.fixture(scope="session")
def scene_file(bare: Blender, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small scene with a moving camera and a moving box: 128×72, frames 1–12."""
    path = tmp_path_factory.mktemp("scene") / "small.blend"
    succeed(bare.run("-b", "--factory-startup", "--python-exit-code", "1", "-P", HERE / "small_scene.py", "--", path))
    return path


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
