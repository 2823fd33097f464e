"""The tiny decoder at full size: Wan's latents to pictures, eight times as wide and high, four times as many.

Two-dimensional convolutions with a memory of the past frame (arXiv 2511.01266, section 3.4), about 9.8 million
parameters beside the 73 million of Wan's own. It is the sketch's decoder with one more doubling.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from .sketch_vae import Memory, MemoryBlock
from .track_head import STRIDE

WIDTHS = (256, 136, 96, 64)  # at 1, 2, 4 and 8 times the latent's size
BLOCKS = 3  # at each


class TinyDecoder(nn.Module):
    def __init__(self, channels: int = 16, widths: Sequence[int] = WIDTHS, blocks: int = BLOCKS):
        super().__init__()
        self.shape = {"channels": channels, "widths": list(widths), "blocks": blocks}
        self.enter = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.blocks = nn.ModuleList([nn.ModuleList([MemoryBlock(width) for _ in range(blocks)]) for width in widths])
        pairs = zip(widths, widths[1:], strict=False)
        self.rise = nn.ModuleList([nn.Conv2d(width, 4 * wider, 3, padding=1) for width, wider in pairs])
        self.leave = nn.Conv2d(widths[-1], 3 * STRIDE, 3, padding=1)

    def forward(self, latents: Tensor, memory: Memory | None = None) -> tuple[Tensor, Memory]:
        """(B, C, n, h, w) → (B, 3, 4n, 8h, 8w), or 4n - 3 frames where the clip starts here, and the next memory."""
        kept: Memory = []
        past = iter(memory) if memory else None
        frames = self._each(self.enter, latents.to(self.enter.weight).transpose(1, 2))
        for stage, blocks in enumerate(self.blocks):
            for block in blocks:  # pyright: ignore[reportGeneralTypeIssues]
                kept.append(frames[:, -1])
                frames = block(frames, next(past) if past else None)
            if stage < len(self.rise):
                frames = functional.pixel_shuffle(self._each(self.rise[stage], frames), 2)
        groups = self._each(self.leave, frames)
        pictures = groups.unflatten(2, (3, STRIDE)).transpose(2, 3).flatten(1, 2).transpose(1, 2)
        return (pictures if memory else pictures[:, :, STRIDE - 1 :]), kept

    @staticmethod
    def _each(layer: nn.Module, frames: Tensor) -> Tensor:
        """A picture layer on every frame of (B, T, C, h, w)."""
        return layer(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])
