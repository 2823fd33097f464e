"""Drawn patterns of two colors, and materials."""

import numpy as np
from numpy.random import Generator

from . import words
from .brush import Array, grain

PATTERNS = ("stripes", "checks", "dots", "rings", "waves", "triangles")
MATERIALS = ("wood", "stone", "bricks", "water", "grass", "marble", "metal", "cloth", "leaves", "sand")
OF_MATERIAL = {  # the colors that a material comes in more often than in any other
    "wood": ("brown", "brown", "orange"),
    "stone": ("grey", "grey", "brown"),
    "bricks": ("red", "red", "brown", "orange"),
    "water": ("blue", "blue", "teal"),
    "grass": ("green", "green", "yellow"),
    "marble": ("white", "pink", "black"),
    "metal": ("grey", "grey", "yellow"),
    "cloth": ("red", "blue", "purple"),
    "leaves": ("green", "green", "orange", "red"),
    "sand": ("yellow", "yellow", "brown"),
}


def color(rng: Generator, name: str, spread: float = 0.05) -> Array:
    """A named color, a little different each time: (3,)."""
    light = 1 + rng.uniform(-0.12, 0.12)
    return np.clip(np.array(words.COLORS[name]) * light + rng.uniform(-spread, spread, 3), 0, 1).astype(np.float32)


def two_colors(rng: Generator) -> tuple[str, str]:
    first, second = rng.choice(len(words.COLORS), 2, replace=False)
    names = list(words.COLORS)
    return names[first], names[second]


def pattern(rng: Generator, size: int) -> tuple[Array, str]:
    kind = PATTERNS[int(rng.integers(len(PATTERNS)))]
    first, second = two_colors(rng)
    x, y = _turned(rng, size, 0.0 if kind in ("rings", "waves") else rng.choice([0.0, 0.0, np.pi / 2, np.pi / 4]))
    count = rng.uniform(3, 7)
    phase = rng.uniform(0, 1)
    if kind == "stripes":
        wave = np.cos(2 * np.pi * (count * x + phase))
    elif kind == "checks":
        wave = np.cos(np.pi * (count * x + phase)) * np.cos(np.pi * (count * y + phase)) * 2
    elif kind == "dots":
        wave = np.cos(2 * np.pi * (count * x + phase)) + np.cos(2 * np.pi * (count * y + phase)) - 0.6
    elif kind == "rings":
        far = np.hypot(x - rng.uniform(-0.15, 0.15), y - rng.uniform(-0.15, 0.15))
        wave = np.cos(2 * np.pi * (count * far * 1.3 + phase))
    elif kind == "waves":
        wave = np.cos(
            2 * np.pi * (count * y + rng.uniform(0.15, 0.35) * np.sin(2 * np.pi * rng.uniform(1, 3) * x) + phase)
        )
    else:
        u, v = (count * x + phase) % 1, (count * y + phase) % 1
        wave = (0.5 - 0.5 * v - np.abs(u - 0.5)) * 4
    share = np.clip(wave * size / (count * 7) + 0.5, 0, 1)[..., None]
    picture = color(rng, first) * share + color(rng, second) * (1 - share)
    picture = picture * (1 + 0.03 * rng.uniform(0, 1) * grain(rng, size, 0.05))[..., None]
    return picture, words.pattern(rng, kind, first, second)


def material(rng: Generator, size: int) -> tuple[Array, str]:
    kind = MATERIALS[int(rng.integers(len(MATERIALS)))]
    usual = OF_MATERIAL[kind]
    name = usual[int(rng.integers(len(usual)))] if rng.random() < 0.6 else two_colors(rng)[0]
    return paint_material(rng, size, kind, color(rng, name)), words.material(rng, kind, name)


def paint_material(rng: Generator, size: int, kind: str, base: Array) -> Array:
    """A square of a material: (S, S, 3)."""
    x, y = _turned(rng, size, 0.0)
    fine = grain(rng, size, 0.04)
    if kind == "wood":
        boards = np.floor((y + 0.5) * rng.uniform(3, 6))
        rings = np.sin(14 * y + 0.35 * grain(rng, size, 0.5, 4) * 3 + boards * 2.1)
        shade = 0.10 * rings + 0.08 * grain(rng, size, 0.03, 12) + 0.1 * np.sin(boards * 12.9)
    elif kind == "stone":
        shade = 0.16 * grain(rng, size, 0.3) + 0.09 * fine
    elif kind == "bricks":
        rows = rng.uniform(6, 10)
        row = np.floor((y + 0.5) * rows)
        u = ((x + 0.5) * rows / 2 + 0.5 * (row % 2)) % 1
        v = ((y + 0.5) * rows) % 1
        seam = (u < 0.07) | (v < 0.14)
        one = np.sin(row * 7.3 + np.floor((x + 0.5) * rows / 2 + 0.5 * (row % 2)) * 12.1)
        shade = np.where(seam, 0.35, 0.1 * one + 0.05 * fine)
    elif kind == "water":
        shade = 0.13 * grain(rng, size, 0.12, 3.5) + 0.1 * np.maximum(grain(rng, size, 0.06, 4), 0.8)
    elif kind == "grass":
        shade = 0.2 * grain(rng, size, 0.06, 0.25) + 0.1 * grain(rng, size, 0.3)
    elif kind == "marble":
        vein = np.abs(np.sin(5 * x + 3 * y + 0.9 * grain(rng, size, 0.4)))
        shade = -0.45 * np.exp(-9 * vein) + 0.04 * fine if base.mean() > 0.3 else 0.7 * np.exp(-9 * vein) + 0.04 * fine
    elif kind == "metal":
        shade = 0.12 * grain(rng, size, 0.02, 20) + 0.25 * np.sin(3.5 * x + rng.uniform(0, 6))
    elif kind == "cloth":
        threads = size / 9
        shade = 0.1 * (np.sin(threads * 2.2 * x * 2) * np.sin(threads * 2.2 * y * 2)) + 0.14 * grain(rng, size, 0.5)
    elif kind == "leaves":
        shade = 0.3 * np.sign(grain(rng, size, 0.1)) * np.abs(grain(rng, size, 0.14)) ** 0.5
    else:
        shade = 0.08 * grain(rng, size, 0.02) + 0.1 * np.sin(22 * y + 2 * grain(rng, size, 0.6))
    shade = np.asarray(shade, np.float32)[..., None]
    return base * (1 + np.minimum(shade, 0)) + (1 - base) * np.maximum(shade, 0) * 0.6


def _turned(rng: Generator, size: int, angle: float) -> tuple[Array, Array]:
    """x and y of every pixel, -0.5 to 0.5, turned."""
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size - 0.5
    x, y = np.meshgrid(axis, axis)
    return x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
