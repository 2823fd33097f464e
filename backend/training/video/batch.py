"""Batches from a bank of clips, with what a model is told of them.

What a model must learn to do without is left out at random: most of the tracks, all of them, those of whole 8-frame
stretches of the clip, the text.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from motion_bridge.engines.motionstream.network.conditioning import FirstFrame, Tracks, whole_clip
from motion_bridge.engines.motionstream.network.sketch_config import embed_words
from motion_bridge.engines.motionstream.network.track_head import STRIDE, picture_frames
from motion_bridge.engines.motionstream.network.track_map import draw_ids, embed_ids
from numpy.typing import NDArray
from torch import Tensor

from .bank import Bank

MASKED = 2  # latent frames, eight pictures: what is masked is always whole latent frames
FEW = (8, 65)  # points of a sparse clip, from … to below


@dataclass(frozen=True)
class Omissions:
    """The chances of what is left out."""

    motion: float = 0.15  # all tracks
    text: float = 0.1
    stretch: float = 0.2  # for each stretch of MASKED latent frames after the first: the track map is zero there
    most: float = 0.4  # all but a few tracks


USUAL, NOTHING = Omissions(), Omissions(0.0, 0.0, 0.0, 0.0)


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
    omissions: Omissions = USUAL
    firsts: NDArray[np.float16] | None = None  # (M, C, 1 + k, h, w): FirstFrame's latent and wake, where they differ

    def batch(self, clips: list[int], latent_frames: int, generator: torch.Generator, complete: bool = False) -> Batch:
        """The first latent frames of some clips. complete: nothing is left out and all tracks are told."""
        chances = NOTHING if complete else self.omissions
        clean = torch.from_numpy(np.stack([self.latents[k, :, :latent_frames] for k in clips])).float()
        frames = picture_frames(0, latent_frames)
        text = torch.stack([self.read(self.bank.words[k]) for k in clips])
        whole = [self.tracks(k, frames, generator) for k in clips]
        tracks = [leave_out(told, chances, generator) for told in whole]
        text[torch.rand(len(clips), generator=generator) < chances.text] = 0
        first = [self.first(k, latent) for k, latent in zip(clips, clean[:, :, 0], strict=True)]
        return Batch(clean.to(self.device), first, tracks, text.to(self.device))

    def first(self, clip: int, latent: Tensor) -> FirstFrame:
        """A clip's first frame as a model is told it in use too. latent: the clip's own, (C, h, w)."""
        if self.firsts is None:
            return FirstFrame(latent, self.grey)
        known = torch.from_numpy(np.array(self.firsts[clip])).float()
        return FirstFrame(known[:, 0], known[:, -1], known[:, 1:])

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


def leave_out(tracks: Tracks, chances: Omissions, generator: torch.Generator) -> Tracks | None:
    """What is told of a clip's tracks (from picture frame 0 on); None for nothing at all."""
    whole, most = torch.rand(2, generator=generator).tolist()
    if whole < chances.motion:
        return None
    if most < chances.most:
        some = torch.randperm(len(tracks.points), generator=generator)[
            : int(torch.randint(*FEW, (), generator=generator))
        ]
        tracks = whole_clip(tracks.points[some], tracks.visible[some], tracks.identity[some])
    visible = tracks.visible.clone()
    starts = range(1, 1 + (visible.shape[1] - 1) // STRIDE, MASKED)  # in latent frames
    for start, drawn in zip(starts, torch.rand(len(starts), generator=generator).tolist(), strict=True):
        if drawn < chances.stretch:
            visible[:, picture_frames(start, start + MASKED)] = False
    return whole_clip(tracks.points, visible, tracks.identity)
