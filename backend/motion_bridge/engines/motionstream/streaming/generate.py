"""One job: a Shot's frames, streamed.

A stream cannot be taken up in the middle: what a chunk looks back at is the product of all before it. So a resumed job
lives through the finished frames again, from the same noise and the same changes, which stand in the frames' notes, and
yields only what is missing. That costs the time they took and is exact to the byte, with nothing kept beside them.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import torch

from ....errors import BackendFailed, BadInput, OutOfMemory
from ....geometry.live_motion import Moment
from ....models.pipeline_parts import is_out_of_memory
from ....shot import Shot
from ...base import Changes, Finished, Frame, Notice
from ..checkpoints import load
from ..checkpoints.load import Model
from ..network.acceleration import Acceleration
from ..network.track_head import STRIDE, picture_frames
from . import resize, sink_refresh, track_inputs
from .following import Following
from .live_changes import Steering
from .live_tracks import LiveTracks
from .session import Session
from .stream import Chunk, chunk_frames, handed_out

PAUSE = 0.05  # seconds between two looks whether a pause has ended
WHOLE = ("steps", "chunk", "sink", "window")  # settings that are whole numbers


@dataclass(frozen=True)
class Made:
    """A chunk and what is noted with its frames."""

    chunk: Chunk
    inside: range  # its frames by their position in the Shot; the last chunk may reach beyond the end
    notes: dict[str, Any]
    notices: list[Notice]  # what people should know before they see it
    moments: list[Moment]  # of a live session, a frame each

    def notes_of(self, k: int) -> dict[str, Any]:
        """What is noted with a frame, by its position in the Shot."""
        if not self.moments:
            return self.notes
        return {**self.notes, "live": self.moments[k - self.inside.start].notes()}


def generate(
    shot: Shot, settings: Mapping[str, Any], finished: Finished, changes: Changes, live: int = 0
) -> Iterator[Frame | Notice]:
    """The frames of a Shot that are not finished, in rising order, and before each chunk what people should know.

    live: the frames of a session that begins with the Shot's one frame; 0 for the frames of the Shot.
    """
    track_inputs.check_lengths(shot)
    loaded = _loaded(settings)
    overlapping = loaded.generator.device.type == "cuda"
    channels, stride = loaded.generator.head.temporal_conv.in_channels, STRIDE * loaded.generator.usage.chunk
    tracks, sentences = track_inputs.tracks_of(shot, channels, stride)
    tracks = tracks if tracks is not None else track_inputs.no_tracks(shot, channels)
    sentences = [*loaded.said, *resize.said_of(loaded.generator.usage, shot.width, shot.height), *sentences]
    if any(shot.negative.values()):
        sentences.append("This engine takes no negative prompt; guidance is part of what its model has learned.")
    yield from map(Notice, sentences)
    following = Following(shot) if live else None
    if live:
        shot = replace(shot, frames=tuple(range(shot.frames[0], shot.frames[0] + live)))
    chunks = _stream(shot, settings, loaded, tracks, finished, changes, following)
    for made in handed_out(chunks, overlapping):
        yield from made.notices
        missing = [k for k in made.inside if k not in finished]
        if not missing:
            continue
        pixels, sound = made.chunk.decoded.wait()
        if not sound:
            raise BackendFailed(
                f"Frame {shot.frames[missing[0]]} failed: the model gave values that are no numbers. Try another seed; "
                "if that does not help, the weights are damaged."
            )
        for k in missing:
            yield Frame(k, pixels[k - made.inside.start].numpy(), made.notes_of(k))


def _stream(
    shot: Shot,
    settings: Mapping[str, Any],
    loaded: Model,
    tracks: LiveTracks,
    finished: Finished,
    changes: Changes,
    following: Following | None,
) -> Iterator[Made]:
    """The chunks of a Shot, each begun under whatever has changed by then, or had changed when it was first made."""
    usage = loaded.generator.usage
    picture = resize.squeezed(shot.first_frame, *resize.size_for(usage, shot.width, shot.height))
    seen, prompt = loaded.look(picture), shot.prompt(shot.frames[0])
    session = Session(
        loaded.generator,
        loaded.encode(picture),
        tracks,
        loaded.read(prompt, seen),
        shot.seed,
        finish=lambda pictures: resize.to_bytes(pictures, shot.width, shot.height),
        refresh_beyond=sink_refresh.FAR if settings["refresh_sink"] else None,
    )
    steering = Steering(shot, tracks, session.refresh_sink)
    waiting: list[Mapping[str, Any]] = []
    said: list[str] = []
    for number in count():
        latents = chunk_frames(usage, number)
        frames = picture_frames(latents.start, latents.stop)
        inside = range(frames.start, min(frames.stop, len(shot.frames)))
        if not inside:
            return
        waiting += changes()  # a cancelled job ends here
        there = next((k for k in inside if k in finished), None)
        if there is not None:
            taken = list(finished.notes(there)["changes"])
        else:
            taken, waiting = waiting, []
        for fields in taken:
            said += steering.take(fields, inside.start)
            said += following.take(fields) if following else []
        moments = following.advance(frames, tracks) if following else []
        while steering.paused:
            time.sleep(PAUSE)
            for fields in changes():
                taken.append(fields)
                said += steering.take(fields, inside.start)
        if steering.prompt(inside.start) != prompt:
            prompt = steering.prompt(inside.start)
            session.say(loaded.read(prompt, seen))
        chunk = next(session)
        if chunk.refreshed:
            said.append(
                f"At frame {shot.frames[inside.start]} the newest frames took the place of the first in memory."
            )
        notes = {"chunk": number, "prompt": prompt, "changes": taken}
        yield Made(chunk, inside, notes, [Notice(sentence) for sentence in said], moments)
        said = []


def _loaded(settings: Mapping[str, Any]) -> Model:
    """The model under these settings; BadInput for settings that cannot be."""
    numbers = {name: settings[name] for name in WHOLE}
    for name, value in numbers.items():
        least = -1 if name in ("sink", "window") else 0
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise BadInput(f"{name} is {value!r}; it must be a whole number of at least {least}.")
    device = _device(settings["device"])
    try:
        speed = Acceleration(**{name: settings[name] for name in ("precision", "attention", "compile", "graphs")})
        change = lambda own: own.with_settings(**numbers)  # noqa: E731
        return load.load(settings["model"], device, settings["decoder"], change, speed)
    except RuntimeError as fault:
        if not is_out_of_memory(fault):
            raise
        raise OutOfMemory(f"{settings['model']} does not fit on {device}; choose a smaller model.") from None


def _device(wanted: str) -> str:
    """The best there is where none is named. BadInput for one that this machine does not have."""
    if not wanted:
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(0, device=wanted)
    except (RuntimeError, AssertionError):
        raise BadInput(f"device is {wanted!r}, which torch does not find here; leave it empty for the best.") from None
    return wanted
