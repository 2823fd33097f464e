"""`benchmarks klein`: the preview on a model of FLUX.2 Klein's shape with random weights, at the cost of real ones."""

import argparse

from motion_bridge.errors import BadInput

from ..common.requirements import needs

TARGET = 15.0  # seconds for 60 frames at 1024² on a data-center GPU, after warm-up
STRENGTHS = (0.65, 0.0)  # kept: the loop's default, and nothing, which takes all of the model's steps


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--shape", choices=("klein-4b", "small"), help="klein-4b on CUDA, else small: a dry run")
    parser.add_argument("--frames", type=int, help="60, or 6 in a dry run")
    parser.add_argument("--size", type=int, help="width and height in pixels: 1024, or 128 in a dry run")
    parser.add_argument("--no-compile", action="store_true", help="leave out torch.compile and CUDA graphs")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; 0 always but for what cannot run, for a target holds on one kind of machine only."""
    needs("torch", "diffusers", "cv2", extra="deforum")
    from . import klein_run  # torch, which the other measurements do without

    there = klein_run.there()
    shape = arguments.shape or ("klein-4b" if there == "cuda" else "small")
    count = arguments.frames or (60 if shape == "klein-4b" else 6)
    size = arguments.size or (1024 if shape == "klein-4b" else 128)
    if count < 2 or size < 64 or size % 16:
        raise BadInput("--frames must be at least 2, and --size a multiple of 16, at least 64.")
    dry = shape == "small" or there != "cuda"
    if dry:
        print("A DRY RUN: no Klein on CUDA. It shows that the measurement works, not how fast Klein is.")
    bench = klein_run.Bench(shape, there, size, compiled=there == "cuda" and not arguments.no_compile)
    print(f"{shape}, {bench.parameters / 1e6:,.1f} million random weights in {bench.precision} on {bench.device_name}")
    print(f"{count} frames of {size}x{size}, prompt encodings at hand; {bench.how}")
    for strength in STRENGTHS:
        found = bench.measure(count, strength)
        print(f"\nkept {strength:g}: {found.evaluations} evaluations of the transformer a frame")
        aim = f" (target {TARGET:g} s)" if not dry and (count, size) == (60, 1024) else ""
        print(f"  {count} frames in {found.seconds:.2f} s: {count / found.seconds:.2f} frames/s{aim}")
        print(f"  peak memory: {found.memory}")
        total = sum(found.stages.values())
        for name, seconds in found.stages.items():
            print(f"  {name:24} {seconds * 1e3:9.1f} ms {seconds / total:6.1%}")
        together = found.seconds / count * 1e3
        print(f"  {'one after the other':24} {total * 1e3:9.1f} ms; the whole loop: {together:.1f} ms a frame")
        print(
            f"  arithmetic: {found.operations / 1e12:.3f} TFLOP a frame, {found.limit:.2f} frames/s at most "
            f"({found.limit_from})"
        )
    return 0
