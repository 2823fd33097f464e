"""Drawn scenes: landscapes at times of day, things on a floor, rooms; each with a caption of what is in it."""

import numpy as np
from numpy.random import Generator

from . import words
from .brush import Array, below, blank, box, ellipse, gradient, grain, over, polygon, ridge
from .surfaces import color, material, paint_material, pattern, two_colors

KINDS = ("landscape", "thing", "room", "pattern", "material")
SHARES = (0.46, 0.2, 0.12, 0.1, 0.12)
SKIES = {  # above, at the horizon
    "day": ((0.25, 0.5, 0.9), (0.72, 0.86, 0.97)),
    "sunset": ((0.45, 0.25, 0.5), (0.99, 0.6, 0.25)),
    "night": ((0.02, 0.03, 0.12), (0.09, 0.12, 0.28)),
    "morning": ((0.55, 0.65, 0.9), (0.99, 0.76, 0.76)),
    "storm": ((0.32, 0.34, 0.38), (0.62, 0.64, 0.67)),
}
LIGHT = {  # what a time of day makes of the colors on the ground
    "day": (1.0, 1.0, 1.0),
    "sunset": (1.0, 0.78, 0.66),
    "night": (0.33, 0.38, 0.55),
    "morning": (1.0, 0.92, 0.92),
    "storm": (0.72, 0.74, 0.78),
}
GROUNDS = ("hills", "hills", "mountains", "mountains", "sea", "field", "desert", "snow")
OF_GROUND = {
    "hills": ("green",) * 4,
    "mountains": ("grey", "grey", "blue", "purple", "brown"),
    "field": ("green", "green", "yellow", "yellow", "brown"),
    "desert": ("orange", "yellow", "red", "brown"),
}
THINGS = ("ball", "box", "cone", "cylinder", "star", "heart", "flower", "vase")


def draw(rng: Generator, size: int) -> tuple[Array, str]:
    """A picture (S, S, 3) float32, sRGB 0 to 1, and its caption."""
    kind = rng.choice(KINDS, p=SHARES)
    makers = {"landscape": landscape, "thing": thing, "room": room, "pattern": pattern, "material": material}
    picture, caption = makers[kind](rng, size)
    return np.clip(picture, 0, 1).astype(np.float32), caption


def landscape(rng: Generator, size: int) -> tuple[Array, str]:
    time = words.TIMES[int(rng.choice(5, p=(0.36, 0.2, 0.18, 0.13, 0.13)))]
    kind = GROUNDS[int(rng.integers(len(GROUNDS)))]
    name = {"sea": "blue", "snow": "white"}.get(kind) or _of(rng, OF_GROUND[kind], 0.35)
    light = np.array(LIGHT[time], np.float32)
    horizon = rng.uniform(0.42, 0.62)
    above, at = (np.array(each) + rng.uniform(-0.04, 0.04, 3) for each in SKIES[time])
    picture = gradient(size, above, at, horizon)
    extras = _sky(rng, picture, time, horizon)
    haze = np.asarray(at, np.float32)
    ground = color(rng, name) * light
    if kind == "sea":
        _sea(rng, picture, horizon, ground, haze)
        if rng.random() < 0.3:
            sail = two_colors(rng)[0]
            _boat(picture, rng.uniform(0.2, 0.8), horizon + rng.uniform(0.05, 0.2), color(rng, sail) * light)
            extras.append(f"{words.an(sail)} boat")
        return picture, words.landscape(rng, kind, name, time, extras)
    _relief(rng, picture, kind, horizon, ground, haze, light)
    if rng.random() < 0.3:
        wall = _of(rng, ("red", "white", "yellow", "blue"), 0.3)
        _house(
            rng,
            picture,
            rng.uniform(0.2, 0.8),
            horizon + rng.uniform(0.16, 0.3),
            color(rng, wall) * light,
            light,
            time,
        )
        extras.append(f"{words.an(wall)} house")
    if kind != "desert" and rng.random() < 0.35:
        crown = _of(rng, ("green", "green", "orange"), 0.15)
        pine, several = bool(rng.random() < 0.4), bool(rng.random() < 0.5)
        for x in rng.uniform(0.06, 0.94, int(rng.integers(3, 6)) if several else 1):
            _tree(rng, picture, x, horizon + rng.uniform(0.15, 0.36), color(rng, crown) * light * 0.85, light, pine)
        tree = f"{crown} {'pine' if pine else 'tree'}"
        extras.append(f"{crown} trees" if several else words.an(tree))
    return picture, words.landscape(rng, kind, name, time, extras)


def thing(rng: Generator, size: int) -> tuple[Array, str]:
    what = THINGS[int(rng.integers(len(THINGS)))]
    name, ground = two_colors(rng)
    wall = _of(rng, ("white", "grey", "blue", ground), 0.4)
    if wall == name:
        wall = "grey" if name != "grey" else "white"
    horizon = rng.uniform(0.4, 0.6)
    back, floor = color(rng, wall), color(rng, ground)
    picture = gradient(size, back * 1.05, back * 0.85)
    over(picture, box(size, 0, horizon, 1, 1), gradient(size, floor * 0.75, floor * 1.1))
    picture *= (1 + 0.025 * grain(rng, size, 0.06))[..., None]
    x, y, r = rng.uniform(0.36, 0.64), rng.uniform(0.66, 0.8), rng.uniform(0.17, 0.27)
    over(picture, ellipse(size, x + 0.3 * r, y, r * 1.2, r * 0.3) * 0.45, (0.03, 0.03, 0.05))
    _object(picture, what, x, y, r, color(rng, name))
    return picture, words.thing(rng, name, what, ground, wall)


def room(rng: Generator, size: int) -> tuple[Array, str]:
    wall, ground = two_colors(rng)
    side, floor = color(rng, wall), color(rng, ground)
    left, right = rng.uniform(0.12, 0.3), rng.uniform(0.7, 0.88)
    top, bottom = rng.uniform(0.1, 0.22), rng.uniform(0.6, 0.75)
    picture = blank(size) + side * 0.8
    over(
        picture, polygon(size, np.array([[0, 0], [1, 0], [right, top], [left, top]])), np.clip(side * 0.3 + 0.65, 0, 1)
    )
    over(picture, polygon(size, np.array([[right, top], [1, 0], [1, 1], [right, bottom]])), side * 0.65)
    over(picture, box(size, left, top, right, bottom), gradient(size, side * 1.08, side * 0.95))
    boards = paint_material(rng, size, "wood" if rng.random() < 0.5 else "stone", floor)
    over(picture, polygon(size, np.array([[0, 1], [1, 1], [right, bottom], [left, bottom]])), boards)
    extras = []
    middle, high = (left + right) / 2, bottom - top
    if rng.random() < 0.5:
        x = middle + rng.uniform(-0.12, 0.0)
        y = top + 0.2 * high
        w, h = rng.uniform(0.14, 0.2), 0.45 * high
        over(picture, box(size, x - 0.012, y - 0.012, x + w + 0.012, y + h + 0.012), (0.95, 0.95, 0.93))
        over(picture, box(size, x, y, x + w, y + h), gradient(size, (0.4, 0.62, 0.95), (0.8, 0.9, 1.0), y + h))
        over(picture, box(size, x + w / 2 - 0.006, y, x + w / 2 + 0.006, y + h), (0.95, 0.95, 0.93))
        over(picture, box(size, x, y + h / 2 - 0.006, x + w, y + h / 2 + 0.006), (0.95, 0.95, 0.93))
        extras.append("a window")
    if rng.random() < 0.5:
        name = two_colors(rng)[0]
        tint, x, y, w = color(rng, name), rng.uniform(0.3, 0.55), rng.uniform(0.74, 0.82), rng.uniform(0.18, 0.28)
        over(picture, box(size, x + 0.01, y, x + 0.03, y + 0.16), tint * 0.6)
        over(picture, box(size, x + w - 0.03, y, x + w - 0.01, y + 0.16), tint * 0.6)
        over(picture, box(size, x - 0.02, y - 0.03, x + w + 0.02, y + 0.015), tint)
        extras.append(f"{words.an(name)} table")
    return picture * (1 + 0.02 * grain(rng, size, 0.08))[..., None], words.room(rng, wall, ground, extras)


def _of(rng: Generator, usual: tuple[str, ...], any_share: float) -> str:
    """One of the usual colors, or now and then any."""
    return two_colors(rng)[0] if rng.random() < any_share else usual[int(rng.integers(len(usual)))]


def _sky(rng: Generator, picture: Array, time: str, horizon: float) -> list[str]:
    size, captions = len(picture), []
    if time == "night":
        for x, y in rng.uniform(0, (1, horizon), (int(rng.integers(15, 40)), 2)):
            over(picture, ellipse(size, x, y, 0.006, 0.006), (0.95, 0.95, 0.9))
    if time in ("day", "morning", "storm") and rng.random() < (0.9 if time == "storm" else 0.35):
        cover = np.clip(grain(rng, size, 0.25, 2.5) * 0.8 + (0.1 if time == "storm" else -0.3), 0, 1)
        cover = cover * np.clip((horizon - np.linspace(0, 1, size)) * 5, 0, 1)[:, None]
        over(picture, cover.astype(np.float32), (0.25, 0.26, 0.3) if time == "storm" else (0.98, 0.98, 0.98))
        if time == "day":
            captions.append("white clouds")
    if time != "storm" and rng.random() < 0.35:
        x, y, r = rng.uniform(0.15, 0.85), rng.uniform(0.12, horizon - 0.08), rng.uniform(0.05, 0.1)
        name = {"night": "white", "sunset": "red", "morning": "yellow"}.get(time, "yellow")
        glow = ellipse(size, x, y, 2.2 * r, 2.2 * r) * 0.18
        over(picture, glow, color(rng, name))
        over(picture, ellipse(size, x, y, r, r), np.clip(color(rng, name) * 1.1 + 0.06, 0, 1))
        captions.append("the moon" if time == "night" else f"a {name} sun")
    return captions


def _sea(rng: Generator, picture: Array, horizon: float, tint: Array, haze: Array) -> None:
    size = len(picture)
    water = gradient(size, tint * 0.55 + haze * 0.45, tint * 0.8)
    waves = grain(rng, size, 0.1, 4) * np.linspace(0.3, 1, size, dtype=np.float32)[:, None]
    over(picture, box(size, -0.1, horizon, 1.1, 1.1), water + 0.05 * waves[..., None] * (haze + 0.2))


def _relief(rng: Generator, picture: Array, kind: str, horizon: float, tint: Array, haze: Array, light: Array) -> None:
    """Ranges from far to near: each nearer one lower, with less haze."""
    size = len(picture)
    rough, octaves, tall = {
        "mountains": (0.5, 4, 0.2), "hills": (0.35, 2, 0.1), "snow": (0.35, 2, 0.09),
        "desert": (0.3, 2, 0.06), "field": (0.3, 2, 0.02),
    }[kind]  # fmt: skip
    ranges = 1 if kind == "field" else 3
    for number in range(ranges):
        near = (number + 1) / ranges
        base = horizon + (0.0 if ranges == 1 else 0.15 * number - 0.03)
        line = base - tall * (1.2 - 0.5 * near) * (0.4 + ridge(rng, rough, octaves))
        mask = below(size, line)
        shade = tint * near + (tint * 0.45 + haze * 0.55) * (1 - near)
        field = gradient(size, shade * 1.08, shade * 0.8)
        field *= (1 + (0.05 if kind == "snow" else 0.09) * grain(rng, size, 0.03 + 0.05 * near, 2))[..., None]
        over(picture, mask, field)
        if kind == "mountains" and number == 0 and rng.random() < 0.6:
            cap = mask - below(size, line + 0.05 + 0.02 * ridge(rng, 0.6, 4))
            over(picture, np.clip(cap, 0, 1), np.array((0.95, 0.96, 1.0)) * light)


def _house(rng: Generator, picture: Array, x: float, y: float, wall: Array, light: Array, time: str) -> None:
    size, w = len(picture), rng.uniform(0.1, 0.17)
    h = w * rng.uniform(0.6, 0.9)
    roof = (
        np.array((0.36, 0.2, 0.16)) * light if wall[0] < 0.6 or wall[1] > 0.5 else np.array((0.25, 0.22, 0.24)) * light
    )
    over(picture, box(size, x - w, y - h, x + w, y), wall)
    over(picture, box(size, x + w * 0.4, y - h, x + w, y), wall * 0.8)
    over(picture, polygon(size, np.array([[x - w * 1.2, y - h], [x + w * 1.2, y - h], [x, y - h * 2]])), roof)
    pane = np.array((1.0, 0.85, 0.4)) if time in ("night", "sunset") else np.array((0.55, 0.7, 0.85)) * light
    for at in (-0.62, 0.3):
        over(picture, box(size, x + at * w, y - h * 0.75, x + (at + 0.32) * w, y - h * 0.4), pane)
    over(picture, box(size, x - w * 0.18, y - h * 0.6, x + w * 0.14, y), np.array((0.3, 0.2, 0.13)) * light)


def _tree(rng: Generator, picture: Array, x: float, y: float, crown: Array, light: Array, pine: bool) -> None:
    size, h = len(picture), rng.uniform(0.14, 0.3)
    over(picture, box(size, x - 0.07 * h, y - 0.4 * h, x + 0.07 * h, y), np.array((0.32, 0.2, 0.12)) * light)
    if pine:
        for at, wide in ((0.15, 0.34), (0.42, 0.27), (0.68, 0.2)):
            top = y - h * (at + 0.42)
            over(
                picture,
                polygon(size, np.array([[x - wide * h, y - at * h], [x + wide * h, y - at * h], [x, top]])),
                crown * (0.8 + at * 0.4),
            )
        return
    for dx, dy, r in ((0, 0.72, 0.34), (-0.2, 0.6, 0.24), (0.2, 0.58, 0.25)):
        over(picture, ellipse(size, x + dx * h, y - dy * h, r * h, r * h), crown * rng.uniform(0.85, 1.1))


def _boat(picture: Array, x: float, y: float, sail: Array) -> None:
    size = len(picture)
    over(
        picture,
        polygon(size, np.array([[x - 0.1, y - 0.03], [x + 0.1, y - 0.03], [x + 0.06, y + 0.02], [x - 0.06, y + 0.02]])),
        (0.35, 0.2, 0.12),
    )
    over(picture, polygon(size, np.array([[x, y - 0.2], [x, y - 0.04], [x + 0.09, y - 0.04]])), sail)
    over(
        picture,
        polygon(size, np.array([[x - 0.01, y - 0.18], [x - 0.01, y - 0.04], [x - 0.07, y - 0.04]])),
        sail * 0.85,
    )


def _object(picture: Array, what: str, x: float, y: float, r: float, tint: Array) -> None:
    """A lit object that stands on (x, y); the light comes from the upper left."""
    size = len(picture)
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size
    u, v = (axis[None] - x) / r, (axis[:, None] - (y - r)) / r
    across = np.broadcast_to(np.clip(0.95 - 0.45 * u - 0.25 * u * u, 0.3, 1.3)[..., None] * tint, picture.shape)
    if what == "ball":
        round_ = np.clip(1.05 - 0.35 * (u + 0.4) ** 2 - 0.35 * (v + 0.4) ** 2, 0.25, 1.2)[..., None] * tint
        over(picture, ellipse(size, x, y - r, r, r), round_)
        over(picture, ellipse(size, x - 0.38 * r, y - 1.4 * r, 0.16 * r, 0.12 * r, -40) * 0.7, (1, 1, 1))
    elif what == "box":
        d = 0.5 * r
        over(picture, box(size, x - r, y - 1.6 * r, x + 0.7 * r, y), tint * 0.95)
        over(
            picture,
            polygon(
                size,
                np.array(
                    [
                        [x - r, y - 1.6 * r],
                        [x + 0.7 * r, y - 1.6 * r],
                        [x + 0.7 * r + d, y - 1.6 * r - d],
                        [x - r + d, y - 1.6 * r - d],
                    ]
                ),
            ),
            np.clip(tint * 1.2 + 0.06, 0, 1),
        )
        over(
            picture,
            polygon(
                size,
                np.array(
                    [
                        [x + 0.7 * r, y - 1.6 * r],
                        [x + 0.7 * r + d, y - 1.6 * r - d],
                        [x + 0.7 * r + d, y - d],
                        [x + 0.7 * r, y],
                    ]
                ),
            ),
            tint * 0.6,
        )
    elif what == "cone":
        over(picture, ellipse(size, x, y, r, 0.25 * r), across)
        over(picture, polygon(size, np.array([[x - r, y], [x + r, y], [x, y - 2.2 * r]])), across)
    elif what == "cylinder":
        over(picture, ellipse(size, x, y, 0.8 * r, 0.22 * r), across)
        over(picture, box(size, x - 0.8 * r, y - 1.9 * r, x + 0.8 * r, y), across)
        over(picture, ellipse(size, x, y - 1.9 * r, 0.8 * r, 0.22 * r), np.clip(tint * 1.15 + 0.08, 0, 1))
    elif what == "star":
        angle = np.arange(10) * np.pi / 5 - np.pi / 2
        far = np.where(np.arange(10) % 2 == 0, 1.15, 0.5)[:, None]
        over(picture, polygon(size, np.stack([np.cos(angle), np.sin(angle)], 1) * far * r + (x, y - 0.95 * r)), across)
    elif what == "heart":
        a = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        curve = np.stack(
            [16 * np.sin(a) ** 3, -(13 * np.cos(a) - 5 * np.cos(2 * a) - 2 * np.cos(3 * a) - np.cos(4 * a))], 1
        )
        over(picture, polygon(size, curve / 16 * r + (x, y - 1.05 * r)), across)
    elif what == "flower":
        over(picture, box(size, x - 0.06 * r, y - 1.2 * r, x + 0.06 * r, y), (0.2, 0.5, 0.2))
        for a in np.arange(6) * np.pi / 3:
            over(
                picture,
                ellipse(size, x + 0.5 * r * np.cos(a), y - 1.5 * r + 0.5 * r * np.sin(a), 0.36 * r, 0.36 * r),
                tint * (0.9 + 0.1 * np.sin(a)),
            )
        over(
            picture,
            ellipse(size, x, y - 1.5 * r, 0.28 * r, 0.28 * r),
            (0.95, 0.8, 0.25) if tint[1] < 0.7 else (0.5, 0.3, 0.15),
        )
    else:  # vase
        side = np.array([(0.35, 0), (0.75, 0.5), (0.85, 1.0), (0.6, 1.5), (0.3, 1.75), (0.42, 2.0)])
        outline = np.concatenate([side * (1, -1), (side * (-1, -1))[::-1]]) * r + (x, y)
        over(picture, polygon(size, outline), across)
        over(picture, ellipse(size, x, y - 2 * r, 0.42 * r, 0.1 * r), tint * 0.5)
