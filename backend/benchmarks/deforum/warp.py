"""`benchmarks warp`: our legacy warp beside the same formulas applied the way the webui applies them."""

import argparse

from ..common.requirements import needs

TARGET = 5.0  # times as fast


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, default=1024, help="width and height in pixels")
    parser.add_argument("--rounds", type=int, default=15, help="how often each side is timed")
    parser.add_argument("--threads", type=int, default=4, help="at most, and no more than the machine has")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; 0 when both sides show the same picture, to a gray level."""
    needs("torch", "cv2", extra="deforum")
    from .warp_run import measure  # torch, which the other measurements do without

    found = measure(arguments.size, arguments.rounds, arguments.threads)
    print(f"{arguments.size} x {arguments.size}, {found.threads} threads, best of {arguments.rounds}")
    print(f"                        webui's way      here   ratio (target {TARGET:g})")
    for name, us, them in zip(("wall, ms", "processor, ms"), found.here, found.there, strict=True):
        print(f"{name:20} {them * 1e3:14.1f} {us * 1e3:9.1f} {them / us:7.1f}")
    print(f"greatest difference: {found.greatest} grey levels; {found.share:.2%} of values differ")
    return 0 if found.greatest <= 1 else 1
