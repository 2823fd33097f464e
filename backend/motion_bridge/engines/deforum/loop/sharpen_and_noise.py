"""Sharpness and grain: what counters the blur that resampling and denoising leave behind.

Pictures are (B, 3, H, W) float, 0 to 1; what these steps push beyond is clamped when a picture is shown.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from ....models.cuda_stream import to_device

BANDS = (1.0, 2.0)  # pixels of blur that part one band of detail from the next
FAR = 2.0  # times as much detail, or half: no drift any more
ROUNDS = 3


def unsharp(picture: Tensor, amount: float, kernel: int = 5, sigma: float = 1.0, threshold: float = 0.0) -> Tensor:
    """Unsharp masking: the picture plus `amount` of what a Gaussian blur takes away.

    kernel: pixels, made odd. threshold: gray levels (0 to 255); differences below it are left alone.
    """
    if amount == 0:
        return picture
    detail = picture - blur(picture, kernel, sigma)
    if threshold > 0:
        detail = torch.where(detail.abs() * 255 < threshold, 0.0, detail)
    return picture + amount * detail


def blur(picture: Tensor, kernel: int, sigma: float) -> Tensor:
    """A Gaussian blur with mirrored edges; its kernel reaches no farther than the picture."""
    reach = min(max(int(kernel), 1) // 2, min(picture.shape[-2:]) - 1)
    at = torch.arange(-reach, reach + 1, device=picture.device, dtype=picture.dtype)
    weight = torch.exp(-0.5 * (at / max(sigma, 1e-6)) ** 2)
    weight = weight / weight.sum()
    channels = picture.shape[1]
    padded = functional.pad(picture, (reach,) * 4, mode="reflect")
    across = functional.conv2d(padded, weight.expand(channels, 1, 1, -1), groups=channels)
    return functional.conv2d(across, weight[:, None].expand(channels, 1, -1, 1), groups=channels)


def match_detail(picture: Tensor, reference: Tensor, amount: float, together: bool) -> Tensor:
    """The picture with its fine structure as strong as a reference's; `amount` of the way there.

    Two bands, an octave each, are made stronger or weaker as a whole; nothing is drawn. What differs by more than a
    factor of FAR is another subject rather than drift, and is left alone. together: one factor for all channels.
    """
    if amount == 0:
        return picture
    bands, wanted = _bands(picture), _band_sizes(_bands(reference), together)
    own = _band_sizes(bands, together).clamp(min=1e-9)
    share = wanted / own
    wanted = own * torch.where((share < FAR) & (share > 1 / FAR), share, 1.0) ** amount
    for _ in range(ROUNDS):  # the bands overlap
        picture = picture + (bands * (wanted / own - 1)).sum(0)
        bands = _bands(picture)
        own = _band_sizes(bands, together).clamp(min=1e-9)
    return picture


def _bands(picture: Tensor) -> Tensor:
    """What is finer than a blur of one and of two pixels: (2, B, C, H, W)."""
    reach = [min(2 * round(3 * sigma) + 1, 2 * min(picture.shape[-2:]) - 1) for sigma in BANDS]
    fine, coarse = (blur(picture, kernel, sigma) for kernel, sigma in zip(reach, BANDS, strict=True))
    return torch.stack([picture - fine, fine - coarse])


def _band_sizes(bands: Tensor, together: bool) -> Tensor:
    """Root mean square of each band: (2, B, C or 1, 1, 1)."""
    return (bands**2).mean((2, 3, 4) if together else (3, 4), keepdim=True).sqrt()


def add_noise(picture: Tensor, noise: Tensor, amount: Tensor) -> Tensor:
    """Noise on top, an amount for each pixel (1, 1, H, W). An amount has Deforum's size: two make one deviation."""
    return picture + 0.5 * amount * noise


def mix_noise(picture: Tensor, noise: Tensor, amount: Tensor) -> Tensor:
    """Noise as the webui mixes it in: the picture fades towards middle gray by the same amount."""
    return torch.lerp(picture, (0.5 + 0.5 * noise).clamp(0, 1), amount)


def gaussian(like: Tensor, seed: int) -> Tensor:
    """Standard normal noise of a picture's shape, the same on every device."""
    return to_device(torch.randn(like.shape, generator=torch.Generator().manual_seed(seed)), like.device).to(like)


def perlin(
    like: Tensor, seed: int, cells: tuple[int, int] = (8, 8), octaves: int = 4, persistence: float = 0.5
) -> Tensor:
    """Normal noise in clouds, as the field means it: its strength at each place follows Perlin noise.

    cells: of the coarsest octave, across width and height; each octave halves them and fades by `persistence`.
    """
    random = torch.Generator().manual_seed(seed)
    white = torch.randn(like.shape, generator=random)
    clouds = torch.zeros(like.shape[-2:])
    for octave in range(octaves):
        across, down = (cells[0] << octave, cells[1] << octave)
        clouds += persistence**octave * _gradient_noise(like.shape[-2], like.shape[-1], down, across, random)
    return to_device(white * (clouds + 1) / 2, like.device).to(like)


def _gradient_noise(height: int, width: int, down: int, across: int, random: torch.Generator) -> Tensor:
    """One octave of Perlin noise, about -1 to 1: (H, W)."""
    angle = 2 * math.pi * torch.rand(down + 1, across + 1, generator=random)
    gradient = torch.stack([torch.cos(angle), torch.sin(angle)], -1)  # along y and x
    y, x = torch.arange(height) * (down / height), torch.arange(width) * (across / width)
    row, column = y.long(), x.long()
    inside = torch.stack(torch.meshgrid(y - row, x - column, indexing="ij"), -1)

    def corner(dy: int, dx: int) -> Tensor:
        return (gradient[row + dy][:, column + dx] * (inside - torch.tensor([dy, dx]))).sum(-1)

    ease = inside**3 * (inside * (6 * inside - 15) + 10)
    upper = torch.lerp(corner(0, 0), corner(0, 1), ease[..., 1])
    lower = torch.lerp(corner(1, 0), corner(1, 1), ease[..., 1])
    return math.sqrt(2) * torch.lerp(upper, lower, ease[..., 0])
