"""Batches from a bank of clips, with what a model is told of them.

Half of a batch's clips have a dense grid of tracks, half a sprinkle of points. What a model must learn to do without is
left out at random: tracks in a stretch of time, all tracks, the text.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from motion_bridge.engines.motionstream.network.conditioning import FirstFrame, Tracks, whole_clip
from motion_bridge.engines.motionstream.network.sketch_config import embed_words
from motion_bridge.engines.motionstream.network.track_head import picture_frames
from motion_bridge.engines.motionstream.network.track_map import draw_ids, embed_ids
from numpy.typing import NDArray
from torch import Tensor

from .bank import Bank

NO_MOTION, NO_TEXT, GAP = 0.15, 0.1, 0.2  # chances
GAP_FRAMES = 8


@dataclass(frozen=True)
class Batch:
    clean: Tensor  # (B, C, K, h, w) latents
    first: list[FirstFrame]
    tracks: list[Tracks | None]  # None where the motion is left out
    text: Tensor  # (B, words, width); zeros where the text is left out


@dataclass(frozen=True)
class Source:
    """A bank with its latents."""

    bank: Bank
    latents: NDArray[np.float16]  # (M, C, K, h, w)
    grey: Tensor  # (C, h, w), FirstFrame.grey
    read: Callable[[Sequence[str]], Tensor] = embed_words  # a clip's words → (count, width)
    device: str = "cpu"  # of what is trained; what is told of tracks and first frames stays on the processor

    def batch(self, clips: list[int], latent_frames: int, generator: torch.Generator, complete: bool = False) -> Batch:
        """The first latent frames of some clips. complete: nothing is left out and all tracks are told."""
        clean = torch.from_numpy(np.stack([self.latents[k, :, :latent_frames] for k in clips])).float()
        frames = picture_frames(0, latent_frames)
        text = torch.stack([self.read(self.bank.words[k]) for k in clips])
        whole = [self.tracks(k, frames, generator) for k in clips]
        tracks: list[Tracks | None] = [*whole]
        if not complete:
            tracks = [_leave_out(_sprinkle(told, generator), generator) for told in whole]
            text[torch.rand(len(clips), generator=generator) < NO_TEXT] = 0
        first = [FirstFrame(latent, self.grey) for latent in clean[:, :, 0]]
        return Batch(clean.to(self.device), first, tracks, text.to(self.device))

    def draw(self, size: int, latent_frames: int, generator: torch.Generator) -> Batch:
        """Some clips at random."""
        clips = torch.randint(len(self.bank), (size,), generator=generator).tolist()
        return self.batch(clips, latent_frames, generator)

    def tracks(self, clip: int, frames: slice, generator: torch.Generator) -> Tracks:
        """All tracks of a clip under freshly drawn identities."""
        points = torch.from_numpy(np.array(self.bank.points[clip, :, frames]))
        visible = torch.from_numpy(np.array(self.bank.visible[clip, :, frames]))
        return whole_clip(points, visible, embed_ids(draw_ids(len(points), generator)))


def join(batches: Sequence[Batch]) -> Batch:
    """One batch of several of the same length."""
    first = [first for batch in batches for first in batch.first]
    tracks = [tracks for batch in batches for tracks in batch.tracks]
    return Batch(
        torch.cat([batch.clean for batch in batches]), first, tracks, torch.cat([batch.text for batch in batches])
    )


def _sprinkle(tracks: Tracks, generator: torch.Generator) -> Tracks:
    """All points, or 8 to 64 of them."""
    if torch.rand((), generator=generator) < 0.6:
        return tracks
    count = int(torch.randint(8, 65, (), generator=generator))
    some = torch.randperm(len(tracks.points), generator=generator)[:count]
    return whole_clip(tracks.points[some], tracks.visible[some], tracks.identity[some])


def _leave_out(tracks: Tracks, generator: torch.Generator) -> Tracks | None:
    chance = torch.rand(2, generator=generator)
    if chance[0] < NO_MOTION:
        return None
    if chance[1] >= GAP:
        return tracks
    visible = tracks.visible.clone()
    start = int(torch.randint(1, visible.shape[1] - GAP_FRAMES, (), generator=generator))
    visible[:, start : start + GAP_FRAMES] = False
    return whole_clip(tracks.points, visible, tracks.identity)
