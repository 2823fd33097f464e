"""Whether a model follows its tracks: end-point errors under true, none, swapped and counterfactual tracks.

Only EPE(true) well below a still picture's *and* EPE(counterfactual) near EPE(true) mean that a model follows; where
EPE(none) is as low as EPE(true), it reads the motion out of the picture instead.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from motion_bridge.engines.motionstream.network.conditioning import Tracks, whole_clip
from motion_bridge.engines.motionstream.network.guidance import Coefficients
from motion_bridge.engines.motionstream.network.sampler import sigmas
from motion_bridge.engines.motionstream.network.sketch_config import SIZE
from motion_bridge.engines.motionstream.network.teacher import Teacher, generate
from motion_bridge.metrics.epe import EndPointError, end_point_error
from numpy.typing import NDArray
from torch import Tensor

from .bank import as_pictures
from .batch import Batch, Source
from .rollout import Reach, Streamer, roll_out

Maker = Callable[[Batch, int], Tensor]  # (what is told of some clips, seed) → latents (B, C, K, h, w)
Decode = Callable[[Tensor], tuple[Tensor, object]]


@dataclass(frozen=True)
class Report:
    """Mean end-point errors in pixels; none and swapped are measured against the true tracks."""

    true: float
    none: float
    swapped: float
    counterfactual: float  # against the tracks it was told
    still: float  # a picture that stands still, against the true tracks
    floor: float  # the true clip, re-tracked

    def sentence(self) -> str:
        told = ", ".join(f"{name} {getattr(self, name):.2f}" for name in ("true", "none", "swapped", "counterfactual"))
        return f"EPE {told}; still {self.still:.2f}, floor {self.floor:.2f} px"


def evaluate(
    make: Maker, decode: Decode, source: Source, clips: list[int], latent_frames: int, seed: int = 0
) -> Report:
    """Means over some clips, all of one batch; what they are told is complete."""
    batch = source.batch(clips, latent_frames, torch.Generator().manual_seed(seed), complete=True)
    truth = [told for told in batch.tracks if told is not None]
    backwards = [backward(told) for told in truth]
    none: list[Tracks | None] = [None] * len(truth)
    swapped = truth[len(truth) // 2 :] + truth[: len(truth) // 2]  # of another look

    def errors(told: list, against: list[Tracks]) -> list[EndPointError]:
        latents = make(replace(batch, tracks=told), seed)
        return [error(video, tracks) for video, tracks in zip(decoded(decode, latents), against, strict=True)]

    true = errors(truth, truth)
    shown = [source.bank.frames[k][: truth[0].points.shape[1]] for k in clips]
    return Report(
        true=_mean([found.mean for found in true]),
        none=_mean([found.mean for found in errors(none, truth)]),
        swapped=_mean([found.mean for found in errors(swapped, truth)]),
        counterfactual=_mean([found.mean for found in errors(backwards, backwards)]),
        still=_mean([found.still for found in true]),
        floor=_mean([error(video, tracks).mean for video, tracks in zip(shown, truth, strict=True)]),
    )


def backward(tracks: Tracks) -> Tracks:
    """A motion the clip never had: every point goes the opposite way."""
    points = 2 * tracks.points[:, :1] - tracks.points
    inside = ((points >= 0) & (points <= 1)).all(-1)
    return whole_clip(points, tracks.visible & inside, tracks.identity)


def error(video: NDArray[np.uint8], tracks: Tracks) -> EndPointError:
    return end_point_error(video, tracks.points.numpy() * SIZE, tracks.visible.numpy())


@torch.no_grad()
def decoded(decode: Decode, latents: Tensor) -> list[NDArray[np.uint8]]:
    """The clips' pictures, (T, H, W, 3) each."""
    return [as_pictures(decode(clip[None])[0][0]) for clip in latents]


def teacher_maker(teacher: Teacher, steps: int, shift: float, weights: Coefficients | None) -> Maker:
    def make(batch: Batch, seed: int) -> Tensor:
        noise = torch.randn(batch.clean.shape, generator=torch.Generator().manual_seed(seed))
        told = zip(noise, batch.first, batch.tracks, batch.text, strict=True)
        return torch.stack([generate(teacher, n, f, t, x, sigmas(steps, shift), weights) for n, f, t, x in told])

    return make


def student_maker(streamer: Streamer, levels: list[float], reach: Reach) -> Maker:
    @torch.no_grad()
    def make(batch: Batch, seed: int) -> Tensor:
        drawn = torch.Generator().manual_seed(seed)
        return roll_out(streamer, batch, levels, len(levels) - 1, drawn, reach)

    return make


def _mean(values: list[float]) -> float:
    return float(np.nanmean(values))
