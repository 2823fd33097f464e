"""Curves and rows of pictures as one picture, for pages and eyes. Drawn by OpenCV, so that nothing else is needed."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Lines = Mapping[str, NDArray[np.floating]]  # name → (T,)

SIZE, EDGE = (400, 170), 34  # pixels of one diagram, and around it
LABEL = 84  # pixels for a row's name
FONT, LETTERS = cv2.FONT_HERSHEY_SIMPLEX, 0.4
INK, PALE = (40, 40, 40), (215, 215, 215)
COLOURS = (
    (0, 0, 0),
    (214, 39, 40),
    (240, 130, 20),
    (140, 86, 75),
    (31, 90, 180),
    (60, 160, 220),
    (20, 120, 70),
    (110, 190, 90),
    (120, 70, 180),
    (190, 140, 220),
    (110, 110, 110),
    (170, 170, 170),
    (60, 130, 130),
    (190, 170, 60),
)


def diagrams(named: Mapping[str, Lines], across: int = 2) -> Picture:
    """A diagram for each name, each with its own lines; lines of one name have one colour in all of them."""
    names = list(dict.fromkeys(line for lines in named.values() for line in lines))
    colours = {name: COLOURS[at % len(COLOURS)] for at, name in enumerate(names)}
    made = [_diagram(title, lines, colours) for title, lines in named.items()]
    made.append(_legend(colours))
    made += [np.full_like(made[0], 255)] * (-len(made) % across)
    rows = [np.concatenate(made[at : at + across], 1) for at in range(0, len(made), across)]
    return np.concatenate(rows)


def sheet(rows: Mapping[str, Sequence[Picture]], heads: Sequence[str], side: int = 94) -> Picture:
    """A row of pictures for each name, under a head for each column."""
    top = np.full((20, LABEL + len(heads) * (side + 1), 3), 255, np.uint8)
    for at, head in enumerate(heads):
        cv2.putText(top, head, (LABEL + at * (side + 1) + 4, 14), FONT, LETTERS, INK, 1, cv2.LINE_AA)
    made = [top]
    for name, pictures in rows.items():
        label = np.full((side + 1, LABEL, 3), 255, np.uint8)
        for at, word in enumerate(name.split()):
            cv2.putText(label, word, (4, 40 + 16 * at), FONT, LETTERS * 1.1, INK, 1, cv2.LINE_AA)
        edged = [np.pad(_square(each, side), ((0, 1), (0, 1), (0, 0)), constant_values=255) for each in pictures]
        made.append(np.concatenate([label, *edged], 1))
    return np.concatenate(made)


def _square(pixels: Picture, side: int) -> Picture:
    return np.asarray(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _diagram(title: str, lines: Lines, colours: Mapping[str, tuple[int, int, int]]) -> Picture:
    width, height = SIZE
    drawn = np.full((height + EDGE, width + 2 * EDGE, 3), 255, np.uint8)
    every = np.concatenate([np.asarray(values, np.float64) for values in lines.values()])
    low, high = float(every.min()), float(every.max())
    room = max(high - low, 0.05) * 0.08
    low, high = low - room, high + room
    longest = max(len(values) for values in lines.values())

    def at(k: NDArray[np.floating], value: NDArray[np.floating]) -> NDArray[np.int32]:
        x = EDGE + k / max(longest - 1, 1) * width
        y = 20 + (high - value) / (high - low) * (height - 20)
        return np.stack([x, y], -1).round().astype(np.int32)

    for value in np.linspace(low, high, 5)[1:-1]:
        (_, y), (right, _) = at(np.array([0.0, longest - 1]), np.array([value, value]))
        cv2.line(drawn, (EDGE, int(y)), (int(right), int(y)), PALE, 1)
        cv2.putText(drawn, f"{value:.2f}", (2, int(y) + 4), FONT, LETTERS * 0.8, INK, 1, cv2.LINE_AA)
    for name, values in lines.items():
        points = at(np.arange(len(values), dtype=np.float64), np.asarray(values, np.float64))
        cv2.polylines(drawn, [points[:, None]], False, colours[name], 1, cv2.LINE_AA)
    cv2.putText(drawn, title, (EDGE, 13), FONT, LETTERS * 1.1, INK, 1, cv2.LINE_AA)
    cv2.putText(drawn, f"frame {longest - 1}", (width - 16, height + 16), FONT, LETTERS * 0.8, INK, 1, cv2.LINE_AA)
    return drawn


def _legend(colours: Mapping[str, tuple[int, int, int]]) -> Picture:
    """What each line is, in two columns, as large as a diagram."""
    width, height = SIZE
    drawn = np.full((height + EDGE, width + 2 * EDGE, 3), 255, np.uint8)
    rows = -(-len(colours) // 2)
    for at, (name, colour) in enumerate(colours.items()):
        x, y = EDGE + at // rows * width // 2, 24 + at % rows * (height - 20) // max(rows, 6)
        cv2.line(drawn, (x, y), (x + 22, y), colour, 2)
        cv2.putText(drawn, name, (x + 30, y + 4), FONT, LETTERS * 1.1, INK, 1, cv2.LINE_AA)
    return drawn
