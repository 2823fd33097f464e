"""`benchmarks motionstream`: what a chunk of endless video costs, early and much later, beside the arithmetic limit.

With `--model sketch` or a folder the weights are the model's; `--model 1.3b` and `--model toy` are random weights in
full-size and in tiny shapes, for speed alone.
"""

import argparse
import json
from dataclasses import asdict

from motion_bridge.errors import BadInput

from ..common.requirements import needs


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="sketch", help="sketch, a folder, or random weights: 1.3b, toy")
    parser.add_argument("--device", default="", help="cuda, mps or cpu; default: the best there is")
    parser.add_argument("--chunks", type=int, default=300)
    parser.add_argument("--size", metavar="WxH", default="", help="pixels; default: the model's own")
    parser.add_argument(
        "--steps", type=int, default=0, help="denoising steps; 0: the model's own, 3 for random weights"
    )
    parser.add_argument("--decoder", choices=("tiny", "full"), default="tiny")
    parser.add_argument("--layers", type=int, default=0, help="of random weights; 0: all")
    parser.add_argument("--threads", type=int, default=0, help="0: as many as torch takes")
    parser.add_argument("--fp8", action="store_true", help="matrix products in 8 bits, through torchao")
    parser.add_argument("--attention", default="", help="native, cudnn or flash3; default: the best there is")
    parser.add_argument("--compile", action="store_true", help="compile the blocks first")
    parser.add_argument("--graphs", action="store_true", help="replay the forward pass from CUDA graphs")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; 0 when time and memory stay what they were, 1 when not."""
    needs("torch", "diffusers", extra="motionstream")
    if arguments.chunks < 12:
        raise BadInput(f"--chunks is {arguments.chunks}; it takes 12 to have an early and a late part.")
    from . import report  # torch
    from .run import measure

    found = measure(arguments)
    print(json.dumps(asdict(found)) if arguments.json else report.text(found))
    return 0 if found.steady and found.flat else 1
