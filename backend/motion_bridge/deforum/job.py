"""What stays the same while a job runs: the model, the plan, where motion comes from, what is read from files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .. import png
from ..errors import BadInput
from ..models import depth as estimators
from ..models import load as models
from ..models.image import SMALLEST, ImageModel
from ..shot import Shot
from . import colour, guide, mask, motions
from .motions import Motions
from .plan import Plan, read
from .sample import KERNELS, PADDINGS

CHOICES = {
    "motion": motions.SOURCES,
    "padding": PADDINGS,
    "sampling": KERNELS,
    "color_coherence": ("None", *colour.SPACES),
    "noise_type": ("moving", "gaussian", "perlin"),
    "hybrid_composite": ("None", "Before Motion", "Normal", "After Generation"),
    "hybrid_mask": ("None", "Blend", "Difference"),
}
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Job:
    """Made once, before the first frame; everything in it can be made again from the Shot and its settings."""

    settings: Mapping[str, Any]
    plan: Plan
    model: ImageModel
    motions: Motions
    guide: list[Picture]  # (H, W, 3) a frame; empty without a guide video
    mask: Tensor | None  # (1, 1, H, W)
    reference: Tensor | None  # (1, 3, H', W'): the colours to keep, where a file gives them
    device: str


def prepare(shot: Shot, settings: Mapping[str, Any]) -> Job:
    """Read and load everything. BadInput for what cannot be; what is quick to check is checked before the model."""
    for name, choices in CHOICES.items():
        if settings[name] not in choices:
            raise BadInput(f"{name} is {settings[name]!r}; choose one of {', '.join(choices)}.")
    if min(shot.width, shot.height) < SMALLEST:
        raise BadInput(f"{shot.width}x{shot.height} is too small for a model; each side needs {SMALLEST} pixels.")
    if not isinstance(settings["cadence"], int) or settings["cadence"] < 1:
        raise BadInput(f"cadence is {settings['cadence']!r}; it must be a whole number of at least 1.")
    plan = read(shot, dict(settings))
    device = settings["device"] or models.best_device()
    frames = _guide(shot, settings)
    moving = _motions(shot, settings, plan, frames, device)
    area = _mask(shot, settings, device)
    reference = None
    if settings["color_reference"] not in ("first", "video"):
        reference = from_bytes(_picture(settings["color_reference"], "color_reference"), device)
    model = models.load(settings["model"], device)
    return Job(settings, plan, model, moving, frames, area, reference, device)


def from_bytes(pixels: Picture, device: str) -> Tensor:
    """(H, W, 3) uint8 to (1, 3, H, W) float from 0 to 1."""
    return (torch.from_numpy(np.array(pixels)).to(device).float() / 255).permute(2, 0, 1)[None]


def to_bytes(picture: Tensor) -> Picture:
    """(1, 3, H, W) to (H, W, 3) uint8, rounded."""
    return (picture[0].permute(1, 2, 0).clamp(0, 1) * 255).round().byte().cpu().contiguous().numpy()


def _motions(shot: Shot, settings: Mapping[str, Any], plan: Plan, frames: list[Picture], device: str) -> Motions:
    kind, flipped = settings["motion"], settings["perspective_flip"]
    if kind == "scene":
        if shot.depth is None and (shot.flow is None or settings["cadence"] > 1):
            raise BadInput("This Shot has no depth, so the scene's motion is unknown; read it again with depth.")
        return motions.OfScene(shot, device)
    if kind == "2D":
        return motions.steps_2d(plan, flipped)
    if kind == "3D":
        return motions.steps_3d(plan, _depth(shot, settings, device), flipped)
    return motions.steps_of_guide(frames, kind, plan, device)


def _depth(shot: Shot, settings: Mapping[str, Any], device: str) -> motions.Depth:
    if settings["depth_model"]:
        estimator = estimators.load(settings["depth_model"], device)
        return motions.depth_of_model(estimator, settings["dialect"] == "classic")
    return motions.depth_of_scene(shot) if shot.depth is not None else motions.flat


def _guide(shot: Shot, settings: Mapping[str, Any]) -> list[Picture]:
    wanted = {
        "motion": settings["motion"] in motions.OF_GUIDE,
        "hybrid_composite": settings["hybrid_composite"] != "None",
        "color_reference": settings["color_reference"] == "video",
    }
    for name in (name for name, wants in wanted.items() if wants):
        if not settings["guide_video"]:
            raise BadInput(f"{name} is {settings[name]!r}, which needs a guide_video; name one.")
    if not any(wanted.values()):
        return []
    path = Path(settings["guide_video"])
    return list(guide.frames(path, len(shot.frames), shot.fps, shot.width, shot.height))


def _mask(shot: Shot, settings: Mapping[str, Any], device: str) -> Tensor | None:
    if not settings["mask_file"]:
        return None
    area = from_bytes(_picture(settings["mask_file"], "mask_file"), device)[:, :1]
    if area.shape[-2:] != (shot.height, shot.width):
        raise BadInput(
            f"{settings['mask_file']} is {area.shape[-1]}x{area.shape[-2]}; the mask must have the Shot's size, "
            f"{shot.width}x{shot.height}."
        )
    return mask.adjusted(area, invert=settings["mask_invert"])


def _picture(path: str, name: str) -> Picture:
    if not Path(path).is_file():
        raise BadInput(f"{name}: {path} is not there.")
    return png.read(Path(path))
