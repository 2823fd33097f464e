"""Draw the small pictures that stand for the engines in the panel: addon/ui/pictures/ENGINE.png.

python tools/engine_pictures.py
"""

import math
from pathlib import Path

from PIL import Image, ImageDraw

FOLDER = Path(__file__).parents[1] / "addon" / "ui" / "pictures"
SIZE, FINE = 96, 4  # pixels of a picture; how many times larger it is drawn, for smooth edges
BLUE, ORANGE, GREEN, PINK, WHITE = (86, 150, 255), (255, 160, 64), (98, 214, 128), (240, 110, 180), (235, 235, 235)


class Canvas:
    """Draws in a square of side 1."""

    def __init__(self) -> None:
        self.image = Image.new("RGBA", (SIZE * FINE, SIZE * FINE))
        self._draw = ImageDraw.Draw(self.image)

    def _scaled(self, *points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x * SIZE * FINE, y * SIZE * FINE) for x, y in points]

    def line(self, color: tuple, *points: tuple[float, float], width: float = 0.05) -> None:
        self._draw.line(self._scaled(*points), fill=color, width=round(width * SIZE * FINE), joint="curve")

    def area(self, color: tuple, *points: tuple[float, float]) -> None:
        self._draw.polygon(self._scaled(*points), fill=color)

    def dot(self, color: tuple, x: float, y: float, radius: float = 0.06) -> None:
        self._draw.ellipse(self._scaled((x - radius, y - radius), (x + radius, y + radius)), fill=color)

    def box(self, color: tuple, left: float, top: float, right: float, bottom: float, corner: float = 0.05) -> None:
        self._draw.rounded_rectangle(
            self._scaled((left, top), (right, bottom)), radius=corner * SIZE * FINE, fill=color
        )


def reproject(canvas: Canvas) -> None:
    """A cube and where it moves to."""
    for color, across in (((*BLUE, 90), 0.0), ((*BLUE, 160), 0.14), (BLUE, 0.28)):
        left, top = 0.1 + across, 0.34
        canvas.box(color, left, top, left + 0.42, top + 0.42)
    canvas.line(WHITE, (0.14, 0.16), (0.8, 0.16), width=0.06)
    canvas.area(WHITE, (0.76, 0.04), (0.94, 0.16), (0.76, 0.28))


def deforum(canvas: Canvas) -> None:
    """Squares that shrink and turn."""
    for step, color in enumerate((PINK, ORANGE, GREEN, BLUE, WHITE)):
        radius, turn = 0.5 * 0.74**step, 0.26 * step
        angles = [turn + quarter * math.pi / 2 for quarter in range(4)]
        corners = [(0.5 + radius * math.cos(angle), 0.5 + radius * math.sin(angle)) for angle in angles]
        canvas.area(color, *corners)


def motionstream(canvas: Canvas) -> None:
    """Tracks of points."""
    for color, height in ((BLUE, 0.2), (GREEN, 0.5), (ORANGE, 0.8)):
        points = [(0.06 + 0.8 * t / 24, height - 0.1 * math.sin(2 * math.pi * t / 24)) for t in range(25)]
        canvas.line(color, *points, width=0.06)
        canvas.dot(color, *points[-1], radius=0.09)


def video(canvas: Canvas) -> None:
    """A piece of film."""
    canvas.box(WHITE, 0.06, 0.14, 0.94, 0.86)
    for hole in range(5):
        for top in (0.18, 0.76):
            canvas.box((40, 40, 40), 0.11 + 0.17 * hole, top, 0.2 + 0.17 * hole, top + 0.06, 0.01)
    for color, left in ((BLUE, 0.12), (PINK, 0.4), (ORANGE, 0.68)):
        canvas.box(color, left, 0.3, left + 0.2, 0.7, 0.02)


def comfyui(canvas: Canvas) -> None:
    """Nodes and their links."""
    for end in (0.28, 0.72):
        canvas.line(WHITE, (0.3, 0.5), (0.5, 0.5), (0.5, end), (0.7, end))
    canvas.box(BLUE, 0.04, 0.34, 0.36, 0.66)
    canvas.box(GREEN, 0.64, 0.12, 0.96, 0.44)
    canvas.box(ORANGE, 0.64, 0.56, 0.96, 0.88)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for draw in (reproject, deforum, motionstream, video, comfyui):
        canvas = Canvas()
        draw(canvas)
        canvas.image.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(FOLDER / f"{draw.__name__}.png", optimize=True)


if __name__ == "__main__":
    main()
