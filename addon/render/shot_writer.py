"""The slow half of reading a scene, in a thread of its own: arithmetic and files, never bpy."""

import shutil
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from ...backend.motion_bridge import terminal
from ...backend.motion_bridge.errors import BadInput, Cancelled, MotionBridgeError, release_frames
from ...backend.motion_bridge.files.reserve import FULL, no_room
from ..scene.first_frame import Pixels
from ..scene.snapshot import Snapshot, complete

PULSE = 0.05  # seconds between two looks for a render


class ShotWriter:
    """A Shot being written; look at `running`, then at `fault`.

    guard: held while the Shot is written. The folder holds no whole Shot yet; when writing fails it is left empty, or
    gone where it was not there before.
    """

    def __init__(self, snapshot: Snapshot, folder: Path, guard: AbstractContextManager[None]):
        self.done, self.total = 0, 0  # frames
        self.fault: MotionBridgeError | None = None
        self._cancelled = threading.Event()
        self._rendered: dict[int, Pixels] = {}
        self.to_render: tuple[int, ...] = ()  # frame numbers of key pictures, once they are chosen
        self.sentence = ""  # what is to be said of them before they are rendered
        self._thread = threading.Thread(target=self._run, args=(snapshot, folder, guard), name="motion-bridge-reading")
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def wanted(self) -> int | None:
        """The frame whose render is waited for, if there is one."""
        return next((frame for frame in self.to_render if frame not in self._rendered), None)

    def give(self, frame: int, pixels: Pixels) -> None:
        """The render of a frame."""
        self._rendered[frame] = pixels
        self.done, self.total = len(self._rendered), len(self.to_render)

    def cancel(self) -> None:
        self._cancelled.set()

    def join(self) -> None:
        self._thread.join()

    def _run(self, snapshot: Snapshot, folder: Path, guard: AbstractContextManager[None]) -> None:
        try:
            with guard:
                self._write(snapshot, folder)
        except MotionBridgeError as fault:
            self.fault = fault.with_traceback(None)  # its sentence is all that is needed, the snapshot is not
        except OSError as fault:
            why = no_room(folder) if fault.errno in FULL else f"{folder} cannot be written: {fault.strerror or fault}."
            self.fault = BadInput(why)
        except Exception as fault:  # a thread's last chance: whatever it is, the person must see it
            terminal.trace()
            self.fault = MotionBridgeError(f"Reading the scene failed: {type(fault).__name__}: {fault}.")

    def _write(self, snapshot: Snapshot, folder: Path) -> None:
        was_there = folder.is_dir()
        fault = self._fault_of(snapshot, folder)
        if fault is None:
            return
        shutil.rmtree(folder, ignore_errors=True)
        if was_there:
            folder.mkdir(exist_ok=True)
        raise fault

    def _fault_of(self, snapshot: Snapshot, folder: Path) -> BaseException | None:
        """What went wrong, with none of the arrays that it came through: their files are to be deleted."""
        try:
            complete(snapshot, folder, self._progress, self._cancelled.is_set, self._wait_for)
        except BaseException as fault:
            release_frames(fault)
            return fault
        return None

    def _wait_for(self, frames: tuple[int, ...], sentence: str) -> Mapping[int, Pixels]:
        """Wait until all of the frames were given. Raises Cancelled."""
        self.done, self.total = 0, len(frames)
        self.sentence, self.to_render = sentence, frames
        while self.wanted is not None:
            if self._cancelled.wait(PULSE):
                raise Cancelled("Stopped while key pictures were rendered.")
        return self._rendered

    def _progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total
