"""An image model paints what a picture does not show, and nothing else."""

from dataclasses import replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ....geometry.visible_surfaces import Mask, Surfaces
from ....models.image_model import image_to_image
from ...reproject.frame_maker import rounded
from ...reproject.inpaint import relax
from .context import LoopContext
from .feedback_space import padded
from .images import from_bytes, to_bytes
from .internal_resolution import scaled
from .loop_state import LoopState
from .steps import conditioning_at, noise_level, noise_seed_at

Colors = NDArray[np.float32]  # (H, W, 3) sRGB, 0 to 255

SIGMA = 0.95  # where neither start_sigma nor strength_schedule says how much noise an unknown place is painted from
FEATHER = 0.5  # of sigma, in the cells around those that are painted
SMOOTH = 9  # pixels: over so many are the picture's and the model's colors compared


def paint(context: LoopContext, state: LoopState, colors: Colors, loose: Mask, here: Surfaces) -> Colors:
    """The colors with what is loose (H, W) painted by the model; whatever else it paints is left out.

    colors: what is known, and something to begin with in the rest. They meet without a seam: what the model's colors
    differ by around a hole is spread over the hole (Pérez et al. 2003, Poisson image editing).
    """
    small = scaled(rounded(colors), (context.shot.width, context.shot.height))
    picture = padded(from_bytes(small, context.device), context.model.multiple)
    height, width = small.shape[:2]
    area = padded(_area(loose, (width, height), context), context.model.multiple, "replicate")
    conditioning = replace(conditioning_at(context, state), area=area, picture=picture)
    if context.model.takes_reference and conditioning.reference is None:
        conditioning = replace(conditioning, reference=picture)  # as FLUX.2's inpainting is shown it
    seed = noise_seed_at(context, state)
    made = image_to_image(context.model, picture, hole_sigma(context, state), conditioning, seed)
    answer = scaled(to_bytes(made[..., :height, :width]), loose.shape[::-1]).astype(np.float32)
    return _seamless(colors, answer, loose, here)


def hole_sigma(context: LoopContext, state: LoopState) -> float:
    """The share of noise that unknown places are painted from."""
    asked = {"start_sigma", "strength_schedule"} & context.schedules.given
    return noise_level(context, state) if asked or state.is_cut else SIGMA


def _area(loose: Mask, size: tuple[int, int], context: LoopContext) -> Tensor:
    """Where the model may change the picture at its own size, (1, 1, h, w): widened by a latent cell, and feathered."""
    small = cv2.resize(loose.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    area = torch.from_numpy(small.astype(np.float32))[None, None].to(context.device)
    inside = _widened(area, context.model.multiple)
    return torch.maximum(inside, FEATHER * _widened(inside, context.model.multiple))


def _widened(area: Tensor, pixels: int) -> Tensor:
    return functional.max_pool2d(area, 2 * pixels + 1, 1, pixels)


def _seamless(colors: Colors, answer: Colors, loose: Mask, here: Surfaces) -> Colors:
    known = (~loose & ~here.fringe).astype(np.float32)
    weight = cv2.blur(known, (SMOOTH, SMOOTH))[..., None]
    difference = cv2.blur((colors - answer) * known[..., None], (SMOOTH, SMOOTH)) / np.maximum(weight, 1e-6)
    difference[loose] = 0
    relax(difference, loose, here)
    return np.where(loose[..., None], answer + difference, colors)
