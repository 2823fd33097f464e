"""`benchmarks sketch`: the built-in image model: pictures a second, and how often prompts are followed."""

import argparse

from ..common.requirements import needs

TARGET = 3.0  # pictures a second at 128², two threads, four steps


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, default=128, help="width and height in pixels")
    parser.add_argument("--rounds", type=int, default=20, help="how many pictures are timed")
    parser.add_argument("--prompts", type=int, default=60, help="how many prompts of each kind are tried")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--model", default="sketch", help="a registered name or a folder")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; 0 when prompts are followed more often than not."""
    needs("torch", "diffusers", extra="deforum")
    import torch
    from motion_bridge.models.load import load

    from .sketch_run import KINDS, follows, pictures_a_second

    torch.set_num_threads(arguments.threads)
    model = load(arguments.model, "cpu")
    speed = pictures_a_second(model, arguments.size, arguments.rounds)
    print(f"{arguments.size} x {arguments.size}, {arguments.threads} threads, {model.steps} steps, from noise")
    print(f"pictures a second: {speed:.1f} (target {TARGET:g} at 128 x 128, two threads)")
    rates = {kind: follows(model, kind, arguments.size, arguments.prompts) for kind in KINDS}
    for kind, rate in rates.items():
        print(f"{KINDS[kind].asks:48} {rate:6.0%} of {arguments.prompts}, by chance {1 / len(KINDS[kind].words):.0%}")
    return 0 if sum(rates.values()) > 0.5 * len(rates) else 1
