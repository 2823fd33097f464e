"""The runs of `benchmarks burn`: a job in each mode, and its control, which only moves the job's own first frame."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from motion_bridge.engines import settings_parser
from motion_bridge.engines.base import completed, frames_alone
from motion_bridge.engines.deforum import presets
from motion_bridge.engines.deforum.api import Nothing
from motion_bridge.engines.deforum.engine import engine
from motion_bridge.engines.deforum.loop import motion_sources, scene_motion
from motion_bridge.engines.deforum.loop.depth import Flat
from motion_bridge.engines.deforum.loop.frame_schedule import read
from motion_bridge.engines.deforum.loop.images import from_bytes, to_bytes
from motion_bridge.engines.deforum.loop.warp import chain, warp
from motion_bridge.metrics import color_drift
from motion_bridge.metrics.color_drift import Curves, Picture
from motion_bridge.model_registry import folder_check, registry
from motion_bridge.shot import Camera, Shot

NAIVE = ("naive, sharpened", "naive, matched", "naive, plain")
MODES = ("2D pixel", "2D latent", "3D pixel", "3D latent", "scene pixel", "scene latent")
PRESETS = ("smooth", "creative", "cinematic", "fast_preview")
WAYS = (*NAIVE, *MODES, *PRESETS)  # what is compared: naive loops, the engine's modes, its presets
TURN = 100  # frames of one circle
SPEED = 0.006  # of the picture's width, a frame
KINDS = ("own", "control")  # curves of a run in its file
EARLIER = {"color": "colour"}  # how kept runs once spelled it
LOOKED_AT = 9  # frames of each run in the sheet of pictures
WEBUI = {  # bicubic samples, noise that fades towards gray; nothing keeps detail
    "sampling": "bicubic",
    "noise_type": "gaussian",
    "noise_pull": True,
    "noise_schedule": "0:(0.065)",
    "detail_amount": "0:(0)",
}
LOOPS = {  # what people had; whole gray levels lie between frames there as here
    # Strength 0.65 of Stable Diffusion 1.5 in 25 steps begins at sigma 0.50. Sharpened, one seed, no colors kept.
    NAIVE[0]: {
        **WEBUI,
        "start_sigma": "0:(0.5)",
        "amount_schedule": "0:(0.3)",
        "seed_behavior": "fixed",
        "color_coherence": "None",
    },
    # The same with the first frame's colors, and seeds that count up.
    NAIVE[1]: {**WEBUI, "start_sigma": "0:(0.5)", "amount_schedule": "0:(0.3)", "color_coherence": "LAB"},
    # Strength 0.85 begins at sigma 0.31. Softer sampling, and nothing else at all.
    NAIVE[2]: {
        "sampling": "bilinear",
        "color_coherence": "None",
        "noise_schedule": "0:(0)",
        "start_sigma": "0:(0.31)",
    },
}


@dataclass(frozen=True)
class Question:
    """What is asked of every mode."""

    model: str  # a registered name or a folder
    frames: int
    size: int  # pixels, both sides
    prompt: str
    seed: int
    device: str
    asked: Mapping[str, Any]  # of all but the naive loops

    def key(self, name: str) -> str:
        """What a run's answer holds for: all this, the weights, and what the engine does by itself."""
        parts = ("transformer", "unet", "vae")
        weights = [folder_check.fingerprint(registry.find_folder(self.model) / part) for part in parts]
        shot = circling(name, self)
        own = [dict(engine.defaults) | dict(shot.settings), dict(engine.schedules) | dict(shot.schedules)]
        return json.dumps([name, weights, self.frames, self.size, self.prompt, self.seed, own], sort_keys=True)


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
        return color_drift.slopes(self.curves)

    @property
    def control_slopes(self) -> dict[str, float]:
        return color_drift.slopes(self.control)

    @property
    def drifting(self) -> list[str]:
        return color_drift.drifting(self.slopes, self.control_slopes)


def run_or_kept(name: str, question: Question, output: Path | None) -> Run:
    """A mode's run, made now or found in the folder, where it is kept."""
    if output is None:
        return measure(name, question)
    path, key = output / "runs" / f"{name}.npz", question.key(name)
    if path.is_file():
        with np.load(path) as kept:
            if str(kept["key"]) == key:
                names = {each: each if f"own {each}" in kept else EARLIER[each] for each in color_drift.CURVES}
                own, control = ({each: kept[f"{kind} {old}"] for each, old in names.items()} for kind in KINDS)
                return Run(name, own, control, float(kept["speed"]), list(kept["looks"]))
    run = measure(name, question)
    path.parent.mkdir(parents=True, exist_ok=True)
    pairs = zip(KINDS, (run.curves, run.control), strict=True)
    series: dict[str, Any] = {f"{kind} {each}": curves[each] for kind, curves in pairs for each in color_drift.CURVES}
    np.savez_compressed(path, **series, key=key, speed=run.speed, looks=np.stack(run.looks))
    return run


def measure(name: str, question: Question) -> Run:
    """A mode's job from its first frame to its last, and the control."""
    shot = circling(name, question)
    made, began = [], time.perf_counter()
    for frame in frames_alone(engine.frames(shot, Nothing(), list)):
        made.append(frame.pixels)
        if len(made) == 1:
            began = time.perf_counter()  # after the model was loaded and has seen its first frame
    speed = (question.frames - 1) / max(time.perf_counter() - began, 1e-9)
    looked = [made[at] for at in np.linspace(0, question.frames - 1, LOOKED_AT).round().astype(int)]
    still = list(only_moved(shot, made[0]))
    # frame 0 is the one picture that was never sampled at fractions of pixels, so both begin at frame 1
    return Run(name, color_drift.curves(made[1:]), color_drift.curves(still[1:]), speed, looked)


def wanted(name: str, question: Question) -> Mapping[str, Any]:
    """The settings and schedules of a mode, by name."""
    if name in LOOPS:
        return {"motion": "2D", **LOOPS[name]}
    if name in PRESETS:
        return {"motion": "scene", **presets.PRESETS[name].values, **question.asked}
    motion, _, feedback = name.partition(" ")
    return {"motion": motion, "feedback": feedback, **question.asked}


def circling(name: str, question: Question) -> Shot:
    """The Shot of a mode: a wall that fills the picture, and a camera that goes round before it."""
    size, frames = question.size, question.frames
    asked = settings_parser.parse(engine, wanted(name, question))
    schedules = asked.schedules
    settings = {
        "model": question.model,
        "device": question.device,
        "use_init": False,
        "padding": "reflection",  # nothing jumps at the edges, and what comes in is like what is there
        **asked.settings,
    }
    step = SPEED * size
    # the 3D mode counts in 200ths of half a picture (fov 90, flat)
    unit = 1 if settings["motion"] == "2D" else 400 / size
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
        prompts={0: question.prompt},
        seed=question.seed,
        settings=settings,
        schedules={**moves, **schedules},
    )


def only_moved(shot: Shot, first: Picture) -> Iterator[Picture]:
    """The control: the first frame, moved to each frame in one step."""
    settings = completed(engine, shot.settings)
    plan = read(shot, settings)
    moving = {"2D": motion_sources.steps_2d(plan, False), "3D": motion_sources.steps_3d(plan, Flat(), False)}.get(
        settings["motion"]
    )
    picture, total = from_bytes(first, "cpu"), None
    yield first
    for k in range(1, len(shot.frames)):
        if moving is None:
            total = scene_motion.motion(shot, k, 0).flow
        else:
            step = moving.into(k, k - 1, picture).flow
            total = step if total is None else chain(step, total)
        yield to_bytes(warp(picture, total, settings["padding"], settings["sampling"]))
