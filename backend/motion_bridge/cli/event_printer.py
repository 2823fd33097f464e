"""What a command prints of a job, on Blender's command line and the backend's: lines, or JSON."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import terminal
from ..errors import MotionBridgeError
from ..ipc.events import Event, FrameMade, Notice, Progress, Started

Print = Callable[[str], None]  # prints one line


class EventPrinter:
    """Prints events as they come and counts the frames. With JSON every line is an object, and all are results.

    name: the command's, before what it says of itself. result: prints what farms read; note: what people read
    meanwhile; progress: how far it is.
    """

    def __init__(self, name: str, as_json: bool, result: Print, note: Print, progress: Print):
        self.frames = 0
        self._name, self._json = name, as_json
        self._result, self._note, self._progress = result, note, progress

    def event(self, event: Event) -> None:
        match event:
            case FrameMade(number=number, path=path):
                self.frames += 1
                self._print(self._result, terminal.saved(path), "saved", frame=number, path=str(path))
            case Started(total=total, missing=missing):
                self._print(self._note, f"{missing} of {total} frames to make", "started", total=total, missing=missing)
            case Progress(stage=stage, done=done, total=total):
                text = f"{stage} {done}/{total}"
                self._print(self._progress, text, "progress", stage=stage, done=done, total=total)
            case Notice(sentence=sentence):
                self.note(sentence)

    def saved(self, path: Path) -> None:
        """A file that is not a frame."""
        self._print(self._result, terminal.saved(path), "saved", path=str(path))

    def note(self, sentence: str) -> None:
        self._print(self._note, f"{self._name}: note: {sentence}", "note", message=sentence)

    def text(self, line: str, event: str, **fields: Any) -> None:
        """A result that is not a file."""
        self._print(self._result, line, event, **fields)

    def done(self, text: str) -> None:
        self._print(self._note, text, "done", saved=self.frames)

    def failed(self, fault: MotionBridgeError) -> None:
        fields = {"kind": fault.kind, "message": str(fault), "saved": self.frames}
        self._print(self._note, f"{self._name}: {fault}", "failed", **fields)

    def _print(self, line: Print, text: str, event: str, **fields: Any) -> None:
        if self._json:
            self._result(json.dumps({"event": event, **fields}))
        elif text:
            line(text)
