"""Curves and rows of pictures as one picture, for pages and eyes."""

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (H, W, 3)
Lines = Mapping[str, NDArray[np.floating]]  # name → (T,)

DPI = 100
CHART = (4.7, 2.2)  # inches of one chart
LABEL, HEAD = 84, 20  # pixels for a row's name, and for the columns' heads
COLORS = ("black", *(f"C{at}" for at in range(10)), "darkred", "navy", "gold")
STYLE: dict[RcKeyType, Any] = {
    "font.size": 8,
    "lines.linewidth": 1,
    "axes.titlesize": "medium",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "0.85",
    "axes.xmargin": 0.01,
}


def line_charts(charts: Mapping[str, Lines], columns: int = 2) -> Picture:
    """A chart for each title, its x axis in frames, and what the lines are; a name has one color in all of them."""
    names = list(dict.fromkeys(line for lines in charts.values() for line in lines))
    colors = {name: COLORS[at % len(COLORS)] for at, name in enumerate(names)}
    rows = -(-(len(charts) + 1) // columns)
    with matplotlib.rc_context(STYLE):
        figure = Figure((columns * CHART[0], rows * CHART[1]), dpi=DPI, layout="constrained")
        places: list[Axes] = list(figure.subplots(rows, columns, squeeze=False).ravel())
        for axes, (title, lines) in zip(places, charts.items(), strict=False):
            axes.set_title(title)
            axes.set_xlabel("frame", loc="right")
            for name, values in lines.items():
                axes.plot(values, color=colors[name])
            low, high = axes.get_ylim()
            axes.set_ylim(low, max(high, low + 0.05))  # what hardly moves is drawn as a flat line
        for axes in places[len(charts) :]:
            axes.set_axis_off()
        keys = [places[-1].plot([], color=color)[0] for color in colors.values()]
        places[len(charts)].legend(keys, list(colors), loc="center left", ncols=2, frameon=False)
        return _drawn(figure)


def contact_sheet(rows: Mapping[str, Sequence[Picture]], heads: Sequence[str], side: int = 94) -> Picture:
    """A row of pictures for each name, under a head for each column; side: pixels of a picture."""
    step = side + 1
    width, height = LABEL + len(heads) * step, HEAD + len(rows) * step
    with matplotlib.rc_context(STYLE):
        figure = Figure((width / DPI, height / DPI), dpi=DPI)
        for column, head in enumerate(heads):
            figure.text((LABEL + column * step + 4) / width, 1 - 14 / height, head)
        for row, (name, pictures) in enumerate(rows.items()):
            top = HEAD + row * step
            figure.text(4 / width, 1 - (top + side / 2) / height, name.replace(" ", "\n"), va="center")
            for column, picture in enumerate(pictures):
                small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
                figure.figimage(small, LABEL + column * step, height - top - side, origin="upper")
        return _drawn(figure)


def _drawn(figure: Figure) -> Picture:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3]
