"""What `benchmarks sketch` measures.

A prompt is followed when the mean color of the region it speaks of is nearer to the named color than to any other
that could have been named there. Distances are taken in CIE Lab, so that they are those of the eye.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from motion_bridge.models.image_model import Conditioning, ImageModel, NoiseSeed, image_to_image
from numpy.typing import NDArray
from training.image.words import COLORS

Array = NDArray[np.floating[Any]]
SKIES = {  # the mean color of the upper sky at that time, as it is drawn
    "on a clear day": (0.35, 0.57, 0.92),
    "at sunset": (0.55, 0.33, 0.45),
    "at night": (0.035, 0.05, 0.15),
    "in a storm": (0.37, 0.39, 0.43),
}


@dataclass(frozen=True)
class Kind:
    """A family of prompts: `asks` with a word for the star; the region (top, bottom, left, right) as shares."""

    asks: str
    words: dict[str, tuple[float, float, float]]
    region: tuple[float, float, float, float]


KINDS = {
    "material": Kind("* bricks", COLORS, (0.1, 0.9, 0.1, 0.9)),
    "object": Kind("a * ball on a white floor before a grey wall", COLORS, (0.5, 0.68, 0.42, 0.58)),
    "wall": Kind("a room with * walls and a brown floor", COLORS, (0.25, 0.55, 0.35, 0.65)),
    "field": Kind("a * field on a clear day", COLORS, (0.75, 1.0, 0.0, 1.0)),
    "sky": Kind("green hills *", SKIES, (0.0, 0.25, 0.0, 1.0)),
}


def paint(model: ImageModel, prompt: str, seed: int, size: int) -> Array:
    """A picture from noise alone: (S, S, 3), 0 to 1."""
    grey = torch.full((1, 3, size, size), 0.5)
    return image_to_image(model, grey, 1.0, Conditioning(prompt), NoiseSeed(seed))[0].permute(1, 2, 0).double().numpy()


def follows(model: ImageModel, name: str, size: int, count: int) -> float:
    """The share of `count` prompts of a kind that are followed; the words take turns, the seeds count up."""
    kind = KINDS[name]
    words = list(kind.words)
    hits = 0
    for k in range(count):
        word = words[k % len(words)]
        picture = paint(model, kind.asks.replace("*", word), k, size)
        hits += seen(picture, kind) == word
    return hits / count


def seen(picture: Array, kind: Kind) -> str:
    """The word whose color is nearest to the region's."""
    rows, columns = picture.shape[:2]
    top, bottom, left, right = kind.region
    part = picture[int(top * rows) : int(bottom * rows), int(left * columns) : int(right * columns)]
    found = lab(part.reshape(-1, 3).mean(0))
    return min(kind.words, key=lambda word: float(np.linalg.norm(lab(kind.words[word]) - found)))


def lab(color: Sequence[float] | Array) -> Array:
    """sRGB, 0 to 1, to CIE Lab under D65 (IEC 61966-2-1, CIE 15)."""
    srgb = np.asarray(color, np.float64)
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.maximum(to_xyz @ linear / (0.9505, 1.0, 1.089), 1e-6))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def pictures_a_second(model: ImageModel, size: int, rounds: int) -> float:
    """From the median of the rounds, after one to warm up."""
    taken = []
    for k in range(rounds + 1):
        began = time.perf_counter()
        paint(model, "a red house on green hills at sunset", k, size)
        taken.append(time.perf_counter() - began)
    return 1 / float(np.median(taken[1:]))
