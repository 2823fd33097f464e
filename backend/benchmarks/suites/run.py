"""The second step of `benchmarks suites`: the engine itself on every scene, and what its video is worth.

The long suite goes first, while nothing else has been held in memory, and one stream serves all its lengths: a stream's
beginning does not know how long it will be, but for the end of the last chunk.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from motion_bridge.engines.base import frames_alone
from motion_bridge.engines.deforum.api import Nothing
from motion_bridge.engines.motionstream.engine import engine
from motion_bridge.metrics import memory, perceptual, report
from motion_bridge.metrics.calibration import calibrate
from motion_bridge.metrics.report import Beside, Judgement, Part, Truth, following_error, judge, part
from motion_bridge.metrics.tracker import TRACKERS
from motion_bridge.shot import Shot, Tracks
from numpy.typing import NDArray

from ..common.carried import carried_video
from . import catalogue
from .catalogue import LENGTHS, PERIOD, Scene
from .interactive import Handled, handle

Video = NDArray[np.uint8]
PAIR = ("made", "carried")
SHOWN = 6  # frames of a scene in the sheet of pictures
WATCHED = (12, 241, 961)  # frames at which memory is looked at
WARM = 2  # chunks before time is taken
SPARSE = 4  # of a grid of 16 × 16 points every fourth, both ways
FOLLOWS, SAME = 0.5, 1.5  # targets: EPE in parts of the still picture's; the worst motion's in parts of the first's
LEARNED = 0.6  # target: EPE in parts of what features carried along the tracks have without any network


@dataclass(frozen=True)
class Told:
    """End-point errors of one motion under what the model was told of it, in pixels."""

    true: float
    none: float
    swapped: float
    sparse: float
    backward: float  # told the opposite motion, and measured against that
    still: float
    floor: float


@dataclass(frozen=True)
class Three:
    """One scene by one tracker, in pixels: its own error on the true video is taken off all of them."""

    made: float
    carried: float  # carried.carried_video: what the engine shows with its network off
    still: float


@dataclass(frozen=True)
class Cost:
    """Seconds of the long stream; memory in MiB at some frames."""

    p50: float
    p95: float
    largest: float
    spent: float  # processor time, p50
    first: float  # from the order to the first picture, the model's loading within
    memory: Mapping[int, float]


@dataclass
class Found:
    """Everything that was measured."""

    model: str
    device: str
    scenes: dict[str, dict[str, Judgement]] = field(default_factory=dict)  # suite → scene →
    told: dict[str, Told] = field(default_factory=dict)  # motion →
    beside: dict[str, dict[str, dict[str, Three]]] = field(default_factory=dict)  # suite → scene → tracker →
    handled: Handled | None = None
    long: dict[int, Judgement] = field(default_factory=dict)  # frames →
    loops: dict[int, Part] = field(default_factory=dict)  # frames → the last loop of them by itself
    closed: dict[int, tuple[float, float]] = field(default_factory=dict)  # frames → PSNR to the first, made and true
    cost: Cost | None = None
    looks: dict[str, tuple[Video, Video]] = field(default_factory=dict)  # scene → some true frames, and made ones

    def numbers(self) -> dict[str, Any]:
        """All of it but the pictures, as JSON has it; what is not a number is None."""
        kept = {name: value for name, value in asdict(replace(self, looks={})).items() if name != "looks"}
        return json.loads(json.dumps({**kept, "missed": self.missed()}), parse_constant=lambda _: None)

    def missed(self) -> list[str]:
        """Which targets were missed, in words."""
        missed = []
        for suite, scenes in self.scenes.items():
            share = report.mean(list(scenes.values())).share
            if share > FOLLOWS:
                missed.append(f"{suite}: EPE is {share:.2f} of a still picture's, above {FOLLOWS:g}")
        for suite, scenes in self.beside.items():
            made, carried = (sum(getattr(one, name) for by in scenes.values() for one in by.values()) for name in PAIR)
            if made > LEARNED * carried:
                missed.append(f"{suite}: EPE is {made / carried:.2f} of carried alone, above {LEARNED:g}")
        for frames, one in self.loops.items():
            if one.epe > FOLLOWS * one.still:
                share = one.epe / one.still
                missed.append(f"the loop to frame {frames}: EPE is {share:.2f} of a still picture's, above {FOLLOWS:g}")
        if self.told:
            ratio = np.mean([told.backward for told in self.told.values()]) / np.mean(
                [told.true for told in self.told.values()]
            )
            if ratio > SAME:
                missed.append(f"counterfactual: EPE(backward) / EPE(true) is {ratio:.2f}, above {SAME:g}")
        return missed


def measure(folder: Path, suites: Sequence[str], model: str, device: str) -> Found:
    """All that was asked for. BadInput when scenes are missing."""
    scenes = {scene: catalogue.load(folder, scene) for suite in suites for scene in catalogue.of(suite)}
    settings = {"model": model, "device": device}
    scenes = {scene: (replace(shot, settings=settings), video) for scene, (shot, video) in scenes.items()}
    found = Found(model, device)
    distance = perceptual.at_hand()
    for suite in sorted(suites, key=lambda suite: suite != "long"):
        chosen = {scene: pair for scene, pair in scenes.items() if scene.suite == suite}
        if suite == "long":
            for scene, (shot, video) in chosen.items():
                _long(found, scene, shot, video, distance)
        elif suite == "interactive":
            for scene, (shot, video) in chosen.items():
                truth = Truth(shot, video, distance)
                made, found.handled = handle(shot, truth, catalogue.ENDS)
                _look(found, scene, video, made)
        else:
            truths = {scene: Truth(shot, video, distance) for scene, (shot, video) in chosen.items()}
            made = {scene: run(truth.shot) for scene, truth in truths.items()}
            found.scenes[suite] = {scene.name: judge(made[scene], truth) for scene, truth in truths.items()}
            found.beside[suite] = {scene.name: _three(made[scene], truth) for scene, truth in truths.items()}
            for scene, truth in truths.items():
                _look(found, scene, truth.video, made[scene])
            if suite == "counterfactual":
                found.told = dict(_told(truths, found.scenes[suite]))
    return found


def run(shot: Shot) -> Video:
    """The engine's video of a Shot, (T, H, W, 3)."""
    return np.stack([frame.pixels for frame in frames_alone(engine.frames(shot, Nothing(), list))])


def _three(made: Video, truth: Truth) -> dict[str, Three]:
    """A made video, the carried one and a still one by every tracker, each calibrated on the true video."""
    videos = (made, carried_video(truth.shot), np.broadcast_to(truth.video[:1], truth.video.shape))
    found = {}
    for name, tracker in TRACKERS.items():
        known = calibrate(truth.video, truth.points, truth.visible, tracker)
        floor = following_error(truth.video, truth.points, truth.visible, known)
        errors = (following_error(np.ascontiguousarray(v), truth.points, truth.visible, known) for v in videos)
        found[name] = Three(*(error - floor for error in errors))
    return found


def _told(truths: Mapping[Scene, Truth], judged: Mapping[str, Judgement]) -> Iterator[tuple[str, Told]]:
    """Each motion told rightly, not at all, as its neighbor's, by few points, and backwards."""
    others = [*list(truths)[1:], *list(truths)[:1]]
    for (scene, truth), other in zip(truths.items(), others, strict=True):
        shot, calibration = truth.shot, truth.calibration

        def error(told: Tracks | None, truth=truth) -> float:
            made = run(replace(truth.shot, tracks=told))
            return following_error(made, truth.points, truth.visible, truth.calibration)

        assert shot.tracks is not None
        opposite = backward(shot)
        made = run(replace(shot, tracks=opposite))
        yield (
            scene.name,
            Told(
                true=judged[scene.name].epe,
                none=error(None),
                swapped=error(truths[other].shot.tracks),
                sparse=error(_sparse(shot.tracks)),
                backward=following_error(made, opposite.xy, opposite.visible, calibration),
                still=judged[scene.name].still,
                floor=judged[scene.name].floor,
            ),
        )


def backward(shot: Shot) -> Tracks:
    """A motion the scene never had: every point goes the opposite way, as far as that is in the picture."""
    assert shot.tracks is not None
    points = np.array(2 * shot.tracks.xy[:, :1] - shot.tracks.xy)
    inside = ((points >= 0) & (points < (shot.width, shot.height))).all(-1)
    return replace(shot.tracks, xy=points, visible=np.array(shot.tracks.visible) & inside)


def _sparse(tracks: Tracks) -> Tracks:
    """Every fourth point of the grid both ways, and no other."""
    grid = np.flatnonzero(np.array(tracks.kind) == "grid")
    side = round(len(grid) ** 0.5)
    chosen = grid.reshape(side, side)[SPARSE // 2 :: SPARSE, SPARSE // 2 :: SPARSE].ravel()
    return Tracks(
        np.array(tracks.xy[chosen]),
        np.array(tracks.visible[chosen]),
        tuple(tracks.name[k] for k in chosen),
        tuple(tracks.kind[k] for k in chosen),
    )


def _long(found: Found, scene: Scene, shot: Shot, video: Video, distance: Any) -> None:
    """One endless stream, timed, and judged at every length at which the camera is back where it began."""
    made = np.full_like(video, 1)  # all of it is held from the start, so that what grows is the engine's
    arrived, held = [(time.perf_counter(), time.process_time())], {}
    for frame in frames_alone(engine.frames(shot, Nothing(), list)):
        made[frame.index] = frame.pixels
        if frame.notes["chunk"] == len(arrived) - 1:
            arrived.append((time.perf_counter(), time.process_time()))
        if frame.index + 1 in WATCHED:
            held[frame.index + 1] = memory.peak()
    clock, spent = (np.diff([each[k] for each in arrived]) for k in (0, 1))
    late = np.sort(clock[WARM:])
    found.cost = Cost(
        p50=float(np.median(late)),
        p95=float(late[int(0.95 * (len(late) - 1))]),
        largest=float(late[-1]),
        spent=float(np.median(spent[WARM:])),
        first=float(clock[0]),
        memory=held,
    )
    truth = Truth(shot, video, distance)
    beside = Beside(made, truth)
    for frames in (length for length in LENGTHS if length <= len(video)):
        found.long[frames] = beside.until(frames)
        found.loops[frames] = part(made, truth, range(frames - 1 - PERIOD, frames))
        ends = made[[0, frames - 1]], video[[0, frames - 1]]
        found.closed[frames] = tuple(min(report.BEST, report.psnr(*pair)) for pair in ends)  # type: ignore
    _look(found, scene, video, made)


def _look(found: Found, scene: Scene, true: Video, made: Video) -> None:
    chosen = np.linspace(0, len(true) - 1, SHOWN).round().astype(int)
    found.looks[scene.place] = true[chosen], made[chosen]
