"""The runs of `bench burn`: a job in each mode, and its control, which moves the job's own first frame and no more."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import png, wishes
from ..deforum import metric, motions
from ..deforum.api import Nothing
from ..deforum.depths import Flat
from ..deforum.engine import engine
from ..deforum.pictures import from_bytes, to_bytes
from ..deforum.plan import read
from ..deforum.sample import chain, warp
from ..engine import completed
from ..measure import burn
from ..measure.burn import Curves, Picture
from ..shot import Camera, Shot
from . import plot

TURN = 100  # frames of one circle
SPEED = 0.006  # of the picture's width, a frame
NAIVE = {  # what a first loop does: colours matched, sharpened, everything else as it comes
    "color_coherence": "LAB",
    "noise_type": "gaussian",
    "noise_pull": True,
    "noise_schedule": "0:(0.065)",
    "amount_schedule": "0:(0.3)",
    "strength_schedule": "0:(0.65)",
    "seed_behavior": "iter",
}
LOOKED_AT = 6  # frames of each run in the sheet of pictures


@dataclass(frozen=True)
class Run:
    """One mode's curves, its control's, and some of its frames."""

    name: str
    curves: Curves
    control: Curves
    speed: float  # frames a second
    looks: list[Picture]

    @property
    def slopes(self) -> dict[str, float]:
        return burn.slopes(self.curves)

    @property
    def control_slopes(self) -> dict[str, float]:
        return burn.slopes(self.control)

    @property
    def drifting(self) -> list[str]:
        return burn.drifting(self.slopes, self.control_slopes)


def measure(
    name: str, model: str, frames: int, size: int, prompt: str, seed: int, device: str, asked: Mapping[str, Any]
) -> Run:
    """A mode's job from its first frame to its last, and the control."""
    shot = circling(name, model, frames, size, prompt, seed, device, asked)
    made = []
    for frame in engine.frames(shot, Nothing(), list):
        made.append(frame.pixels)
        if len(made) == 1:
            began = time.perf_counter()  # after the model was loaded and has seen its first frame
    speed = (frames - 1) / max(time.perf_counter() - began, 1e-9)
    looked = [made[at] for at in np.linspace(0, frames - 1, LOOKED_AT).round().astype(int)]
    still = list(only_moved(shot, made[0]))
    # frame 0 is the one picture that was never sampled at fractions of pixels, so both begin at frame 1
    return Run(name, burn.curves(made[1:]), burn.curves(still[1:]), speed, looked)


def circling(
    name: str, model: str, frames: int, size: int, prompt: str, seed: int, device: str, asked: Mapping[str, Any]
) -> Shot:
    """The Shot of a mode: a wall that fills the picture, and a camera that goes round before it."""
    motion, _, feedback = name.partition(" ")
    motion = "2D" if name == "naive" else motion
    settings, schedules = wishes.sort(engine, {**(NAIVE if name == "naive" else {}), **asked})
    settings = {
        "model": model,
        "device": device,
        "motion": motion,
        "feedback": feedback or "pixel",
        "use_init": False,
        "padding": "wrap",
        **settings,
    }
    step = SPEED * size
    unit = 1 if motion == "2D" else 400 / size  # the 3D mode counts in 200ths of half a picture (fov 90, flat)
    moves = {
        "translation_x": f"0:({step * unit:.6f}*cos(t*{2 * np.pi / TURN:.8f}))",
        "translation_y": f"0:({step * unit:.6f}*sin(t*{2 * np.pi / TURN:.8f}))",
        "translation_z": "0:(0)",
        "zoom": "0:(1)",
        "fov_schedule": "0:(90)",
    }
    turn = np.arange(frames) * 2 * np.pi / TURN
    reach = SPEED * TURN / (2 * np.pi)  # a wall at distance 1, seen by a lens as long as the picture is wide
    pose = np.tile(np.eye(4), (frames, 1, 1))
    pose[:, 0, 3], pose[:, 1, 3] = reach * np.cos(turn), reach * np.sin(turn)
    lens = np.array([[size, 0, size / 2], [0, size, size / 2], [0, 0, 1]], np.float64)
    return Shot(
        frames=tuple(range(frames)),
        fps=24.0,
        width=size,
        height=size,
        camera=Camera(pose, np.tile(lens, (frames, 1, 1)), np.zeros(frames, bool)),
        first_frame=np.full((size, size, 3), 128, np.uint8),
        depth=np.broadcast_to(np.float32(1), (frames, size, size)),
        prompts={0: prompt},
        seed=seed,
        settings=settings,
        schedules={**moves, **schedules},
    )


def only_moved(shot: Shot, first: Picture) -> Iterator[Picture]:
    """The control: the first frame, moved to each frame in one step."""
    settings = completed(engine, shot.settings)
    plan = read(shot, settings)
    moving = {"2D": motions.steps_2d(plan, False), "3D": motions.steps_3d(plan, Flat(), False)}.get(settings["motion"])
    picture, total = from_bytes(first, "cpu"), None
    yield first
    for k in range(1, len(shot.frames)):
        if moving is None:
            total = metric.motion(shot, k, 0).flow
        else:
            step = moving.into(k, k - 1, picture).flow
            total = step if total is None else chain(step, total)
        yield to_bytes(warp(picture, total, settings["padding"], settings["sampling"]))


def curves(runs: Sequence[Run]) -> bytes:
    """A PNG with a diagram for each measurement: every mode, and the first run's control."""
    named = {
        f"{each}: {burn.CURVES[each]}": {
            **{run.name: run.curves[each] for run in runs},
            "control": runs[0].control[each],
        }
        for each in burn.CURVES
    }
    return png.encode(plot.diagrams(named))


def pictures(runs: Sequence[Run]) -> bytes:
    """A PNG with some frames of each run."""
    return png.encode(plot.sheet({run.name: run.looks for run in runs}))
