"""Clips that are drawn anew for every batch, on the device that trains: nothing is kept, and no clip comes twice.

What decides about a clip (look, motion, where tracks begin) is drawn on the processor from the step's own generator, so
that a run that breaks off goes on as if it had not; pictures and latents are made on the device.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from motion_bridge.engines.motionstream.network.conditioning import FirstFrame, Tracks, whole_clip
from motion_bridge.engines.motionstream.network.sketch_config import embed_words
from motion_bridge.engines.motionstream.network.track_head import STRIDE
from motion_bridge.engines.motionstream.network.track_map import draw_ids, embed_ids
from torch import Tensor

from .batch import USUAL, Batch, Omissions, leave_out
from .clips import EVERY, MOTIONS, Clip, Movement, draw_look, draw_motion, render


@dataclass(frozen=True)
class LiveSource:
    """In place of batch.Source, for training alone."""

    size: int  # pixels a side
    grid: int  # tracks a side
    encode: Callable[[Tensor], Tensor]  # (B, 3, T, H, W) in -1 … 1 on the device → latents there
    grey: Tensor  # (C, h, w), FirstFrame.grey
    device: str = "cpu"
    movement: Movement = EVERY
    omissions: Omissions = USUAL

    def draw(self, size: int, latent_frames: int, generator: torch.Generator) -> Batch:
        """So many clips, up to MOTIONS of each look."""
        clips: list[Clip] = []
        while len(clips) < size:
            clips += self._look(min(MOTIONS, size - len(clips)), latent_frames, generator)
        with torch.no_grad():
            clean = self.encode(torch.stack([clip.frames for clip in clips]))
        first = [FirstFrame(latent, self.grey) for latent in clean[:, :, 0].cpu()]
        tracks = [self._told(clip, generator) for clip in clips]
        text = torch.stack([embed_words(clip.words) for clip in clips])
        text[torch.rand(size, generator=generator) < self.omissions.text] = 0
        return Batch(clean, first, tracks, text.to(self.device))

    def _look(self, motions: int, latent_frames: int, generator: torch.Generator) -> list[Clip]:
        """One look under several motions."""
        look = draw_look(generator)
        there = replace(look, **{name: getattr(look, name).to(self.device) for name in ("texture", "mask", "start")})
        line = torch.arange(self.grid)
        cell = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1).view(-1, 2)
        starts = ((cell + torch.rand(cell.shape, generator=generator)) / self.grid).to(self.device)
        frames, made = STRIDE * latent_frames - 3, []
        for _ in range(motions):
            motion = draw_motion(len(look.texture), frames, generator, self.movement).to(self.device)
            with torch.device(self.device):
                made.append(render(there, motion, self.size, starts))
        return made

    def _told(self, clip: Clip, generator: torch.Generator) -> Tracks | None:
        identity = embed_ids(draw_ids(len(clip.points), generator))
        return leave_out(whole_clip(clip.points.cpu(), clip.visible.cpu(), identity), self.omissions, generator)
