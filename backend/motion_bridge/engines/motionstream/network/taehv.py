"""TAEHV's decoder, with its own names, so that its published weights load as they are.

github.com/madebyollin/taehv: small 2D convolutions, each block remembering what it saw a frame ago; space doubles three
times, time twice. Latents are normalized, pictures come out in 0 … 1, and of the first latent frame three pictures are
dropped, as Wan's own decoder does. `TinyDecoder` is this project's; both stream with the memory they returned last.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from .sketch_vae import Memory
from .track_head import STRIDE

DECODER = "decoder."  # before every name
WIDTHS = (256, 128, 64, 64)
GROWTH = (1, 2, 2)  # frames out of one, at the end of each stage
BLOCKS = 3  # in each stage
LAST = 20  # place of the convolution after the last stage


class Squash(nn.Module):
    """Latents held within ±3."""

    def forward(self, frames: Tensor) -> Tensor:
        return torch.tanh(frames / 3) * 3


class Remembering(nn.Module):
    """A residual block on what is there and what was there a frame ago: (B, T, C, h, w)."""

    def __init__(self, width: int):
        super().__init__()
        first = nn.Conv2d(2 * width, width, 3, padding=1)
        others = [nn.Conv2d(width, width, 3, padding=1) for _ in range(2)]
        self.conv = nn.Sequential(first, nn.ReLU(), others[0], nn.ReLU(), others[1])

    def forward(self, frames: Tensor, past: Tensor | None) -> Tensor:
        before = torch.zeros_like(frames[:, :1]) if past is None else past[:, None]
        seen = torch.cat([frames, torch.cat([before, frames[:, :-1]], dim=1)], dim=2)
        change = self.conv(seen.flatten(0, 1)).unflatten(0, frames.shape[:2])
        return functional.relu(frames + change)


class Grow(nn.Module):
    """Several frames out of each: (N, C, h, w) → (N · times, C, h, w)."""

    def __init__(self, width: int, times: int):
        super().__init__()
        self.conv = nn.Conv2d(width, width * times, 1, bias=False)

    def forward(self, frames: Tensor) -> Tensor:
        return self.conv(frames).reshape(-1, *frames.shape[1:])


class TaehvDecoder(nn.Module):
    """Latents to pictures, called as every decoder is (decoder.py)."""

    def __init__(self, channels: int = 16, widths: Sequence[int] = WIDTHS):
        super().__init__()
        layers: list[nn.Module] = [Squash(), nn.Conv2d(channels, widths[0], 3, padding=1), nn.ReLU()]
        for width, wider, times in zip(widths, widths[1:], GROWTH, strict=False):
            layers += [Remembering(width) for _ in range(BLOCKS)]
            layers += [
                nn.Upsample(scale_factor=2),
                Grow(width, times),
                nn.Conv2d(width, wider, 3, padding=1, bias=False),
            ]
        layers += [nn.ReLU(), nn.Conv2d(widths[-1], 3, 3, padding=1)]
        self.decoder = nn.Sequential(*layers)

    def forward(self, latents: Tensor, memory: Memory | None = None) -> tuple[Tensor, Memory]:
        """(B, C, n, h, w) → (B, 3, 4n, 8h, 8w) in -1 … 1, or 4n - 3 frames where the clip starts, and the memory."""
        kept: Memory = []
        past = iter(memory) if memory else None
        frames = latents.to(self.decoder.get_parameter("1.weight")).transpose(1, 2)
        for layer in self.decoder:
            if isinstance(layer, Remembering):
                kept.append(frames[:, -1])
                frames = layer(frames, next(past) if past else None)
            else:
                frames = layer(frames.flatten(0, 1)).unflatten(0, (len(latents), -1))
        pictures = (frames.clamp(0, 1) * 2 - 1).transpose(1, 2)
        return (pictures if memory else pictures[:, :, STRIDE - 1 :]), kept


def widths_of(state: Mapping[str, Tensor]) -> tuple[int, tuple[int, ...]]:
    """Latent channels and the widths of a file's stages; none where it is of another kind."""
    places = [1, *range(2 + BLOCKS + 3, LAST + 1, BLOCKS + 3)]
    found = [state.get(f"{DECODER}{place}.weight") for place in places]
    shapes = [each.shape for each in found if each is not None and each.dim() == 4]
    if len(shapes) < len(places):
        return 0, ()
    return shapes[0][1], tuple(shape[0] for shape in shapes)
