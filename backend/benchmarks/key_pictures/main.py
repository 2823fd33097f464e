"""`benchmarks keys`: how near reprojected frames come to the renderer's own, over the number of key pictures."""

import argparse
import json
from pathlib import Path

from . import report
from .run import chosen, measure, read


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("shot", type=Path, metavar="SHOT", help="a Shot's folder, with geometry")
    parser.add_argument("rendered", type=Path, metavar="RENDERED", help="a folder of frame_####.png, one a frame")
    parser.add_argument("--most", type=int, default=12, help="key pictures")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="write the page and its picture there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    shot, rendered = read(options.shot, options.rendered)
    found = []
    for keys, automatic in chosen(shot, options.most):
        found.append(row := measure(shot, rendered, keys, automatic))
        print(
            f"{len(keys)}{' automatic' if automatic else ''}: PSNR {row.psnr:.2f} dB (worst {row.psnr_least:.2f}, seen "
            f"{row.psnr_seen:.2f}), SSIM {row.ssim:.4f}, never seen {row.never_seen:.2%}, frames {row.keys}",
            flush=True,
        )
    found.sort(key=lambda row: len(row.keys))
    if options.json:
        options.json.write_text(json.dumps([row.numbers() for row in found], indent=1), encoding="utf-8")
    if options.output:
        report.write(found, (shot.width, shot.height), options.output)
    return 0
