"""One take on its way from a scene to its frames.

All the work is in `tick`, which never blocks: a timer calls it in a window, a plain loop without one.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ...backend.motion_bridge.errors import BackendFailed, Cancelled, MotionBridgeError
from ...backend.motion_bridge.ipc.client import Client
from ...backend.motion_bridge.ipc.events import (
    Done,
    Event,
    Failed,
    FrameMade,
    Notice,
    Progress,
    Responsive,
    Started,
    Unresponsive,
)
from ..scene.first_frame import Pixels
from ..scene.key_picture import RenderOptions
from ..scene.snapshot import Snapshot
from ..take import Take
from .shot_writer import ShotWriter

END_PATIENCE = 3.0  # seconds that a backend has to be gone after it was told to end


class State(Enum):
    """Where a job is; its value is what people read."""

    READING = "Reading the scene"
    RENDERING = "Rendering key pictures"
    GENERATING = "Generating"
    DONE = "Done"
    CANCELLED = "Cancelled"
    FAILED = "Failed"

    @property
    def running(self) -> bool:
        return self.prepares or self is State.GENERATING

    @property
    def prepares(self) -> bool:
        """Whether the Shot is not whole yet."""
        return self in (State.READING, State.RENDERING)


@dataclass(frozen=True)
class PictureRequest:
    """How the key pictures of a job are rendered."""

    scene: str  # names
    layer: str
    options: RenderOptions


class Job:
    """A take being made; it needs nothing from Blender once it has begun.

    snapshot: what to read, or None where the take's Shot stands already.
    """

    def __init__(
        self,
        take: Take,
        engine: str,
        command: Sequence[str],
        snapshot: Snapshot | None,
        resume: bool,
        live: int = 0,
    ):
        """live: the most frames of a session that begins with the Shot's first; 0: the Shot's own frames."""
        self.take = take
        self.engine, self.live = engine, live  # live: the most frames of a session; 0 where it is none
        self.state = State.READING
        self.error: MotionBridgeError | None = None
        self.total, self.finished = 0, 0  # frames; total is 0 until the backend has counted them
        self.stage = ""  # what the backend is doing when it is not making frames
        self.silent = ""  # that it does not respond, as a sentence; empty while it does
        self._frames_read = 0  # as they were told last
        self._resume = resume
        self._pace = Pace()
        self.cancelling = False
        self.notes: list[str] = []  # what the artist should know of the shot
        self._number: int | None = None  # of the job at the backend
        self._client = Client(command)
        self._to_say = snapshot.notes if snapshot else []
        self._reading = ShotWriter(snapshot, take.shot, take.held()) if snapshot is not None else None
        self.picture_request = (
            PictureRequest(snapshot.scene, snapshot.layer, snapshot.request.options) if snapshot is not None else None
        )

    def tick(self) -> list[Event]:
        """Go on as far as possible without waiting; what the backend has told since the last call."""
        events: list[Event] = self._follow_reading() if self.state.prepares else []
        events += self._client.poll() if self.state.running else []
        for event in events:
            self._follow(event)
        return events

    @property
    def wanted_picture(self) -> int | None:
        """The frame that somebody has to render now, with `picture_request`, and give to `give_picture`."""
        return self._reading.wanted if self._reading and not self.cancelling else None

    def pack_pictures(self) -> None:
        """Have pictures packed for a GPU as they arrive, in the thread that reads them."""
        self._client.packs = True

    def give_picture(self, frame: int, pixels: Pixels) -> None:
        """The scene's own render of a frame."""
        assert self._reading
        self._reading.give(frame, pixels)

    def fail(self, fault: MotionBridgeError) -> None:
        """End because a key picture cannot be rendered."""
        if self.state.running:
            self._end(fault)

    def change(self, fields: Mapping[str, Any]) -> bool:
        """Tell the engine of a change; whether it can be told by now. BadInput when it is too much for a message."""
        if self._number is None or self.state is not State.GENERATING:
            return False
        self._client.change(self._number, fields)
        return True

    def cancel(self) -> None:
        """Stop within a second; finished frames stay."""
        if not self.state.running or self.cancelling:
            return
        self.cancelling = True
        if self._reading:
            self._reading.cancel()
        if self._number is not None:
            self._client.cancel(self._number)

    def close(self) -> None:
        """Wait until neither thread nor process is left, whatever the state."""
        self.cancel()
        self._client.close()
        if self._reading:
            self._reading.join()
        self._client.join(END_PATIENCE)

    @property
    def backend_pid(self) -> int:
        """The backend's process."""
        return self._client.pid

    @property
    def progress(self) -> float:
        """How much is done, 0 to 1, of the present state."""
        done, total = self.counted
        return done / max(total, 1)

    @property
    def seconds_left(self) -> float | None:
        """An estimate from the pace so far; None while there is nothing to judge by."""
        left = self.total - self.finished
        return self._pace.seconds(left, time.monotonic()) if self.state is State.GENERATING else None

    @property
    def counted(self) -> tuple[int, int]:
        """Frames done and in all, of the present state; in all is 0 while they are not counted yet."""
        if self.state.prepares and self._reading:
            return self._reading.done, self._reading.total
        return self.finished, self.total

    @property
    def kept(self) -> str:
        """What is on disk, for the sentence about an end that came early."""
        if not self.total:
            return "no frame made yet"
        return f"{self.finished} of {self.total} frames saved in {self.take.folder}"

    def _follow_reading(self) -> list[Event]:
        if self._reading and self._reading.running:
            return self._reading_progress()
        if self._reading and self._reading.fault:
            self._end(self._reading.fault)
        elif self.cancelling:
            self._end(Cancelled("Cancelled"))
        else:
            self.state = State.GENERATING
            self._number = self._client.render(
                self.take.shot, self.take.folder, self.engine, self._resume, live=self.live
            )
            return [Notice(sentence, self._number) for sentence in self._to_say]
        return []

    def _reading_progress(self) -> list[Event]:
        """What there is to say of the reading since the last call."""
        if self.state is State.READING and self.wanted_picture is not None:
            assert self._reading
            self.state, self._frames_read = State.RENDERING, -1
            return [Notice(self._reading.sentence, 0)]
        done, total = self.counted
        if done == self._frames_read:
            return []
        self._frames_read = done
        return [Progress(0, self.state.value, done, total)]

    def _follow(self, event: Event) -> None:
        match event:
            case FrameMade():
                self.finished += 1
                self._pace.count(time.monotonic())
            case Started(total=total, missing=missing):
                self.total, self.finished = total, total - missing
            case Progress(stage=stage, done=done, total=total) if self.state is State.GENERATING:
                self.stage = stage if total in (0, self.total) else f"{stage} {done} of {total}"
            case Unresponsive(seconds=seconds):
                self.silent = f"The backend is not responding ({seconds:.0f} s)"
            case Notice(sentence=sentence):
                self.notes.append(sentence)
            case Responsive():
                self.silent = ""
            case Done():
                self._end(None)
            case Failed(error=error):
                self._end(error)

    def _end(self, fault: MotionBridgeError | None) -> None:
        match fault:
            case None:
                self.state = State.DONE
            case Cancelled():
                self.state, self.error = State.CANCELLED, Cancelled(f"Cancelled, {self.kept}.")
            case BackendFailed():
                sentence = f"{fault} Interrupted, {self.kept}. Resume makes the rest."
                self.state, self.error = State.FAILED, BackendFailed(sentence)
            case _:
                self.state, self.error = State.FAILED, fault
        if self._reading:
            self._reading.cancel()
        self._client.close()


class Pace:
    """How long a frame takes, judged from the frames since the first: the first also pays for loading."""

    def __init__(self) -> None:
        self._frames = 0
        self._first = self._last = 0.0

    def count(self, moment: float) -> None:
        """One more frame is there; moment: when, in seconds of any clock that does not go back."""
        self._last = moment
        self._first = self._first if self._frames else moment
        self._frames += 1

    def seconds(self, frames: int, now: float = 0.0) -> float | None:
        """The time that more frames will take. now: by the same clock, for engines that make frames in bursts."""
        spent = max(self._last, now) - self._first
        return frames * spent / (self._frames - 1) if self._frames > 1 else None
