"""The interactive suite: a hand drags the ball from chunk to chunk, lets go for one chunk and takes it up again.

Everything goes through motionstream's Session, as a program would do it. The ball's true way is straight from border to
border, which is what a hand says; while nobody holds it, the true ball rests.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from motion_bridge.engines.motionstream.checkpoints import load
from motion_bridge.engines.motionstream.network.track_head import STRIDE
from motion_bridge.engines.motionstream.streaming import resize, track_inputs
from motion_bridge.engines.motionstream.streaming.session import Session
from motion_bridge.metrics.report import Part, Truth, part
from motion_bridge.shot import Shot
from numpy.typing import NDArray

HELD = "ball"
RELEASED = 3  # the chunk in which nobody holds it
Video = NDArray[np.uint8]


@dataclass(frozen=True)
class Handled:
    """How far the ball is from its true way, by the part of the clip; and how soon a hand shows."""

    parts: dict[str, dict[str, Part]]  # what was told: dragged, planned, silent → held, released, again →
    chunks: int  # from a hand's order to the first chunk that differs: 1 is the next one
    frames: int  # from that chunk's beginning to the first picture that differs
    seconds: float  # from the order to that chunk's pictures
    spent: float  # processor time within
    first: float  # from the beginning of a session to its first pictures, the model being loaded


class Hands:
    """A session, and hands that carry the ball along its true way."""

    def __init__(self, loaded: load.Model, shot: Shot, ends: Sequence[int], planned_until: int):
        """ends: positions of the frames that end chunks; planned_until: up to which one the way is told beforehand."""
        assert shot.tracks is not None
        self._shot, self._ends, self._tracks = shot, ends, shot.tracks
        self._ball = np.flatnonzero(ball_of(shot))
        visible = np.array(shot.tracks.visible)
        visible[self._ball, planned_until + 1 :] = False
        generator = loaded.generator
        picture = resize.squeezed(shot.first_frame, *resize.size_for(generator.usage, shot.width, shot.height))
        self.session = Session(
            generator,
            loaded.encode(picture),
            track_inputs.tracks_of(
                replace(shot, tracks=replace(shot.tracks, visible=visible)),
                generator.head.temporal_conv.in_channels,
                STRIDE * generator.usage.chunk,
            )[0],
            loaded.read(shot.prompt(shot.frames[0]), loaded.look(picture)),
            shot.seed,
            finish=lambda pictures: resize.to_bytes(pictures, shot.width, shot.height),
        )

    def grab(self, chunk: int) -> None:
        """Take the ball where it truly is as a chunk begins."""
        for track in self._ball.tolist():
            self._hands.grab(track, self._place(track, self._ends[chunk - 1]))

    def drag(self, chunk: int) -> None:
        """To where it truly is when a chunk ends."""
        for track in self._ball.tolist():
            self._hands.drag(track, self._place(track, self._ends[chunk]))

    def release(self) -> None:
        for track in self._ball.tolist():
            self._hands.release(track)

    def pictures(self) -> Video:
        """The next chunk's."""
        return next(self.session).pictures.cpu().numpy()

    @property
    def _hands(self):
        assert self.session.tracks is not None
        return self.session.tracks

    def _place(self, track: int, frame: int) -> torch.Tensor:
        size = torch.tensor([self._shot.width, self._shot.height], dtype=torch.float32)
        return torch.tensor(np.array(self._tracks.xy[track, frame])) / size


def handle(shot: Shot, truth: Truth, ends: Sequence[int]) -> tuple[Video, Handled]:
    """The dragged video, and what is to be said of it. ends: positions of the frames that end chunks."""
    loaded = load.load(shot.settings["model"], shot.settings["device"])
    first, ball = _first_pictures(loaded, shot, ends), ball_of(shot)
    borders = [0, *(end + 1 for end in ends)]
    frames = {
        "held": range(borders[1], borders[RELEASED]),
        "released": range(borders[RELEASED], borders[RELEASED + 1]),
        "again": range(borders[RELEASED + 1], borders[-1]),
    }

    def left_alone(planned_until: int) -> Video:
        hands = Hands(loaded, shot, ends, planned_until)
        return np.concatenate([hands.pictures() for _ in ends])

    made = dragged(Hands(loaded, shot, ends, ends[0]), len(ends))
    videos = {"dragged": made, "planned": left_alone(ends[-1]), "silent": left_alone(-1)}
    parts = {
        told: {name: part(video, truth, inside, ball) for name, inside in frames.items()}
        for told, video in videos.items()
    }
    return made, Handled(parts, **_latency(loaded, shot, ends), first=first)


def dragged(hands: Hands, chunks: int) -> Video:
    """The first chunk as planned, then the hand's; in chunk RELEASED it lets go."""
    made = [hands.pictures()]
    for chunk in range(1, chunks):
        if chunk in (1, RELEASED + 1):
            hands.grab(chunk)
        if chunk == RELEASED:
            hands.release()
        else:
            hands.drag(chunk)
        made.append(hands.pictures())
    return np.concatenate(made)


def ball_of(shot: Shot) -> NDArray[np.bool_]:
    """Which tracks (N,) are the ball's."""
    assert shot.tracks is not None
    return np.array([name == HELD for name in shot.tracks.name])


def _first_pictures(loaded: load.Model, shot: Shot, ends: Sequence[int]) -> float:
    began = time.perf_counter()
    Hands(loaded, shot, ends, ends[-1]).pictures()
    return time.perf_counter() - began


def _latency(loaded: load.Model, shot: Shot, ends: Sequence[int]) -> dict:
    """Two sessions that differ in one drag, and from when on their pictures do."""
    one, other = (Hands(loaded, shot, ends, ends[-1]) for _ in range(2))
    for _ in range(2):
        one.pictures()
        other.pictures()
    began, spent = time.perf_counter(), time.process_time()
    one.grab(2)
    one.drag(len(ends) - 3)
    for chunk in range(1, len(ends) - 1):
        pictures = one.pictures()
        seconds, needed = time.perf_counter() - began, time.process_time() - spent
        differs = (pictures != other.pictures()).any((1, 2, 3))
        if differs.any():
            return {"chunks": chunk, "frames": int(differs.argmax()), "seconds": seconds, "spent": needed}
    return {"chunks": 0, "frames": 0, "seconds": float("nan"), "spent": float("nan")}
