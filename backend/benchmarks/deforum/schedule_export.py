"""`benchmarks bridge`: our Deforum export beside the known Blender exporter, under the webui's own warp.

Six shots whose motion is known exactly are exported as text, the text is read back as the webui reads it, and its flow
is compared with the true one, in pixels a frame and accumulated over the shot. Depth is what an ideal MiDaS would give.
The guide video is followed with OpenCV's DIS Medium, as the webui does; without OpenCV that column is left out.
"""

import argparse
import json
from dataclasses import asdict

from ..common import synthetic_shots
from . import schedule_export_report as report
from .schedule_export_run import measure_shot


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--width", type=int, default=832, help="pixels")
    parser.add_argument("--height", type=int, default=480, help="pixels")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; 0 when every target is met, 1 when one is missed."""
    rows = []
    for name in synthetic_shots.SHOTS:
        rows.append(measure_shot(name, synthetic_shots.make(name, arguments.width, arguments.height, arguments.frames)))
        if not arguments.json:
            print(f"{name} …", flush=True)
    missed = report.misses(rows)
    if arguments.json:
        print(json.dumps({"rows": [asdict(row) for row in rows], "missed": missed}))
    else:
        print(report.table(rows))
        print("\n".join(missed) if missed else "Every target is met.")
    return 1 if missed else 0
