"""Keeping colors where they belong: a picture's colors, or a latent's statistics, brought to a reference's.

Pictures are (B, 3, H, W) float sRGB, 0 to 1. The field's color coherence is histogram matching of each channel in
some space of colors; done in floats here, so that nothing is rounded and a picture that already matches is untouched.
"""

import numpy as np
import torch
from torch import Tensor

SPACES = ("LAB", "RGB", "HSV")
WHITE = (0.95047, 1.0, 1.08883)  # D65
TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
FROM_XYZ = np.linalg.inv(TO_XYZ).tolist()
KNEE = 6 / 29  # where LAB's cube root becomes a line


def match(picture: Tensor, reference: Tensor, space: str, amount: float = 1.0) -> Tensor:
    """The picture with the reference's histogram in each channel of a space; `amount` of the way there."""
    there, back = {"LAB": (to_lab, from_lab), "HSV": (to_hsv, from_hsv), "RGB": (_same, _same)}[space]
    matched = back(match_channels(there(picture), there(reference)))
    return torch.lerp(picture, matched, amount)


def match_channels(values: Tensor, reference: Tensor) -> Tensor:
    """Each channel's values replaced by the reference's of equal rank; equal values stay equal."""
    flat, wanted = values.flatten(2).contiguous(), reference.flatten(2).sort(-1).values
    order = flat.sort(-1).values
    first, last = torch.searchsorted(order, flat), torch.searchsorted(order, flat, right=True)
    rank = (first + last).to(flat.dtype) / 2 / flat.shape[-1]  # of the middle of equal values
    at = (rank * wanted.shape[-1] - 0.5).clamp(0, wanted.shape[-1] - 1)
    below = at.floor().long()
    above = (below + 1).clamp(max=wanted.shape[-1] - 1)
    wanted = wanted.expand(len(flat), -1, -1)
    return torch.lerp(wanted.gather(-1, below), wanted.gather(-1, above), at - below).view_as(values)


def match_statistics(latent: Tensor, reference: Tensor, amount: float | Tensor = 1.0) -> Tensor:
    """The latent with the mean and deviation of each of the reference's channels; `amount` of the way there.

    amount: for all, or (1, C, 1, 1).
    """
    mean, deviation = latent.mean((2, 3), keepdim=True), latent.std((2, 3), keepdim=True)
    wanted, size = reference.mean((2, 3), keepdim=True), reference.std((2, 3), keepdim=True)
    return torch.lerp(latent, (latent - mean) / deviation.clamp(min=1e-6) * size + wanted, amount)


def contrast(picture: Tensor, factor: float) -> Tensor:
    """Contrast about middle gray, so that repeating it neither brightens nor darkens."""
    return picture if factor == 1 else (picture - 0.5) * factor + 0.5


def gray(picture: Tensor) -> Tensor:
    """The picture without color, by the luma of television (Rec. 601), as the field does."""
    luma = (picture * picture.new_tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
    return luma.expand_as(picture)


def to_lab(picture: Tensor) -> Tensor:
    """sRGB to CIELAB under D65: L from 0 to 100, a and b about -100 to 100. Values beyond 0 to 1 are clamped."""
    value = picture.clamp(0, 1)
    linear = torch.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    xyz = _transform(linear, picture.new_tensor(TO_XYZ)) / picture.new_tensor(WHITE)[:, None, None]
    x, y, z = torch.where(xyz > KNEE**3, xyz ** (1 / 3), xyz / (3 * KNEE**2) + 4 / 29).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def from_lab(lab: Tensor) -> Tensor:
    """The inverse of `to_lab`; colors that no screen has are clamped."""
    light, a, b = lab.unbind(1)
    y = (light + 16) / 116
    root = torch.stack([y + a / 500, y, y - b / 200], 1)
    xyz = torch.where(root > KNEE, root**3, 3 * KNEE**2 * (root - 4 / 29)) * lab.new_tensor(WHITE)[:, None, None]
    linear = _transform(xyz, lab.new_tensor(FROM_XYZ)).clamp(0, 1)
    return torch.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear.clamp(min=1e-9) ** (1 / 2.4) - 0.055)


def to_hsv(picture: Tensor) -> Tensor:
    """sRGB to hue, saturation and value, each 0 to 1; hue 0 is red, and gray has hue 0."""
    red, green, blue = picture.unbind(1)
    value, least = picture.amax(1), picture.amin(1)
    spread = value - least
    over = spread.clamp(min=1e-12)
    hue = torch.where(
        value == red,
        ((green - blue) / over) % 6,
        torch.where(value == green, (blue - red) / over + 2, (red - green) / over + 4),
    )
    saturation = spread / value.clamp(min=1e-12)
    return torch.stack([hue / 6, saturation, value], 1)


def from_hsv(hsv: Tensor) -> Tensor:
    """The inverse of `to_hsv`."""
    hue, saturation, value = hsv.unbind(1)
    turn = torch.stack([(hue * 6 + offset) % 6 for offset in (5.0, 3.0, 1.0)], 1)
    part = torch.minimum(turn, 4 - turn).clamp(0, 1)
    return (value * (1 - saturation * part.movedim(1, 0))).movedim(0, 1)


def _transform(channels: Tensor, matrix: Tensor) -> Tensor:
    return torch.einsum("ij,bjhw->bihw", matrix, channels)


def _same(picture: Tensor) -> Tensor:
    return picture
