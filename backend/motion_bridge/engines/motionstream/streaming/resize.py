"""A Shot's pictures at a model's size, and back.

The whole picture is always shown: it is squeezed, never cropped, so that a track at a fraction of the picture stays at
that fraction. A model that takes other sizes gets one of the Shot's shape; then the squeeze is a few percent at most.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ..checkpoints.inference_config import Usage

STEP = 16  # pixels: a latent cell of 8, in patches of two


def size_for(usage: Usage, width: int, height: int) -> tuple[int, int]:
    """Width and height in pixels that the model draws for a Shot of this size."""
    if not usage.any_size:
        return usage.width, usage.height
    area, shape = usage.width * usage.height, width / height
    return tuple(max(STEP, STEP * round(side / STEP)) for side in ((area * shape) ** 0.5, (area / shape) ** 0.5))  # pyright: ignore[reportReturnType]


def squeezed(pixels: NDArray[np.uint8], width: int, height: int) -> Tensor:
    """(H, W, 3) uint8 → (3, height, width) in -1 … 1."""
    picture = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 127.5 - 1
    if picture.shape[-2:] == (height, width):
        return picture[0]
    return functional.interpolate(picture, (height, width), mode="bicubic", align_corners=False, antialias=True).clamp(
        -1, 1
    )[0]


def to_bytes(pictures: Tensor, width: int, height: int) -> Tensor:
    """(3, frames, h, w) in -1 … 1 → (frames, height, width, 3) uint8, on the same device."""
    frames = pictures.float().transpose(0, 1)
    if frames.shape[-2:] != (height, width):
        frames = functional.interpolate(frames, (height, width), mode="bicubic", align_corners=False, antialias=True)
    return ((frames.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def said_of(usage: Usage, width: int, height: int) -> list[str]:
    """What happens to pictures of this size, where anything does."""
    own = size_for(usage, width, height)
    if own == (width, height):
        return []
    squeezed_to = f"The model draws {own[0]}x{own[1]} pixels; the first frame of {width}x{height} is squeezed to that"
    return [f"{squeezed_to}, and the frames are stretched back."]
