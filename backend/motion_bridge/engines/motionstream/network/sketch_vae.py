"""Pictures to latents and back, in the sketch model: a small encoder, and a decoder that streams.

Latent frame 0 stands for picture frame 0 alone, each later one for four picture frames, as in Wan's VAE. The decoder is
two-dimensional with a memory of one past frame in each block (arXiv 2511.01266, section 3.4): decoding chunk by chunk
and decoding the whole clip are the same arithmetic.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from .track_head import STRIDE

CELL, WINDOW = 4, 8  # pixels: the side of a latent cell, and of what the encoder sees for it
Memory = list[Tensor]  # what each block remembers of the frame before, in the order of the blocks


def group(frames: Tensor) -> Tensor:
    """(B, 3, 1 + 4n, H, W) → (B, 1 + n, 12, H, W): the first frame four times over, then groups of four."""
    batch, _, _, height, width = frames.shape
    filled = torch.cat([frames[:, :, :1].expand(-1, -1, STRIDE - 1, -1, -1), frames], dim=2)
    groups = filled.unflatten(2, (-1, STRIDE)).permute(0, 2, 1, 3, 4, 5)
    return groups.reshape(batch, -1, 3 * STRIDE, height, width)


class Encoder(nn.Module):
    """(B, 3, 1 + 4n, H, W) in -1 … 1 → (B, C, 1 + n, H/4, W/4), linear.

    Its weights are the principal components of drawn clips under overlapping windows (training/codec.py). Nothing in
    them knows of cell borders, so a feature that moves with its picture stays nearly the same.
    """

    def __init__(self, channels: int = 16):
        super().__init__()
        self.linear = nn.Conv2d(3 * STRIDE, channels, WINDOW, stride=CELL)

    def forward(self, frames: Tensor) -> Tensor:
        groups = group(frames)
        return self.linear(framed(groups.flatten(0, 1))).unflatten(0, groups.shape[:2]).transpose(1, 2)


def framed(pictures: Tensor) -> Tensor:
    """Borders repeated outwards, so that there is a window for each cell."""
    return functional.pad(pictures, [(WINDOW - CELL) // 2] * 4, mode="replicate")


class MemoryBlock(nn.Module):
    """A residual block that also sees what it saw a frame ago."""

    def __init__(self, width: int):
        super().__init__()
        self.mix = nn.Conv2d(2 * width, width, 3, padding=1)
        self.out = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, frames: Tensor, past: Tensor | None) -> Tensor:
        """frames: (B, T, C, h, w); past: (B, C, h, w) of the frame before, None at the start."""
        before = torch.zeros_like(frames[:, :1]) if past is None else past[:, None]
        seen = torch.cat([frames, torch.cat([before, frames[:, :-1]], dim=1)], dim=2)
        change = self.out(functional.silu(self.mix(seen.flatten(0, 1))))
        return frames + change.unflatten(0, frames.shape[:2])


class Decoder(nn.Module):
    """(B, C, n, h, w) → pictures in -1 … 1; call it chunk by chunk with the memory it returned.

    A linear part that answers the encoder's, and what a network with memory adds to it.
    """

    def __init__(self, channels: int = 16, width: int = 64):
        super().__init__()
        self.linear = nn.Conv2d(channels, 3 * STRIDE * CELL * CELL, 3, padding=1, padding_mode="replicate")
        self.enter = nn.Conv2d(channels, width, 3, padding=1)
        self.low = nn.ModuleList([MemoryBlock(width), MemoryBlock(width)])
        self.rise = nn.Conv2d(width, 4 * (width - 16), 3, padding=1)
        self.high = nn.ModuleList([MemoryBlock(width - 16), MemoryBlock(width - 16)])
        self.leave = nn.Conv2d(width - 16, 4 * 3 * STRIDE, 3, padding=1)

    def forward(self, latents: Tensor, memory: Memory | None = None) -> tuple[Tensor, Memory]:
        """→ (B, 3, 4n, H, W), or 4n - 3 frames when the clip starts here, and the memory for the next chunk."""
        past: list[Tensor | None] = list(memory) if memory else [None] * (len(self.low) + len(self.high))
        kept: Memory = []
        cells = latents.transpose(1, 2)
        frames = _each(self.enter, cells)
        for block in self.low:
            frames = self._remember(block, frames, past, kept)
        frames = _each(lambda flat: functional.pixel_shuffle(self.rise(flat), 2), frames)
        for block in self.high:
            frames = self._remember(block, frames, past, kept)
        groups = _each(lambda flat: functional.pixel_shuffle(self.leave(flat), 2), frames)
        groups = groups + _each(lambda flat: functional.pixel_shuffle(self.linear(flat), CELL), cells)
        pictures = groups.unflatten(2, (3, STRIDE)).transpose(1, 2).flatten(2, 3)
        return (pictures if memory else pictures[:, :, STRIDE - 1 :]), kept

    @staticmethod
    def _remember(block: nn.Module, frames: Tensor, past: list[Tensor | None], kept: Memory) -> Tensor:
        before = past[len(kept)]
        kept.append(frames[:, -1])
        return block(frames, before)


def _each(layer, frames: Tensor) -> Tensor:
    """A picture layer on every frame of (B, T, C, h, w)."""
    return layer(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])
