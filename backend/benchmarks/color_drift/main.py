"""`benchmarks burn`: what 300 frames of feedback do to a picture, in every mode, beside a control and naive loops.

The camera goes slowly in a circle, so that the same things stay in the picture and nothing needs to change in it.
"""

import argparse
from pathlib import Path

from motion_bridge.engines import settings_parser
from motion_bridge.metrics.color_drift import ALLOWED, CURVES, SPAN

from ..common.requirements import needs
from .run import MODES, WAYS


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="a registered name or a folder")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--size", type=int, default=128, help="width and height in pixels")
    parser.add_argument("--prompt", default="green hills with a red house at sunset")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mode", action="append", choices=WAYS, help="only this one; may be given again")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="of all but the naive ones")
    parser.add_argument("--device", default="")
    parser.add_argument("--threads", type=int, default=1, help="of the processor; a small model gains little by more")
    parser.add_argument(
        "--output", type=Path, help="a folder for burn.jpg and burn.json; what was run for it already is not run again"
    )


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and draw; 0 when every mode but the naive ones stays as near to its control as it should."""
    needs("torch", "cv2", "matplotlib", extra="deforum,benchmarks")
    import torch

    from .report import page, table
    from .run import Question, run_or_kept

    torch.set_num_threads(max(arguments.threads, 1))
    question = Question(
        arguments.model,
        arguments.frames,
        arguments.size,
        arguments.prompt,
        arguments.seed,
        arguments.device,
        settings_parser.assignments(arguments.set),
    )
    print(f"slopes for every {SPAN} frames, as shares of the first frames' (control); allowed apart: {ALLOWED:.0%}")
    print(f"{'':16}" + "".join(f"{name:>18}" for name in CURVES) + f"{'frames/s':>10}")
    runs, well = [], True
    for name in arguments.mode or WAYS:
        found = run_or_kept(name, question, arguments.output)
        runs.append(found)
        shown = (f"{found.slopes[each]:+8.1%} ({found.control_slopes[each]:+7.1%})" for each in CURVES)
        print(f"{name:16}" + "".join(f"{each:>18}" for each in shown) + f"{found.speed:10.2f}", flush=True)
        if found.drifting:
            print(f"{'':16}apart: {', '.join(found.drifting)}")
        well = well and (not found.drifting or name not in MODES)
    if arguments.output:
        (arguments.output / "burn.jpg").write_bytes(page(runs))
        (arguments.output / "burn.json").write_text(table(runs))
    return 0 if well else 1
