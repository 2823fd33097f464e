"""`benchmarks ablations`: the paper's ablations on a sketch model: chunk, steps, sink, window, conditioning, guidance.

Everything is measured on clips drawn from another seed than the training's, at 57 and at 241 frames, and written as a
page with plots. Nothing is trained for it: what a model was not trained for is what it makes of it all the same.
"""

import argparse
from pathlib import Path

from motion_bridge.errors import BadInput

from ..common.requirements import needs


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="sketch", help="sketch, or the folder of a sketch with its teacher")
    parser.add_argument("--clips", type=int, default=3, help="drawn clips, two of each look")
    parser.add_argument("--output", metavar="DIR", type=Path, default=Path("docs"), help="gets ablations.md and .png")
    parser.add_argument("--threads", type=int, default=1)


def run(arguments: argparse.Namespace) -> int:
    """Measure, and write the page."""
    needs("torch", "diffusers", "cv2", "matplotlib", extra="deforum,benchmarks")
    if arguments.clips < 1:
        raise BadInput(f"--clips is {arguments.clips}; it takes one at the least.")
    from .report import write  # torch
    from .run import measure

    found = measure(arguments.model, arguments.clips, arguments.threads)
    print(write(found, arguments.output))
    return 0
