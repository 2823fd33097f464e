"""How much of a picture is replaced: one number, sigma, and its conversions.

sigma is the share of noise in the mixture that denoising starts from, (1 - sigma)·picture + sigma·noise: 0 changes
nothing, 1 keeps nothing. It means the same in every model family and is continuous on models of few steps, where a
strength is not: strength picks one of a model's own levels, and the highest of four are close together.

Two words for the other direction are in use, so both are named here: `denoise` is the share of the steps that are
taken (XLabs, ComfyUI), `strength` the share that is kept (Deforum, webui): strength = 1 - denoise.
"""

import math
from collections.abc import Sequence

MERGED = 0.03  # of the model's own step: a first step shorter than that would change nothing


def from_denoise(denoise: float, own: Sequence[float]) -> float:
    """The sigma at which a share of a model's steps begins, between two of its levels by interpolation.

    own: the model's levels, falling, without the final 0.
    """
    levels = [*own, 0.0]
    at = (1 - min(max(denoise, 0.0), 1.0)) * len(own)
    below = min(int(at), len(own) - 1)
    return levels[below] + (at - below) * (levels[below + 1] - levels[below])


def from_strength(strength: float, own: Sequence[float]) -> float:
    """The sigma for Deforum's strength, the share that is kept."""
    return from_denoise(1 - strength, own)


def levels_from(sigma: float, own: Sequence[float]) -> list[float]:
    """The levels to denoise through from a start: the start itself, then those of the model that lie below it.

    A level just below the start is left out, measured by the model's own step to it. So from a level of the model's
    own, as from 1, all that it would take are taken, however close together its shift has moved them.
    """
    above = [own[0], *own]  # the level before each
    return [sigma, *(level for before, level in zip(above, own, strict=False) if _is_a_step(sigma, before, level))]


def _is_a_step(sigma: float, before: float, level: float) -> bool:
    """Whether going from sigma to a level is worth a step, where the model's own would come from `before`."""
    return level < sigma - MERGED * (before - level) if before > level else level < sigma


def to_variance_exploding(sigma: float) -> float:
    """The same ratio of noise to picture as Stable Diffusion's schedulers write it: picture + result·noise."""
    return math.inf if sigma >= 1 else sigma / (1 - sigma)


def from_variance_exploding(deviation: float) -> float:
    """The inverse of `to_variance_exploding`."""
    return deviation / (1 + deviation)
