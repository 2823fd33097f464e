"""One picture of `benchmarks burn` for people: frames of every run above their curves; and the numbers for machines."""

import json
from collections.abc import Sequence

import cv2
import numpy as np
from motion_bridge.metrics import color_drift

from ..common import charts
from .run import LOOKED_AT, NAIVE, Run

QUALITY = 76
EVENED = 9  # frames that a drawn point is the mean of


def page(runs: Sequence[Run]) -> bytes:
    """A JPEG: some frames of each run, then a diagram for each measurement of every run and the first's control."""
    count = len(runs[0].curves["detail"]) + 1
    heads = [f"frame {at}" for at in np.linspace(0, count - 1, LOOKED_AT).round().astype(int)]
    named = {
        f"{each}: {color_drift.CURVES[each]}": {
            "control": _evened(runs[0].control[each]),
            **{run.name: _evened(run.curves[each]) for run in sorted(runs, key=lambda run: run.name not in NAIVE)},
        }
        for each in color_drift.CURVES
    }
    parts = [charts.contact_sheet({run.name: run.looks for run in runs}, heads), charts.line_charts(named)]
    width = max(part.shape[1] for part in parts)
    whole = np.concatenate([_widened(part, width) for part in parts])
    return bytes(cv2.imencode(".jpg", whole[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])


def table(runs: Sequence[Run]) -> str:
    """The slopes as JSON, in shares for every hundred frames."""
    found = {
        run.name: {
            "slopes": {name: round(value, 4) for name, value in run.slopes.items()},
            "control": {name: round(value, 4) for name, value in run.control_slopes.items()},
            "apart": run.drifting,
        }
        for run in runs
    }
    return json.dumps(found, indent=1) + "\n"


def _evened(values: np.ndarray) -> np.ndarray:
    size = min(EVENED, len(values))
    padded = np.pad(values, (size // 2, size - 1 - size // 2), mode="edge")
    return np.convolve(padded, np.full(size, 1 / size), mode="valid")


def _widened(part: charts.Picture, width: int) -> charts.Picture:
    return np.pad(part, ((0, 0), (0, width - part.shape[1]), (0, 0)), constant_values=255)
