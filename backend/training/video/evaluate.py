"""Whether a model follows its tracks: end-point errors under true, none, swapped and counterfactual tracks.

Only EPE(true) well below a still picture's *and* EPE(counterfactual) near EPE(true) mean that a model follows; where
EPE(none) is as low as EPE(true), it reads the motion out of the picture instead.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import ClassVar

import numpy as np
import torch
from motion_bridge.engines.motionstream.network.conditioning import Tracks, carried_alone, whole_clip
from motion_bridge.engines.motionstream.network.guidance import Coefficients
from motion_bridge.engines.motionstream.network.sampler import sigmas
from motion_bridge.engines.motionstream.network.teacher import Teacher, generate
from motion_bridge.metrics.epe import EndPointError, end_point_error
from motion_bridge.metrics.tracker import TRACKERS, Tracker
from numpy.typing import NDArray
from torch import Tensor

from .bank import as_pictures
from .batch import Batch, Source
from .rollout import Reach, Streamer, roll_out

Maker = Callable[[Batch, int], Tensor]  # (what is told of some clips, seed) → latents (B, C, K, h, w)
Decode = Callable[[Tensor], tuple[Tensor, object]]


@dataclass(frozen=True)
class Report:
    """Mean end-point errors in pixels; none and swapped are measured against the true tracks.

    Two clips are no model's: `still` is a picture that stands still, `carried` the first frame's features moved along
    the tracks and decoded, with no network at all. Whoever propagates features must be measured beside the second.
    """

    true: float
    none: float
    swapped: float
    counterfactual: float  # against the tracks it was told
    still: float
    carried: float
    floor: float  # the true clip, re-tracked

    COLUMNS: ClassVar = ("true", "none", "swapped", "counterfactual", "still", "carried alone", "floor")

    def row(self) -> str:
        return " | ".join(f"{getattr(self, field.name):.2f}" for field in fields(self))

    def sentence(self) -> str:
        told = ", ".join(f"{name} {getattr(self, name):.2f}" for name in ("true", "none", "swapped", "counterfactual"))
        return f"EPE {told}; still {self.still:.2f}, carried alone {self.carried:.2f}, floor {self.floor:.2f} px"


def evaluate(
    make: Maker,
    decode: Decode,
    source: Source,
    clips: list[int],
    latent_frames: int,
    seed: int = 0,
    trackers: Mapping[str, Tracker] = TRACKERS,
) -> dict[str, Report]:
    """Means over some clips, all of one batch, by each tracker; what they are told is complete."""
    batch = source.batch(clips, latent_frames, torch.Generator().manual_seed(seed), complete=True)
    truth = [told for told in batch.tracks if told is not None]
    backwards = [backward(told) for told in truth]
    none: list[Tracks | None] = [None] * len(truth)

    def made(told: list) -> list[NDArray[np.uint8]]:
        return decoded(decode, make(replace(batch, tracks=told), seed))

    shown = [source.bank.frames[k][: truth[0].points.shape[1]] for k in clips]
    videos = {  # name → videos and the tracks they are measured against
        "true": (made(truth), truth),
        "none": (made(none), truth),
        "swapped": (made(swapped(truth)), truth),
        "counterfactual": (made(backwards), backwards),
        "carried": (decoded(decode, carried(batch)), truth),
        "floor": (shown, truth),
    }
    found = {}
    for name, tracker in trackers.items():
        errors = {
            kind: [error(video, told, tracker) for video, told in zip(*pairs, strict=True)]
            for kind, pairs in videos.items()
        }
        means = {kind: _mean([each.mean for each in all_of]) for kind, all_of in errors.items()}
        found[name] = Report(still=_mean([each.still for each in errors["true"]]), **means)
    return found


def latent_errors(make: Maker, source: Source, clips: list[int], latent_frames: int, seed: int = 0) -> list[float]:
    """Mean squared errors of the latents after the first: true, swapped, none; then a still clip, and carried alone."""
    batch = source.batch(clips, latent_frames, torch.Generator().manual_seed(seed), complete=True)
    truth = [told for told in batch.tracks if told is not None]
    made = [make(replace(batch, tracks=told), seed) for told in (truth, swapped(truth), [None] * len(truth))]
    clean = batch.clean[:, :, 1:]
    others = (batch.clean[:, :, :1].expand_as(batch.clean), carried(batch))
    return [float((each[:, :, 1:] - clean).square().mean()) for each in (*made, *others)]


def carried(batch: Batch) -> Tensor:
    """The clips as propagation alone shows them: latents (B, C, K, h, w)."""
    frames = range(batch.clean.shape[2])
    pairs = zip(batch.first, batch.tracks, strict=True)
    return torch.stack([carried_alone(first, told, frames) for first, told in pairs if told is not None])


def swapped(truth: list[Tracks]) -> list[Tracks]:
    """Everybody gets the tracks of a clip of another look."""
    return truth[len(truth) // 2 :] + truth[: len(truth) // 2]


def backward(tracks: Tracks) -> Tracks:
    """A motion the clip never had: every point goes the opposite way."""
    points = 2 * tracks.points[:, :1] - tracks.points
    inside = ((points >= 0) & (points <= 1)).all(-1)
    return whole_clip(points, tracks.visible & inside, tracks.identity)


def error(video: NDArray[np.uint8], tracks: Tracks, tracker: Tracker) -> EndPointError:
    size = np.array([video.shape[2], video.shape[1]], np.float32)
    return end_point_error(video, tracks.points.numpy() * size, tracks.visible.numpy(), tracker)


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
