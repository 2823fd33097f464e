"""The channels a model sees: 16 noise, 4 mask, 16 first frame, 16 tracks, in this order.

The mask is one where the first frame is given (latent frame 0) and zero after it.
"""

import torch
from torch import Tensor

MASK_CHANNELS = 4


def first_frame_channels(latent: Tensor, frames: int, latent_start: int = 0) -> Tensor:
    """Mask and first frame for `frames` latent frames: (B, 4 + C, frames, h, w).

    latent: (B, C, T, h, w), the encoded first frame followed by encoded grey; past its end the last grey frame goes on.
    """
    batch, _, known, height, width = latent.shape
    at = torch.arange(latent_start, latent_start + frames, device=latent.device).clamp(max=known - 1)
    mask = torch.zeros(batch, MASK_CHANNELS, frames, height, width, dtype=latent.dtype, device=latent.device)
    if latent_start == 0:
        mask[:, :, 0] = 1
    return torch.cat([mask, latent[:, :, at]], dim=1)


def model_input(noisy: Tensor, first_frame: Tensor, tracks: Tensor) -> Tensor:
    """(B, 16 + 20 + 16, T, h, w): what the patch embedding reads."""
    return torch.cat([noisy, first_frame, tracks], dim=1)
