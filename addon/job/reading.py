"""The slow half of reading a scene, in a thread of its own: arithmetic and files, never bpy."""

import shutil
import threading
from pathlib import Path

from ...backend.motion_bridge import lock
from ...backend.motion_bridge.errors import MotionBridgeError
from ..scene.read import Snapshot, complete


class Reading:
    """A Shot being written; look at `running`, then at `fault`."""

    def __init__(self, snapshot: Snapshot, folder: Path):
        self.done, self.total = 0, 0  # frames
        self.fault: MotionBridgeError | None = None
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(snapshot, folder), name="motion-bridge-reading")
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def cancel(self) -> None:
        self._cancelled.set()

    def join(self) -> None:
        self._thread.join()

    def _run(self, snapshot: Snapshot, folder: Path) -> None:
        try:
            self._write(snapshot, folder)
        except MotionBridgeError as fault:
            self.fault = fault
        except OSError as fault:
            self.fault = MotionBridgeError(f"The Shot could not be written to {folder}: {fault.strerror}.")
        except Exception as fault:  # a thread's last chance: whatever it is, the person must see it
            self.fault = MotionBridgeError(f"Reading the scene failed: {type(fault).__name__}: {fault}.")

    def _write(self, snapshot: Snapshot, folder: Path) -> None:
        """Write the Shot while nobody else writes frames or a Shot beside it; leave nothing if that fails."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        with lock.held(folder.parent):
            try:
                complete(snapshot, folder, self._progress, self._cancelled.is_set)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise

    def _progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total
