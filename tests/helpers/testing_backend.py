"""The backend with one engine more: `testing`, whose faults a Shot's settings ask for.

Run as `python -I testing_backend.py serve` it is a real backend process; nothing of this reaches the product.
"""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "backend"))

import numpy as np
from motion_bridge.cli import main
from motion_bridge.engines import base as engines
from motion_bridge.takes.frame import Frame

WRONG_INDEX = {"again": 4, "beyond": 12, "before": -1}  # frames that are not due; "again" was finished


class Testing(engines.Engine):
    """Every picture is made from the one before, so that a resumed job shows whether it went on where it was."""

    accepts = frozenset({"prompts"})
    defaults: Mapping[str, Any] = {"fault": "", "at": 5, "pause": 0.0, "sign": ""}

    def needs(self, settings):
        return frozenset()

    def frames(self, shot, finished, changes):
        settings = engines.settings(self, shot)
        picture, steps = shot.first_frame, 0
        for index in range(len(shot.frames)):
            if index in finished:
                picture, steps = finished.pixels(index), finished.notes(index)["steps"]
                continue
            for fields in changes():
                picture = np.full_like(picture, len(fields["prompts"]))
            if index == settings["at"]:
                if settings["sign"]:
                    Path(settings["sign"]).touch()
                if settings["fault"] == "stop":
                    return
                picture = self.misbehave(settings["fault"], picture)
                if settings["fault"] in WRONG_INDEX:
                    yield Frame(WRONG_INDEX[settings["fault"]], picture)
            picture, steps = np.roll(picture, 1, axis=1) ^ np.uint8(index % 256), steps + 1
            time.sleep(settings["pause"])
            yield Frame(index, picture, {"steps": steps})

    def misbehave(self, fault, picture):
        match fault:
            case "nan":
                return _Verbatim(np.full(picture.shape, np.nan, np.float32))
            case "float":
                return _Verbatim(picture.astype(np.float32))
            case "shape":
                return picture[1:]
            case "raise":
                raise RuntimeError("the flux capacitor is empty")
            case "exit":
                sys.exit(7)
            case "memory":
                raise MemoryError("40 GB wanted")
            case "print":
                print("x" * 100_000, flush=True)
                sys.stdout.buffer.write(b"MBRG" * 1000)
            case "busy":
                while True:
                    sum(range(100_000))
            case "ask":
                input("a library that asks gets no answer")
        return picture


class _Verbatim(np.ndarray):
    """An array that the engine's own arithmetic leaves alone."""

    def __new__(cls, array):
        return array.view(cls)

    def __xor__(self, other):
        return self


engine = Testing()
engines.ENGINES["testing"] = "testing"
sys.modules["motion_bridge.engines.testing"] = sys.modules[__name__]

if __name__ == "__main__":
    sys.exit(main.main())
