"""Drawn clips with exact tracks, made on the fly: textured shapes over a textured ground, under a moving camera.

A clip is a stack of flat layers. Layer 0 is the ground and covers everything; later layers lie in front of earlier
ones. Each layer has a texture and, for every frame, a 3×3 matrix from its own plane to the picture, where the picture
spans -1 … 1 both ways. Looks and motions are drawn from separate generators, so one first frame can have many motions:
without that a model learns to read the motion out of the picture and ignores the tracks.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

TEXTURE = 96  # texels a side
GROUND = 2.4  # half the ground's side: how far the camera may wander before it sees the edge
MOTIONS = 4  # of one first frame
GRID = 16  # tracks a side
COLORS = {
    "red": (0.85, 0.2, 0.18),
    "orange": (0.95, 0.55, 0.15),
    "yellow": (0.95, 0.85, 0.3),
    "green": (0.25, 0.6, 0.3),
    "teal": (0.15, 0.6, 0.6),
    "blue": (0.2, 0.35, 0.8),
    "violet": (0.5, 0.3, 0.7),
    "grey": (0.55, 0.55, 0.58),
}
PATTERNS = ("plain", "striped", "checked", "dotted", "marbled")
SHAPES = ("disc", "box", "ring", "star")


@dataclass(frozen=True)
class Movement:
    """How much of each kind of motion clips have: 0 for none, 1 for as much as there is."""

    turn: float = 1.0
    zoom: float = 1.0


EVERY, TRANSLATIONS = Movement(), Movement(turn=0.0, zoom=0.0)


@dataclass(frozen=True)
class Look:
    """What a clip shows, whatever moves: textures (L, 3, S, S), shape masks (L, S, S) and where each layer begins."""

    texture: Tensor
    mask: Tensor
    start: Tensor  # (L, 3, 3), plane → picture in the first frame
    words: tuple[str, ...]


@dataclass(frozen=True)
class Clip:
    """Frames with the truth about their points."""

    frames: Tensor  # (3, T, H, W) float32 in -1 … 1
    points: Tensor  # (N, T, 2) in fractions of the picture
    visible: Tensor  # (N, T) bool
    words: tuple[str, ...]


def draw_look(generator: torch.Generator) -> Look:
    """A ground and one to three shapes in front of it."""
    count = 1 + int(torch.randint(1, 4, (), generator=generator))
    textures, masks, starts, words = [], [], [], []
    for layer in range(count):
        color = list(COLORS)[int(torch.randint(len(COLORS), (), generator=generator))]
        pattern = PATTERNS[int(torch.randint(len(PATTERNS), (), generator=generator))]
        shape = SHAPES[int(torch.randint(len(SHAPES), (), generator=generator))] if layer else "ground"
        textures.append(_texture(color, pattern, generator, repeat=3.0 if layer == 0 else 1.0))
        masks.append(_mask(shape))
        size = GROUND if layer == 0 else float(0.25 + 0.3 * torch.rand((), generator=generator))
        place = (torch.rand(2, generator=generator) * 1.4 - 0.7) * (layer > 0)
        turn = float(torch.rand((), generator=generator)) * 2 * math.pi
        starts.append(_similarity(place[None], torch.tensor([turn]), torch.tensor([size]))[0])
        words += [color, pattern, shape]
    return Look(torch.stack(textures), torch.stack(masks), torch.stack(starts), tuple(words))


def draw_motion(layers: int, frames: int, generator: torch.Generator, movement: Movement = EVERY) -> Tensor:
    """(L, T, 3, 3): how each layer's picture moves away from where it was in the first frame; identity at frame 0.

    All layers follow the camera; each shape also goes its own way.
    """
    turn, zoom = movement.turn, movement.zoom
    camera = _wander(frames, generator, reach=0.5, turn=0.2 * turn, zoom=0.2 * zoom)
    own = [camera]
    for _ in range(layers - 1):
        own.append(camera @ _wander(frames, generator, reach=0.5, turn=0.6 * turn, zoom=0.15 * zoom))
    return torch.stack(own)


def drawn(
    frames: int, size: int, seed: int, movement: Movement = EVERY, grid: int = GRID
) -> Iterator[tuple[int, Clip]]:
    """Clips for ever, each with the number of its look; one look comes with MOTIONS motions, one after another.

    Tracks begin on a jittered grid of grid×grid points.
    """
    for number in itertools.count():
        generator = torch.Generator().manual_seed(seed * 1_000_003 + number)
        look = draw_look(generator)
        cell = torch.stack(torch.meshgrid(torch.arange(grid), torch.arange(grid), indexing="xy"), -1).view(-1, 2)
        starts = (cell + torch.rand(cell.shape, generator=generator)) / grid
        for _ in range(MOTIONS):
            yield number, render(look, draw_motion(len(look.texture), frames, generator, movement), size, starts)


def render(look: Look, motion: Tensor, size: int, tracks: Tensor) -> Clip:
    """Draw the clip at size×size and follow the points that lie at `tracks` (N, 2) in the first frame.

    tracks: fractions of the picture. Each point belongs to the layer seen there in the first frame.
    """
    to_picture = motion @ look.start[:, None]  # (L, T, 3, 3), plane → picture
    to_plane = torch.linalg.inv(to_picture)
    pixels = (torch.arange(size) + 0.5) / size * 2 - 1
    grid = torch.stack(torch.meshgrid(pixels, pixels, indexing="xy"), dim=-1).view(1, -1, 2)
    shown = torch.zeros(motion.shape[1], 3, size, size)
    for layer in range(len(look.texture)):
        at = _apply(to_plane[layer], grid).view(-1, size, size, 2)
        color = functional.grid_sample(
            look.texture[layer].expand(len(at), -1, -1, -1), at, align_corners=False, padding_mode="reflection"
        )
        if layer == 0:
            shown = color
            continue
        alpha = functional.grid_sample(look.mask[layer].expand(len(at), 1, -1, -1), at, align_corners=False)
        shown = shown + alpha * (color - shown)
    points, visible = _follow(look, to_picture, to_plane, tracks * 2 - 1)
    return Clip((shown * 2 - 1).transpose(0, 1), (points + 1) / 2, visible, look.words)


def _follow(look: Look, to_picture: Tensor, to_plane: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
    """Points (N, 2) of the first frame through all frames: (N, T, 2) in -1 … 1 and (N, T) visible."""
    owner = _topmost(look, to_plane[:, :1], start[:, None])[:, 0]  # (N,)
    local = _apply(to_plane[owner, 0], start[:, None])
    path = _apply(to_picture[owner].flatten(0, 1), local.repeat_interleave(to_picture.shape[1], 0))
    path = path.view(len(start), -1, 2)
    inside = (path.abs() < 1).all(-1)
    return path, inside & (_topmost(look, to_plane, path) == owner[:, None])


def _topmost(look: Look, to_plane: Tensor, points: Tensor) -> Tensor:
    """The layer seen at points (N, T, 2) of the picture, in each of T frames: (N, T)."""
    count, frames, _ = points.shape
    top = torch.zeros(count, frames, dtype=torch.long)
    for layer in range(1, len(look.mask)):
        at = _apply(to_plane[layer].expand(frames, 3, 3), points.transpose(0, 1))  # (T, N, 2)
        mask = look.mask[layer].expand(frames, 1, -1, -1)
        covered = functional.grid_sample(mask, at[:, :, None], align_corners=False)[:, 0, :, 0].T > 0.5
        top[covered] = layer
    return top


def _apply(matrix: Tensor, points: Tensor) -> Tensor:
    """Affine 3×3 matrices (B, 3, 3) on points (B or 1, N, 2)."""
    return points @ matrix[:, :2, :2].transpose(1, 2) + matrix[:, None, :2, 2]


def _similarity(move: Tensor, turn: Tensor, scale: Tensor) -> Tensor:
    """(T, 2), (T,), (T,) → (T, 3, 3)."""
    cosine, sine, zero = scale * turn.cos(), scale * turn.sin(), torch.zeros_like(turn)
    rows = [torch.stack([cosine, -sine, move[:, 0]], -1), torch.stack([sine, cosine, move[:, 1]], -1)]
    return torch.stack([*rows, torch.stack([zero, zero, zero + 1], -1)], dim=1)


def _wander(frames: int, generator: torch.Generator, reach: float, turn: float, zoom: float) -> Tensor:
    """A smooth random path that starts at the identity and never strays far, however long it is: three slow waves."""
    time = torch.arange(frames) / 32
    path = torch.zeros(frames, 4)
    for size, cycles in ((0.8, 0.2), (0.3, 0.45), (0.1, 0.9)):
        strength = size * torch.randn(4, generator=generator)
        phase = 2 * math.pi * torch.rand(4, generator=generator)
        path += strength * (torch.sin(2 * math.pi * cycles * time[:, None] + phase) - phase.sin())
    return _similarity(path[:, :2] * reach, path[:, 2] * turn, torch.exp(path[:, 3] * zoom))


def _texture(color: str, pattern: str, generator: torch.Generator, repeat: float) -> Tensor:
    """(3, S, S) in 0 … 1: a color, a second shade of it in a pattern, and blotches so that every place differs."""
    axis = torch.linspace(-1, 1, TEXTURE) * repeat
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    wave = 4 + 6 * torch.rand((), generator=generator)
    if pattern == "striped":
        second = torch.sin(wave * x) > 0
    elif pattern == "checked":
        second = (torch.sin(wave * x) > 0) ^ (torch.sin(wave * y) > 0)
    elif pattern == "dotted":
        second = torch.sin(wave * x) * torch.sin(wave * y) > 0.45
    elif pattern == "marbled":
        second = torch.sin(wave * x + 4 * _blotches(generator, 4)) > 0.2
    else:
        second = torch.zeros_like(x, dtype=torch.bool)
    base = torch.tensor(COLORS[color])[:, None, None]
    shade = 0.45 + 0.9 * torch.rand((), generator=generator).round()
    tone = torch.where(second[None], (base * shade).clamp(0, 1), base)
    return (tone + 0.35 * _blotches(generator, int(6 * repeat))[None]).clamp(0, 1)


def _blotches(generator: torch.Generator, cells: int) -> Tensor:
    noise = torch.randn(1, 1, cells, cells, generator=generator)
    return functional.interpolate(noise, (TEXTURE, TEXTURE), mode="bicubic", align_corners=False)[0, 0].clamp(-1, 1)


def _mask(shape: str) -> Tensor:
    """(S, S) in 0 … 1 with a soft edge of a texel or two."""
    axis = torch.linspace(-1, 1, TEXTURE)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    radius, angle = (x * x + y * y).sqrt(), torch.atan2(y, x)
    if shape == "ground":
        return torch.ones_like(x)
    if shape == "disc":
        inside = 0.92 - radius
    elif shape == "box":
        inside = 0.8 - torch.maximum(x.abs(), y.abs())
    elif shape == "ring":
        inside = 0.3 - (radius - 0.62).abs()
    else:
        inside = 0.68 + 0.22 * torch.cos(5 * angle) - radius
    return (inside * TEXTURE / 3 + 0.5).clamp(0, 1)
