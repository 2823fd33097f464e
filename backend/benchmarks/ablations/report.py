"""What `benchmarks ablations` found, as a page: a table for each ablation and curves of the error over time."""

from math import isnan
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..common.charts import Lines, Picture, line_charts
from .run import LONG, SHORT, Found, Row

NAME = "ablations"
SMOOTH = 12  # frames that a curve is averaged over
COLUMNS = (
    "EPE 57",
    "EPE 241",
    "DIS 57",
    "DIS 241",
    "PSNR 57",
    "PSNR 241",
    "SSIM 57",
    "SSIM 241",
    "time a chunk",
    "time a frame",
)
ABOUT = {
    "": "The usual setting between what it is measured against. The true clips give the tracker's own error.",
    "chunk": "Trained with 3; smaller chunks answer sooner and pay one commit and one look back for fewer frames.",
    "steps": "Trained at the levels of 3 steps; other numbers take theirs from the same schedule.",
    "sink": "Without a sink the first chunk leaves memory like any other. Trained with and without.",
    "window": "Trained with 1, and 2 at times; more is further back than it ever saw, at rotary places it never saw.",
    "conditioning": "Both were there in training; each is switched off here, for the same weights. What each can be\n"
    "trained to: `python -m training video lessons --kind ids`, `propagation`, `both`, `none`.",
    "guidance": "The teacher over whole clips of 57 frames; one evaluation a step, two for a single kind of guidance,\n"
    "three for both. The student takes one, whatever it was trained to.",
}


INTRO = """# Ablations of the sketch video model

Written by `python -m benchmarks ablations --model {model} --clips {clips}`: {clips} drawn clips that training
never saw, {short} and {long} frames of 64×64 pixels. The usual setting is {usual}. Nothing was trained for
this page: every row is the same weights, run another way, so a row says what these weights make of a setting, not what
the setting could be trained to.

EPE is the mean distance in pixels between where the tracks say that points are and where they are in the video,
re-tracked by pyramidal Lucas–Kanade (EPE) and by DIS flow (DIS); over hundreds of frames a tracker loses points.
*Carried alone* is the same model with its network off: first-frame features moved along the tracks and decoded. PSNR
and SSIM are against the clip whose tracks were told; no track says what comes in at the borders. Times are processor
time on one thread in parts of the usual setting's, both streams made in turn; what that has beside itself shows how
exact they are.

![Error over time under each setting](ablations.png)
"""
HEADS = """## What the track head costs

The paper's head against drawing the tracks as a video and sending that through the autoencoder.

| processor time, one thread | ms |
|---|---|"""


def write(found: Found, folder: Path) -> str:
    """Leaves ablations.md and ablations.png in the folder; the page's text."""
    folder.mkdir(parents=True, exist_ok=True)
    text = page(found)
    (folder / f"{NAME}.md").write_text(text, encoding="utf-8")
    cv2.imwrite(str(folder / f"{NAME}.png"), cv2.cvtColor(_plots(found.rows), cv2.COLOR_RGB2BGR))
    return text


def page(found: Found) -> str:
    parts = [INTRO.format(model=found.model, clips=found.clips, short=SHORT, long=LONG, usual=found.usual)]
    usual = _usual(found.rows)
    for axis, about in ABOUT.items():
        rows = [row for row in found.rows if row.axis == axis]
        if axis:
            parts.append(f"## {axis.capitalize()}\n")
            rows.insert(0, usual)
        parts += [about + "\n", _table(rows)]
    parts += [HEADS, *(f"| {name} | {value:,.1f} |" for name, value in found.heads.items())]
    return "\n".join(parts) + "\n"


def _usual(rows: list[Row]) -> Row:
    return next(row for row in rows if not row.axis and not isnan(row.cost[0]))


def _table(rows: list[Row]) -> str:
    lines = [f"| | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for row in rows:
        values = [f"{value:.2f}" for value in (*row.epe, *row.epe_dis, *row.psnr, *row.ssim, *row.cost)]
        lines.append(f"| {row.name} | {' | '.join('' if each == 'nan' else each for each in values)} |")
    return "\n".join(lines) + "\n"


def _plots(rows: list[Row]) -> Picture:
    """A diagram for each ablation, with what its lines are beside it."""
    usual, made = _usual(rows), []
    for axis in ABOUT:
        chosen = [usual, *(row for row in rows if row.axis == axis and row is not usual)]
        frames = min(len(row.curve) for row in chosen)
        lines: Lines = {row.name: _smoothed(row.curve)[:frames] for row in chosen}
        title = f"{axis or 'the usual setting'}: EPE in pixels by frame"
        made.append(line_charts({title: lines}))
    return np.concatenate(made)


def _smoothed(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """A running mean; where no point is left to compare, the last value stands."""
    known = np.flatnonzero(np.isfinite(curve))
    filled = np.interp(np.arange(len(curve)), known, curve[known])
    sums = np.cumsum(np.concatenate([[0.0], filled]))
    ends = np.arange(1, len(curve) + 1)
    starts = np.maximum(0, ends - SMOOTH)
    return (sums[ends] - sums[starts]) / (ends - starts)
