"""Kills Blender and its backend at random moments of one long job, and lets the job go on each time."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blender_program import Blender, alive, descendants

FRAMES = 200
VICTIMS = ("backend", "Blender", "both")
MOMENTS = ("reading", "generating")
PATIENCE = 120  # seconds for Blender to start, on a busy machine
END_PATIENCE = 30  # seconds in which everything must be gone; what is promised is one


@dataclass(frozen=True)
class Kill:
    """What was killed, and when."""

    victim: str
    moment: str


class Attack:
    """One take's folder, and the kills on its way to being finished."""

    def __init__(self, blender: Blender, scene_file: Path, picture: Path, folder: Path, chance: random.Random):
        self.folder = folder
        self._blender, self._scene, self._picture, self._chance = blender, scene_file, picture, chance

    def kill(self, kill: Kill) -> bool:
        """Start the job, or go on with it, and kill; whether there was still something to kill at that moment."""
        process = self._start()
        try:
            struck = self._strike(process, kill)
            output = self._end(process)
        finally:
            process.kill()
        assert "Traceback" not in output, output
        assert "in use by" not in output, output
        if struck and kill.victim == "backend":
            assert process.returncode == 3, output
        return struck

    def finish(self) -> None:
        """Let the job go on to its end."""
        process = self._start()
        output, _ = process.communicate(timeout=4 * PATIENCE)
        assert process.returncode == 0, output

    def _start(self) -> subprocess.Popen[str]:
        begun = (self.folder / "shot" / "shot.json").is_file()
        options = ["--resume"] if begun else ["--frames", f"1-{FRAMES}", "--first-frame", self._picture]
        command = ("-c", "motion_bridge", "render", "--output", self.folder, "--engine", "reproject")
        return self._blender.start("-b", self._scene, *command, *options)

    def _strike(self, process: subprocess.Popen[str], kill: Kill) -> bool:
        before = self._made()
        wait = self._chance.random()
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None:
            assert time.monotonic() < deadline, "Blender does not come to the moment at which it is to be killed"
            blender, backend = roles(process.pid)
            if kill.moment == "reading":
                due = backend and (self.folder / "shot").is_dir() and not self._made()
                pause = 0.3 * wait
            else:
                due, pause = backend and self._made() > before, 0.8 * wait
            if due:
                time.sleep(pause)  # what is tested: a moment that nobody chose
                struck = {"backend": backend, "Blender": blender, "both": blender + backend}[kill.victim]
                return sum(map(_kill, struck)) > 0
            time.sleep(0.005)
        return False

    def _end(self, process: subprocess.Popen[str]) -> str:
        """What was printed; afterwards no process of the job may be left."""
        family = [process.pid, *descendants(process.pid)]
        output, _ = process.communicate(timeout=PATIENCE)
        deadline = time.monotonic() + END_PATIENCE
        while left := [pid for pid in family if alive(pid)]:
            assert time.monotonic() < deadline, f"processes {left} are left running"
            time.sleep(0.01)
        return output

    def _made(self) -> int:
        return sum(name.endswith(".png") for name in os.listdir(self.folder)) if self.folder.is_dir() else 0


def kills(count: int, seed: int) -> Iterator[Kill]:
    """Every victim at every moment, in turn, in an order of chance."""
    chance, every = random.Random(seed), [Kill(victim, moment) for victim in VICTIMS for moment in MOMENTS]
    for at in range(count):
        if at % len(every) == 0:
            chance.shuffle(every)
        yield every[at % len(every)]


def roles(pid: int) -> tuple[list[int], list[int]]:
    """The processes of Blender and of its backend among a process and its descendants."""
    family = [pid, *descendants(pid)]
    backend = [each for each in family if b"serve" in _command(each)]
    blender = [
        each for each in family if each not in backend and Path(os.fsdecode(_command(each)[0])).name == "blender"
    ]
    return blender, backend


def _command(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return [b""]


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
