"""What becomes of a job, as both ends and the command line see it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MotionBridgeError, ProtocolError, of_kind
from .protocol import Message

LONGEST_SENTENCE = 8000  # characters of an error that cross the pipe; its header has room for no more


@dataclass(frozen=True)
class Started:
    """The job has been looked at and found good."""

    job: int
    total: int  # frames of the Shot
    missing: int  # of these, the ones that are still to be made


@dataclass(frozen=True)
class Progress:
    """What is being done, in a word that people read."""

    job: int
    stage: str
    done: int
    total: int


@dataclass(frozen=True)
class FrameMade:
    """A frame is finished and on disk."""

    job: int
    index: int  # position in the Shot, from 0
    number: int  # of the frame in the scene
    path: Path
    pixels: NDArray[np.uint8]  # (H, W, 3) sRGB, top row first; read-only
    packed: NDArray[np.float32] | None = None  # the same for a GPU, as media/texture.py; where the host asked for it
    live: Mapping[str, Any] = field(default_factory=dict)  # of a session: the moment that it shows
    arrived: float = 0.0  # time.monotonic, at the host


@dataclass(frozen=True)
class Preview:
    """What a model has in hand: no frame yet, of any size, and of no use once the next one comes."""

    pixels: NDArray[np.uint8]  # (H, W, 3) sRGB, top row first
    job: int = 0  # an engine leaves it to whoever runs it
    packed: NDArray[np.float32] | None = None  # as a frame's


@dataclass(frozen=True)
class Notice:
    """Something that people should know of the job: what was fitted, left out, or done later than it was asked for."""

    sentence: str
    job: int = 0  # an engine leaves it to whoever runs it


@dataclass(frozen=True)
class Done:
    """All frames are finished."""

    job: int


@dataclass(frozen=True)
class Failed:
    """The job ended early; finished frames stay. A cancelled job ends so too, with errors.Cancelled."""

    job: int
    error: MotionBridgeError


@dataclass(frozen=True)
class Unresponsive:
    """The backend is not responding; it may again, or the host stops it."""

    job: int
    seconds: float


@dataclass(frozen=True)
class Responsive:
    """A backend that was silent responds again."""

    job: int


Event = Started | Progress | FrameMade | Preview | Notice | Done | Failed | Unresponsive | Responsive


def to_message(event: Event) -> tuple[str, int, dict[str, Any], bytes]:
    """An event of the backend's as the kind, job, fields and payload of a message."""
    match event:
        case Started(job, total, missing):
            return "started", job, {"total": total, "missing": missing}, b""
        case Progress(job, stage, done, total):
            return "progress", job, {"stage": stage, "done": done, "total": total}, b""
        case FrameMade(job, index, number, path, pixels, _, live):
            height, width, channels = pixels.shape
            size = {"width": width, "height": height, "channels": channels}
            if live:
                size["live"] = live
            return "frame", job, {"index": index, "number": number, "path": str(path), **size}, pixels.tobytes()
        case Preview(pixels, job, _):
            height, width, channels = pixels.shape
            return "preview", job, {"width": width, "height": height, "channels": channels}, pixels.tobytes()
        case Notice(sentence, job):
            return "said", job, {"message": sentence[:LONGEST_SENTENCE]}, b""
        case Done(job):
            return "done", job, {}, b""
        case Failed(job, error):
            return "failed", job, {"error": error.kind, "message": str(error)[:LONGEST_SENTENCE]}, b""
    raise TypeError(f"{event!r} is the host's own and does not cross the pipe")


def of_message(message: Message) -> Event:
    """The event that a message from the backend stands for; ProtocolError when it stands for none."""
    job, fields = message.job, message.fields
    match message.kind:
        case "started":
            return Started(job, fields["total"], fields["missing"])
        case "progress":
            return Progress(job, fields["stage"], fields["done"], fields["total"])
        case "frame":
            shape = fields["height"], fields["width"], fields["channels"]
            pixels = np.frombuffer(message.payload, np.uint8).reshape(shape)
            live = fields.get("live")
            live = live if isinstance(live, dict) else {}
            place = Path(fields["path"])
            arrived = time.monotonic()
            return FrameMade(job, fields["index"], fields["number"], place, pixels, live=live, arrived=arrived)
        case "preview":
            shape = fields["height"], fields["width"], fields["channels"]
            return Preview(np.frombuffer(message.payload, np.uint8).reshape(shape), job)
        case "said":
            return Notice(fields["message"], job)
        case "done":
            return Done(job)
        case "failed":
            return Failed(job, of_kind(fields["error"], fields["message"]))
    raise ProtocolError(f"The backend sent a {message.kind} message, which only the host may send.")
