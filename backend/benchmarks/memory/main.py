"""`python -m benchmarks memory`: what each model's plan takes on cards of 8 to 24 GB, counted on fake tensors."""

import argparse

from motion_bridge.errors import OutOfMemory
from motion_bridge.model_registry import memory_plan
from motion_bridge.model_registry.memory_plan import GB, Device, MemoryPlan
from motion_bridge.model_registry.parameter_count import ParameterCounts
from torch._subclasses.fake_tensor import FakeTensorMode

from .shapes import SHAPES, Counted, Shape, count

CARDS = (8, 12, 16, 24)  # GB that are free
QUANTIZERS = frozenset({"fp8", "4-bit"})
WIDEST = 256  # channels of these decoders at full size


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", choices=SHAPES, action="append", help="one of them; default: all")


def run(arguments: argparse.Namespace) -> int:
    print("| model, size | weights: denoiser, text, decoder | a step | decoding |", "|---|---|---|---|", sep="\n")
    found = {}
    for name in arguments.model or SHAPES:
        with FakeTensorMode():
            found[name] = count(SHAPES[name])
        print(row(name, SHAPES[name], found[name]), flush=True)
    print("", f"| model | {' | '.join(f'{card} GB free' for card in CARDS)} |", "|---|" + "---|" * len(CARDS), sep="\n")
    for name, counted in found.items():
        print(f"| `{name}` | {' | '.join(said(name, counted, card) for card in CARDS)} |")
    return 0


def row(name: str, shape: Shape, counted: Counted) -> str:
    text = 2 * shape.text
    weights = ", ".join(f"{each / GB:.2f}" for each in (counted.denoiser, text, counted.decoder))
    width, height = shape.size
    return f"| `{name}`, {width}x{height} | {weights} | {counted.denoising / GB:.2f} | {counted.decoding / GB:.2f} |"


def said(name: str, counted: Counted, card: int) -> str:
    """A plan and its counted peak, for the table."""
    plan = plan_for(name, counted, card)
    if plan is None:
        return "does not fit"
    parts = {"resident": "", "swapped": ", text swapped", "streamed": ", text streamed"}[plan.text]
    blocks = ", blocks streamed" if plan.blocks == "streamed" else ""
    return f"{plan.precision}{parts}{blocks}: {peak_of(plan, name, counted) / GB:.1f} of {plan.needs / GB:.1f}"


def plan_for(name: str, counted: Counted, card: float) -> MemoryPlan | None:
    """The plan that is taken where so many GB are free on an NVIDIA card; None where none fits."""
    facts = ParameterCounts(counted.denoiser // 2, SHAPES[name].text, counted.decoder // 2, WIDEST)
    try:
        return memory_plan.plan(name, facts, Device("cuda", card * GB, True, QUANTIZERS), SHAPES[name].size)
    except OutOfMemory:
        return None


def peak_of(plan: MemoryPlan, name: str, counted: Counted) -> float:
    """Bytes of a plan at its worst moment, from counted weights and activations; without the driver's own."""
    stored = counted.denoiser / 2 * memory_plan.BYTES[plan.precision]
    denoiser = stored * memory_plan.STREAMED if plan.blocks == "streamed" else stored
    encoders = 2.0 * SHAPES[name].text
    making = denoiser + max(counted.denoising, counted.decoding)
    reading = {
        "resident": encoders + making,
        "swapped": encoders,
        "streamed": memory_plan.STREAMED * encoders + denoiser,
    }
    return counted.decoder + max(making, reading[plan.text])
