"""Few-step sampling of one chunk: predict the clean chunk, add fresh noise for the next step, predict again.

The model's velocity is v = noise − clean, so clean = noisy − σ · v. (diffusers' FlowMatchLCMScheduler does the same
arithmetic; written out it needs no state and no host sync.)
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

SHIFT = 6.0


def shifted(times: Sequence[float], shift: float = SHIFT) -> list[float]:
    """Noise levels for evenly meant times 1 … 0: σ = shift · t / (1 + (shift − 1) · t)."""
    return [shift * t / (1 + (shift - 1) * t) for t in times]


def sigmas(steps: int, shift: float = SHIFT) -> list[float]:
    """The noise levels of a run of `steps` steps, from 1 downwards; the clean end is not listed."""
    return shifted([1 - k / steps for k in range(steps)], shift)


def sample(velocity: Callable[[Tensor, Tensor], Tensor], noise: Sequence[Tensor], levels: Sequence[float]) -> Tensor:
    """A clean chunk from one noise picture for each level.

    velocity: (noisy chunk, σ (B,)) → v. noise: as many (B, C, frames, h, w) as levels, the first of which is the start.
    """
    noisy = noise[0]
    clean = noisy
    for k, level in enumerate(levels):
        sigma = torch.full((noisy.shape[0],), level, dtype=torch.float32, device=noisy.device)
        clean = noisy - level * velocity(noisy, sigma)
        if k + 1 < len(levels):
            noisy = (1 - levels[k + 1]) * clean + levels[k + 1] * noise[k + 1]
    return clean
