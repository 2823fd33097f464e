"""How well a video follows a take's Shot, as `motion-bridge judge` of the backend's Python says."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...backend.motion_bridge import launch
from ...backend.motion_bridge.errors import BackendFailed, BadInput, MotionBridgeError
from ...backend.motion_bridge.files import json_text
from ..interpreter import command as backend
from ..take import Take

LOOK = 0.2  # seconds between two looks at whether it was cancelled
HEAT, PLOT = "error.png", "error.svg"  # beside the take's folder, after its name


class Judgement:
    """A Task for a Worker. video: a movie or folder of pictures; the take's own frames where it is None."""

    def __init__(self, take: Take, video: Path | None = None):
        """BadInput where the take has no Shot, or the preferences name no Python."""
        if not (take.shot / "shot.json").is_file():
            raise BadInput(f"{take.folder} has no Shot; render a take first.")
        if video is None and not take.frames():
            raise BadInput(f"{take.folder} has no frames yet.")
        self.take = take
        self.heat, self.plot = (take.folder.with_name(f"{take.name}_{name}") for name in (HEAT, PLOT))
        asked = [take.shot, video or take.folder, "--json", "--heat", self.heat, "--plot", self.plot]
        self._command = [*backend.command()[:-1], "judge", *map(str, asked)]
        self._said: dict[str, Any] = {}

    def work(self, progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> None:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        try:
            with launch.start(self._command, **pipes) as process:
                said, complained = _until_end(process, cancelled)
        except OSError as fault:
            raise BackendFailed(
                f"The backend's Python does not start: {fault}. Choose another in the preferences."
            ) from None
        if cancelled():
            raise MotionBridgeError("The comparison was cancelled.")
        if process.returncode:
            lines = complained.decode(errors="replace").strip().splitlines() or ["It did not say why."]
            raise MotionBridgeError(lines[-1].removeprefix("motion-bridge: "))
        found = json_text.parse(said, "What the backend says of the video")
        self._said = found if isinstance(found, dict) else {}

    def finish(self) -> tuple[tuple[Path, ...], tuple[str, ...]]:
        """The pictures of the error, and what was found in sentences."""
        return (self.heat, self.plot), sentences(self._said)

    def close(self) -> None:
        pass


def sentences(found: dict[str, Any]) -> tuple[str, ...]:
    """The result of `judge --json` as people read it."""
    error, still, poses = found["error"], found["still"], found["poses"]
    off = f"Points are {error['mean']:.2f} px off in the mean ({error['close']:.0%} within 2 px of 832)"
    said = [f"{off}; no motion at all would be {still['mean']:.2f} px off."]
    if poses:
        degrees, units = poses["degrees"], poses["units"]
        travel = poses["travel"]
        went = "" if travel is None else f"; it went {travel:.0%} of the way"
        turned, away = sum(degrees) / len(degrees), sum(units) / len(units)
        said.append(f"The camera is {turned:.2f}° and {away:.3g} units off in the mean{went}.")
    else:
        said.append("Too few still points were followed to find the camera.")
    worst = sorted(found["by_object"].items(), key=lambda item: -item[1])[:3]
    if len(found["by_object"]) > 1:
        said.append("Farthest off: " + ", ".join(f"{name} {value:.2f} px" for name, value in worst) + ".")
    return (*said, *found["notices"])


def _until_end(process: "subprocess.Popen[bytes]", cancelled: Callable[[], bool]) -> tuple[bytes, bytes]:
    while True:
        try:
            return process.communicate(timeout=LOOK)
        except subprocess.TimeoutExpired:
            if cancelled():
                process.kill()
        except BaseException:
            process.kill()
            raise
