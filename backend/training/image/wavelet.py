"""Weights for a codec that works before it has learned anything: it starts as a wavelet transform.

From random weights an autoencoder takes a thousand steps to find out about color, and more about edges. So brightness
and two differences of color are led through it by hand: shrunk by means of 2×2 pixels, the last two times with the
slopes that the means lose, and grown again the other way round. All other weights stay random and small, and learn.

Its last normalization divides by the size of what comes in. Channels that are always ±LOUD drown the rest, so that it
divides by nearly the same in every picture; and what passes twice, as x and -x, passes a SiLU unchanged, for
silu(x) - silu(-x) = x.
"""

import torch
from diffusers.models.autoencoders.autoencoder_kl_flux2 import AutoencoderKLFlux2
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, nn

from .latents import encoded

COLORS = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [1.0, -2.0, 1.0]])
COLORS = COLORS / COLORS.norm(dim=1, keepdim=True)  # brightness, red - blue, green against both; orthonormal
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
            _bias(module.conv2).zero_()
    _encoder(codec.encoder)
    _decoder(codec.decoder)
    same = torch.eye(len(LATENTS))
    _matrix(_conv(codec, "quant_conv"), same)
    size = encoded(codec, pictures).std((0, 2, 3))
    _matrix(_conv(codec, "quant_conv"), same / size[:, None])
    _matrix(_conv(codec, "post_quant_conv"), same * size[:, None])


def _encoder(encoder: nn.Module) -> None:
    _matrix(_conv(encoder, "conv_in"), COLORS)
    for stage, signals in enumerate((FIRST, EARLIER, LATENTS)):
        _shortcut(encoder, f"down_blocks.{stage}", torch.eye(len(FIRST) if signals is not LATENTS else len(EARLIER)))
        shrink = _conv(encoder, f"down_blocks.{stage}.downsamplers.0.conv")
        _clear(shrink, len(signals))
        for place, (source, y, x) in enumerate(signals):
            _lead(shrink, place, source, (MEAN, SLOPE)[y], (MEAN, SLOPE)[x])
    _last(encoder, "down_blocks.3", torch.eye(len(LATENTS)))


def _decoder(decoder: nn.Module) -> None:
    _matrix(_conv(decoder, "conv_in"), torch.eye(len(LATENTS)))
    for stage, (signals, came) in enumerate(((LATENTS, 16), (EARLIER, 16), (FIRST, 5))):
        _shortcut(decoder, f"up_blocks.{stage}", torch.eye(min(came, len(signals))))
        grow = _conv(decoder, f"up_blocks.{stage}.upsamplers.0.conv")
        _clear(grow, max(source for source, _, _ in signals) + 1)
        for place, (source, y, x) in enumerate(signals):
            _lead(grow, source, place, (GROW, TILT)[y], (GROW, TILT)[x])
    _last(decoder, "up_blocks.3", COLORS.T)


def _last(half: nn.Module, block: str, matrix: Tensor) -> None:
    """The signals leave: each as x and -x beside channels that are always loud; normalized, SiLU, put together."""
    count = matrix.shape[1]
    both = torch.stack([torch.eye(count), -torch.eye(count)], dim=1).flatten(0, 1)
    conv = _conv(half, f"{block}.resnets.0.conv_shortcut")
    _matrix(conv, both)
    loud = slice(len(conv.weight) - len(conv.weight) // SHARE, None)
    conv.weight[loud] = 0
    _bias(conv)[loud] = LOUD
    _bias(conv)[loud][::2] *= -1
    half.get_parameter("conv_norm_out.weight").fill_(LOUD / SHARE**0.5)
    _matrix(_conv(half, "conv_out"), torch.stack([matrix, -matrix], dim=2).flatten(1))


def _shortcut(half: nn.Module, block: str, matrix: Tensor) -> None:
    """A block of another width than the one before it is passed by a 1×1 convolution; of the same, by nothing."""
    name = f"{block}.resnets.0.conv_shortcut"
    if name in dict(half.named_modules()):
        _matrix(_conv(half, name), matrix)


def _matrix(conv: nn.Conv2d, matrix: Tensor) -> None:
    """The first channels out from the first channels in, each pixel by itself."""
    rows, columns = matrix.shape
    _clear(conv, rows)
    middle = conv.kernel_size[0] // 2
    conv.weight[:rows, :columns, middle, middle] = matrix


def _clear(conv: nn.Conv2d, rows: int) -> None:
    conv.weight[:rows] = 0
    _bias(conv)[:rows] = 0


def _lead(conv: nn.Conv2d, to: int, source: int, along_y: tuple, along_x: tuple) -> None:
    conv.weight[to, source] = torch.outer(torch.tensor(along_y), torch.tensor(along_x))


def _conv(network: nn.Module, name: str) -> nn.Conv2d:
    """The convolution of that name, as state dicts have it."""
    found = network.get_submodule(name)
    assert isinstance(found, nn.Conv2d), name
    return found


def _bias(conv: nn.Conv2d) -> Tensor:
    assert conv.bias is not None
    return conv.bias
