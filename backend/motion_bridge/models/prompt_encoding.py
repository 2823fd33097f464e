"""Prompts as a model reads them, one at a time or several at once.

A family's text encoders turn a prompt into a few tensors, always of the same shapes. So prompts can be mixed there:
along straight lines, or along the sphere, token by token. Nothing is encoded twice, whatever it is mixed with.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

KEPT = 64  # encodings; one of FLUX.2 takes 8 to 16 MB
PARALLEL = 1e-4  # radians under which two directions are one

Encoding = tuple[Tensor, ...]  # what a family's encoders make of a prompt, a tensor for each input of its network


@dataclass(frozen=True)
class Blend:
    """Several prompts at once."""

    parts: tuple[tuple[str, float], ...]  # text and weight; weights sum to 1, those below 0 lead away from a text
    spherical: bool = False  # along the sphere, where all weights are 0 or more


Prompt = str | Blend


def cached_encoder(encode: Callable[[str], Encoding]) -> Callable[[Prompt], Encoding]:
    """A model's `encode_prompt`: each text is encoded once, mixtures are made of what is kept."""
    kept = lru_cache(KEPT)(encode)

    def read(prompt: Prompt) -> Encoding:
        if isinstance(prompt, str):
            return kept(prompt)
        encodings = [kept(text) for text, _ in prompt.parts]
        return blend(encodings, [weight for _, weight in prompt.parts], prompt.spherical)

    return read


def blend(encodings: Sequence[Encoding], weights: Sequence[float], spherical: bool = False) -> Encoding:
    """The encodings by their weights; in float32, then in their own precision again."""
    if len(encodings) == 1:
        return encodings[0]
    mix = _along_the_sphere if spherical and min(weights) >= 0 else _along_lines
    return tuple(
        mix([tensor.float() for tensor in tensors], weights).to(tensors[0].dtype)
        for tensors in zip(*encodings, strict=True)
    )


def _along_lines(tensors: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    total = torch.zeros_like(tensors[0])
    for tensor, weight in zip(tensors, weights, strict=True):
        total += weight * tensor
    return total


def _along_the_sphere(tensors: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """One after the other, each by its share of what has been mixed so far."""
    found, total = tensors[0], weights[0]
    for tensor, weight in zip(tensors[1:], weights[1:], strict=True):
        total += weight
        if weight > 0:
            found = slerp(found, tensor, weight / total)
    return found


def slerp(one: Tensor, other: Tensor, share: float) -> Tensor:
    """Each token (last axis) turned from one to the other along the sphere, its length along a line."""
    lengths = [each.norm(dim=-1, keepdim=True).clamp(min=1e-12) for each in (one, other)]
    a, b = one / lengths[0], other / lengths[1]
    angle = torch.arccos((a * b).sum(-1, keepdim=True).clamp(-1, 1))
    turned = (torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * b) / torch.sin(angle)
    straight = (angle < PARALLEL) | (angle > torch.pi - PARALLEL)
    direction = torch.where(straight, torch.lerp(a, b, share), turned)
    return direction * torch.lerp(lengths[0], lengths[1], share)
