"""`bench burn`: what 300 frames of feedback do to a picture, in every mode, beside a control and the naive loop.

The camera goes slowly in a circle, so that the same things stay in the picture and nothing needs to change in it.
"""

import argparse
import json
from pathlib import Path

from .. import wishes
from ..measure.burn import ALLOWED, CURVES, SPAN
from .needs import needs

MODES = ("naive", "2D pixel", "2D latent", "3D pixel", "3D latent", "scene pixel", "scene latent")


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="a registered name or a folder")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--size", type=int, default=128, help="width and height in pixels")
    parser.add_argument("--prompt", default="green hills with a red house at sunset")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mode", action="append", choices=MODES, help="only this one; may be given again")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="of every mode but naive")
    parser.add_argument("--device", default="")
    parser.add_argument("--threads", type=int, default=1, help="of the processor; a small model gains little by more")
    parser.add_argument("--output", type=Path, help="a folder for curves.png, pictures.png and curves.json")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and draw; 0 when every mode but the naive one stays as near to its control as it should."""
    needs("torch", "cv2", extra="deforum")
    import torch

    from .burn_runs import curves, measure, pictures

    torch.set_num_threads(max(arguments.threads, 1))
    names = arguments.mode or list(MODES)
    asked = (arguments.frames, arguments.size, arguments.prompt, arguments.seed, arguments.device)
    print(f"slopes for every {SPAN} frames, as shares of the first frames' (control); allowed apart: {ALLOWED:.0%}")
    print(f"{'':14}" + "".join(f"{name:>18}" for name in CURVES) + f"{'frames/s':>10}")
    runs, well = [], True
    for name in names:
        found = measure(name, arguments.model, *asked, {} if name == "naive" else wishes.of_words(arguments.set))
        runs.append(found)
        shown = (f"{found.slopes[each]:+8.1%} ({found.control_slopes[each]:+7.1%})" for each in CURVES)
        print(f"{name:14}" + "".join(f"{each:>18}" for each in shown) + f"{found.speed:10.2f}", flush=True)
        if found.drifting:
            print(f"{'':14}apart: {', '.join(found.drifting)}")
        well = well and (not found.drifting or name == "naive")
    if arguments.output:
        arguments.output.mkdir(parents=True, exist_ok=True)
        (arguments.output / "curves.png").write_bytes(curves(runs))
        (arguments.output / "pictures.png").write_bytes(pictures(runs))
        kept = {each.name: {"slopes": each.slopes, "control": each.control_slopes} for each in runs}
        (arguments.output / "curves.json").write_text(json.dumps(kept, indent=1) + "\n")
    return 0 if well else 1
