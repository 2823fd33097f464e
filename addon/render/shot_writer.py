"""The slow half of reading a scene, in a thread of its own: arithmetic and files, never bpy."""

import shutil
import threading
from contextlib import AbstractContextManager
from pathlib import Path

from ...backend.motion_bridge.errors import BadInput, MotionBridgeError
from ..scene.snapshot import Snapshot, complete


class Reading:
    """A Shot being written; look at `running`, then at `fault`.

    guard: held while the Shot is written. A folder that did not exist is taken away again when that fails.
    """

    def __init__(self, snapshot: Snapshot, folder: Path, guard: AbstractContextManager[None]):
        self.done, self.total = 0, 0  # frames
        self.fault: MotionBridgeError | None = None
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(snapshot, folder, guard), name="motion-bridge-reading")
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def cancel(self) -> None:
        self._cancelled.set()

    def join(self) -> None:
        self._thread.join()

    def _run(self, snapshot: Snapshot, folder: Path, guard: AbstractContextManager[None]) -> None:
        try:
            with guard:
                self._write(snapshot, folder)
        except MotionBridgeError as fault:
            self.fault = fault
        except OSError as fault:
            self.fault = BadInput(
                f"The Shot could not be written to {folder}: {fault.strerror}. Choose another folder or make room."
            )
        except Exception as fault:  # a thread's last chance: whatever it is, the person must see it
            self.fault = MotionBridgeError(f"Reading the scene failed: {type(fault).__name__}: {fault}.")

    def _write(self, snapshot: Snapshot, folder: Path) -> None:
        is_new = not folder.exists()
        try:
            complete(snapshot, folder, self._progress, self._cancelled.is_set)
        except BaseException:
            if is_new:
                shutil.rmtree(folder, ignore_errors=True)
            raise

    def _progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total
