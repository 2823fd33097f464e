"""Noise that moves with what it lies on.

Warping noise would blur it, and taking the nearest pixel again and again would move it by whole pixels. So what is
carried from frame to frame is not the noise but the address of each pixel's surface: where and when it was first seen.
The noise is a function of the address; it can be computed anywhere, again and again, and stays independent normal.
"""

import numpy as np
import torch
from torch import Tensor

from .warp import positions, warp

STEP, FIRST, SECOND = -0x61C8864680B583EB, -0x40A7B892E31B1A47, -0x6B2FB644ECCEEE15  # splitmix64's constants, signed


def addresses(height: int, width: int, born: int, device: torch.device | str = "cpu") -> Tensor:
    """A picture seen for the first time at frame `born`: (1, 3, H, W) as x, y and frame."""
    at = positions(height, width, torch.zeros(1, device=device)).permute(2, 0, 1)
    return torch.cat([at, torch.full_like(at[:1], born)])[None]


def carry(address: Tensor, flow: Tensor, revealed: Tensor, k: int) -> Tensor:
    """The addresses at frame k: those that moved there, new ones where something is revealed."""
    height, width = address.shape[-2:]
    place, born = warp(address[:, :2], flow, kernel="bilinear"), warp(address[:, 2:], flow, kernel="nearest")
    fresh = addresses(height, width, k, address.device)
    return torch.where(revealed[:, None], fresh, torch.cat([place, born], 1))


def noise(address: Tensor, seed: int, k: int, channels: int = 3) -> Tensor:
    """Standard normal noise for addresses at frame k: (1, channels, H, W).

    Where the picture grows, neighbors share an address; the second of them gets noise of its own. Without CUDA it is
    drawn by the processor: Apple's GPUs have no 64-bit floats, and the numbers must be the same everywhere.
    """
    device, dtype = address.device, address.dtype
    address = address if address.is_cuda else address.cpu()
    height, width = address.shape[-2:]
    whole = address.floor().long()
    shared = torch.zeros_like(whole[:, :1], dtype=torch.bool)
    shared[..., 1:] |= (whole[..., 1:] == whole[..., :-1]).all(1, keepdim=True)
    shared[..., 1:, :] |= (whole[..., 1:, :] == whole[..., :-1, :]).all(1, keepdim=True)
    own = addresses(height, width, -1 - k, address.device).long()  # negative: no surface is born then
    x, y, born = torch.where(shared, own, whole).unbind(1)
    drawn = []
    for channel in range(channels):
        mixed = _mixed(_mixed(_mixed(x + seed * channels + channel) + y) + born)
        drawn.append(_normal(mixed, _mixed(mixed)).to(dtype))
    return torch.stack(drawn, 1).to(device)


def _normal(one: Tensor, other: Tensor) -> Tensor:
    """Two random whole numbers as a standard normal one, by Box and Muller."""
    if not one.is_cuda:
        first, second = ((_shifted(each, 11).numpy() / (1 << 53)) for each in (one, other))
        return torch.from_numpy(np.sqrt(-2 * np.log1p(-first)) * np.cos(2 * np.pi * second))
    first, second = (_shifted(each, 11).double() / (1 << 53) for each in (one, other))
    return torch.sqrt(-2 * torch.log1p(-first)) * torch.cos(2 * torch.pi * second)


def _mixed(value: Tensor) -> Tensor:
    """splitmix64 on signed 64-bit numbers that wrap."""
    value = value + STEP
    value = (value ^ _shifted(value, 30)) * FIRST
    value = (value ^ _shifted(value, 27)) * SECOND
    return value ^ _shifted(value, 31)


def _shifted(value: Tensor, bits: int) -> Tensor:
    """A shift to the right that brings in zeros, not the sign."""
    return (value >> bits) & ((1 << (64 - bits)) - 1)
