"""How like two pictures are: PSNR, and SSIM with the usual 11×11 Gaussian (Wang et al., 2004), also under a mask."""

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (..., H, W, 3)
RADIUS, SIGMA = 5, 1.5
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def psnr(one: Picture, other: Picture, mask: NDArray[np.bool_] | None = None) -> float:
    """Decibels over all pixels, or over those of mask (..., H, W); inf for equal pictures, nan for an empty mask."""
    square = (one.astype(np.float64) - other) ** 2
    error = square.mean() if mask is None else _mean(square.mean(-1), mask)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def ssim(one: Picture, other: Picture, mask: NDArray[np.bool_] | None = None) -> float:
    """Mean structural similarity of gray pictures, -1 … 1; near the borders only what is inside counts.

    mask: (..., H, W), the pixels whose windows are averaged.
    """
    a, b = _gray(one), _gray(other)
    mean_a, mean_b = _blur(a), _blur(b)
    variance_a, variance_b = _blur(a * a) - mean_a**2, _blur(b * b) - mean_b**2
    shared = _blur(a * b) - mean_a * mean_b
    value = (2 * mean_a * mean_b + C1) * (2 * shared + C2)
    value /= (mean_a**2 + mean_b**2 + C1) * (variance_a + variance_b + C2)
    return float(value.mean()) if mask is None else _mean(value, mask)


def _mean(values: NDArray[np.float64], mask: NDArray[np.bool_]) -> float:
    return float(values[mask].mean()) if mask.any() else float("nan")


def _gray(picture: Picture) -> NDArray[np.float64]:
    return picture.astype(np.float64) @ np.array([0.299, 0.587, 0.114])


def _blur(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    kernel = np.exp(-0.5 * (np.arange(-RADIUS, RADIUS + 1) / SIGMA) ** 2)
    for axis in (-2, -1):
        weight = _along(np.ones(picture.shape[axis]), kernel, 0)
        shape = [1] * picture.ndim
        shape[axis] = -1
        picture = _along(picture, kernel, axis) / weight.reshape(shape)
    return picture


def _along(values: NDArray[np.float64], kernel: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    moved = np.moveaxis(values, axis, -1)
    padded = np.pad(moved, [(0, 0)] * (moved.ndim - 1) + [(RADIUS, RADIUS)])
    size = moved.shape[-1]
    total = sum(weight * padded[..., k : k + size] for k, weight in enumerate(kernel))
    return np.moveaxis(np.asarray(total), -1, axis)
