"""Weights for a codec that works before it has learned anything: it starts as a wavelet transform.

From random weights an autoencoder takes a thousand steps to find out about color, and more about edges. So brightness
and two differences of color are led through it by hand: shrunk by means of 2×2 pixels, the last two times with the
slopes that the means lose, and grown again the other way round. All other weights stay random and small, and learn.

Its last normalization divides by the size of what comes in. Channels that are always ±LOUD drown the rest, so that it
divides by nearly the same in every picture; and what passes twice, as x and -x, passes a SiLU unchanged, for
silu(x) - silu(-x) = x.
"""

import torch
from diffusers import AutoencoderKLFlux2
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, nn

COLOURS = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [1.0, -2.0, 1.0]])
COLOURS = COLOURS / COLOURS.norm(dim=1, keepdim=True)  # brightness, red - blue, green against both; orthonormal
MEAN, SLOPE = (0.5, 0.5, 0.0), (0.5, -0.5, 0.0)  # shrinking; the window starts at the pixel itself
GROW, TILT = (0.25, 0.5, 0.25), (-0.75, 0.0, 0.75)  # growing, after each pixel was doubled
STAY = (0.0, 1.0, 0.0)
LOUD, SHARE = 4.0, 4  # of one channel in four
# what the 16 latents are: (the signal of the stage before, slope along y, slope along x); 3 and 4 are the slopes of
# brightness one stage earlier
LATENTS = (
    *((0, 0, 0), (1, 0, 0), (2, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0), (2, 0, 1), (2, 1, 0)),
    *((3, 0, 0), (3, 0, 1), (3, 1, 0), (4, 0, 0), (4, 0, 1), (4, 1, 0)),
)
EARLIER = ((0, 0, 0), (1, 0, 0), (2, 0, 0), (0, 0, 1), (0, 1, 0))
FIRST = ((0, 0, 0), (1, 0, 0), (2, 0, 0))


@torch.no_grad()
def lead(codec: AutoencoderKLFlux2, pictures: Tensor) -> None:
    """Set a codec's weights; `pictures` (B, 3, H, W) in -1 … 1 say how large each latent must be to vary by about 1."""
    for module in codec.modules():
        if isinstance(module, ResnetBlock2D):
            module.conv2.weight *= 0.05  # what a block adds starts small
            module.conv2.bias.zero_()
    _encoder(codec.encoder)
    _decoder(codec.decoder)
    same = torch.eye(len(LATENTS))
    _matrix(codec.quant_conv, same)
    size = codec.encode(pictures).latent_dist.mode().std((0, 2, 3))
    _matrix(codec.quant_conv, same / size[:, None])
    _matrix(codec.post_quant_conv, same * size[:, None])


def _encoder(encoder: nn.Module) -> None:
    _matrix(encoder.conv_in, COLOURS)
    down = encoder.down_blocks
    for block, signals in zip(down, (FIRST, EARLIER, LATENTS), strict=False):
        _shortcut(block, torch.eye(len(FIRST) if signals is not LATENTS else len(EARLIER)))
        _clear(block.downsamplers[0].conv, len(signals))
        for place, (source, y, x) in enumerate(signals):
            _lead(block.downsamplers[0].conv, place, source, (MEAN, SLOPE)[y], (MEAN, SLOPE)[x])
    _last(encoder, down[-1], torch.eye(len(LATENTS)))


def _decoder(decoder: nn.Module) -> None:
    _matrix(decoder.conv_in, torch.eye(len(LATENTS)))
    up = decoder.up_blocks
    for block, signals, came in zip(up, (LATENTS, EARLIER, FIRST), (16, 16, 5), strict=False):
        _shortcut(block, torch.eye(min(came, len(signals))))
        _clear(block.upsamplers[0].conv, max(source for source, _, _ in signals) + 1)
        for place, (source, y, x) in enumerate(signals):
            _lead(block.upsamplers[0].conv, source, place, (GROW, TILT)[y], (GROW, TILT)[x])
    _last(decoder, up[-1], COLOURS.T)


def _last(half: nn.Module, block: nn.Module, matrix: Tensor) -> None:
    """The signals leave: each as x and -x beside channels that are always loud; normalized, SiLU, put together."""
    count = matrix.shape[1]
    both = torch.stack([torch.eye(count), -torch.eye(count)], dim=1).flatten(0, 1)
    conv = block.resnets[0].conv_shortcut
    _matrix(conv, both)
    loud = slice(len(conv.weight) - len(conv.weight) // SHARE, None)
    conv.weight[loud] = 0
    conv.bias[loud] = LOUD
    conv.bias[loud][::2] *= -1
    half.conv_norm_out.weight.fill_(LOUD / SHARE**0.5)
    _matrix(half.conv_out, torch.stack([matrix, -matrix], dim=2).flatten(1))


def _shortcut(block: nn.Module, matrix: Tensor) -> None:
    """A block of another width than the one before it is passed by a 1×1 convolution; of the same, by nothing."""
    if block.resnets[0].conv_shortcut is not None:
        _matrix(block.resnets[0].conv_shortcut, matrix)


def _matrix(conv: nn.Conv2d, matrix: Tensor) -> None:
    """The first channels out from the first channels in, each pixel by itself."""
    rows, columns = matrix.shape
    _clear(conv, rows)
    middle = conv.kernel_size[0] // 2
    conv.weight[:rows, :columns, middle, middle] = matrix


def _clear(conv: nn.Conv2d, rows: int) -> None:
    conv.weight[:rows] = 0
    conv.bias[:rows] = 0


def _lead(conv: nn.Conv2d, to: int, source: int, along_y: tuple, along_x: tuple) -> None:
    conv.weight[to, source] = torch.outer(torch.tensor(along_y), torch.tensor(along_x))
