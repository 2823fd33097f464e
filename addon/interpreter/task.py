"""A long command of the backend's: an install, a download. It runs in a process of its own and says how far it is."""

import subprocess
import threading
from collections.abc import Mapping, Sequence

from ...backend.motion_bridge import launch
from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.files import json_text

PATIENCE = 5.0  # seconds that a cancelled process has to end by itself


class Task:
    """Started when it is made; look at `running`, then at `fault` and `message`. OSError when it cannot start."""

    def __init__(self, title: str, command: Sequence[str], variables: Mapping[str, str]):
        """variables: of the environment; what is secret goes there, never into the command."""
        self.title = title
        self.stage = ""
        self.done, self.total = 0, 0  # bytes
        self.message = ""  # the last thing that it said
        self.cancelled = False
        self._code: int | None = None
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self._process = launch.start(command, variables, **pipes)
        self._thread = threading.Thread(target=self._read, name="motion-bridge-task", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def fault(self) -> str:
        """Why it failed, as a sentence; empty while it runs, and where it did not."""
        if self.running or self.cancelled or not self._code:
            return ""
        return self.message or f"{self.title}: the process {launch.how_it_ended(self._code)}."

    @property
    def progress(self) -> float:
        return min(self.done / self.total, 1.0) if self.total else 0.0

    def text(self) -> str:
        """How far it is, as people read it."""
        stage = self.stage or self.title
        return f"{stage}  {self.done / 1e9:.1f} of {self.total / 1e9:.1f} GB" if self.total else stage

    def cancel(self) -> None:
        """End it; what has arrived stays."""
        self.cancelled = True
        self._process.terminate()

    def close(self) -> None:
        """End it and wait until it has ended."""
        if self.running:
            self.cancel()
            self._thread.join(PATIENCE)
            self._process.kill()
            self._thread.join()

    def _read(self) -> None:
        assert self._process.stdout
        with self._process:
            for line in self._process.stdout:
                self._take(line.decode("utf-8", errors="replace").strip())
        self._code = self._process.returncode

    def _take(self, line: str) -> None:
        try:
            event = json_text.parse(line, "a line") if line.startswith("{") else {"message": line}
        except BadInput:
            event = {"message": line}
        if event.get("event") == "progress":
            self.done, self.total = int(event.get("done", 0)), int(event.get("total", 0))
            self.stage = str(event.get("stage", self.stage))
        elif event.get("message"):
            self.message = str(event["message"]).removeprefix("motion-bridge: ")
