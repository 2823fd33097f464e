"""Where a model's parts live and in which precision: the fastest exact plan that fits, else the best that does.

A plan is arithmetic on facts, so it is made before anything is loaded and told in one sentence. Precision changes
pictures, so a resumed job keeps the one it began with; where parts live does not.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import BadInput, OutOfMemory
from .parameter_count import SMALLEST, ParameterCounts

GB = 1e9
BYTES = {"fp32": 4.0, "bf16": 2.0, "fp16": 2.0, "fp8": 1.05, "4-bit": 0.57}  # a weight, with its scales
PRECISIONS = ("auto", *BYTES)
QUANTIZED = ("fp8", "4-bit")  # of the denoiser's weights only; they are widened to be used
PACKAGES = {"4-bit": "bitsandbytes"}
KEPT_FREE = 0.6 * GB  # the driver's own, and what fragmentation wastes
# Counted on the full shapes without running them; the rest is for what kernels work in.
LIVE_MAPS = 4.5  # full-size feature maps that are alive at once while a picture is decoded; counted: 3.0
ACTIVATIONS = 9500  # bytes at a megapixel for each root of a parameter; counted: Klein 4B 9300, FLUX.2 dev 6000
STREAMED = 0.1  # share of a streamed part that is on the device: the blocks at work and the next


@dataclass(frozen=True)
class Device:
    """Where it is to run."""

    name: str  # cuda, mps, cpu
    free: float  # bytes
    bfloat16: bool = True  # known to the device, not emulated
    quantizers: frozenset[str] = frozenset()  # of fp8, 4-bit: what is installed and works here
    shared: float | None = None  # bytes free in the system's memory, where the device has none of its own


@dataclass(frozen=True)
class MemoryPlan:
    """One candidate to run a model. text and blocks: `resident` on the device, `swapped` in, or `streamed`."""

    precision: str  # of BYTES: how the denoiser is stored
    arithmetic: str  # fp32, bf16, fp16
    text: str  # resident; swapped: it and the denoiser take turns, at new prompts only; streamed, layer by layer
    blocks: str  # of the denoiser: resident; streamed, at every step
    needs: float  # bytes on the device at the worst moment
    total: float = 0.0  # bytes there and in the system's memory together

    def fits(self, device: Device) -> bool:
        """Whether there is room. Where memory is shared, what waits beside the device takes of the same."""
        return self.needs <= device.free and (device.shared is None or self.total <= device.shared)

    def sentence(self, name: str, device: Device) -> str:
        """What somebody should know of it."""
        how = {
            ("resident", "resident"): "all of it stays there",
            ("swapped", "resident"): "its text encoder is swapped in when the prompt changes",
            ("streamed", "resident"): "its text encoder is read through layer by layer when the prompt changes",
            ("swapped", "streamed"): "its blocks are streamed in at every step",
            ("streamed", "streamed"): "its blocks and its text encoder's are streamed in",
        }[self.text, self.blocks]
        precision = self.precision if self.precision == self.arithmetic else f"{self.precision} and {self.arithmetic}"
        return (
            f"{name} runs on {device.name} in {precision}; {how}: "
            f"{self.needs / GB:.1f} of {device.free / GB:.1f} GB free."
        )


def plan(
    name: str, facts: ParameterCounts, device: Device, size: tuple[int, int], precision: str = "auto"
) -> MemoryPlan:
    """The first plan that fits, most exact and fastest first. OutOfMemory says what would fit.

    size: width and height in pixels; precision: one of PRECISIONS, where somebody wants a particular one.
    """
    if precision not in PRECISIONS:
        raise BadInput(f"precision is {precision!r}; choose one of {', '.join(PRECISIONS)}.")
    candidates = list(_candidates(facts, device, size, precision))
    if not candidates:
        package = PACKAGES.get(precision) if device.name == "cuda" else None
        remedy = f"install {package}, or set precision to auto" if package else "set precision to auto"
        raise BadInput(f"{name} cannot run in {precision} on {device.name}; {remedy}.")
    for candidate in candidates:
        if candidate.fits(device):
            return candidate
    smallest = min(candidates, key=lambda candidate: candidate.needs)
    needs, free, where = smallest.needs, device.free, f"on {device.name}"
    if device.shared is not None and smallest.needs <= device.free:
        needs, free, where = smallest.total, device.shared, f"in the memory that {device.name} shares"
    raise OutOfMemory(
        f"{name} does not fit: in {smallest.precision} it needs {needs / GB:.1f} GB for {size[0]}x{size[1]}, "
        f"and {free / GB:.1f} GB are free {where}. {what_fits(facts, device, size, precision)}"
    )


def what_fits(facts: ParameterCounts, device: Device, size: tuple[int, int], precision: str = "auto") -> str:
    """The remedy as a sentence: the largest smaller picture of the same shape that fits, else a smaller model."""
    for eighths in range(7, 0, -1):
        width, height = (max(side * eighths // 8 // 16 * 16, SMALLEST) for side in size)
        if any(candidate.fits(device) for candidate in _candidates(facts, device, (width, height), precision)):
            return f"{width}x{height} would fit."
    return "No size would fit: choose a smaller model, or a device with more memory."


def remedy(facts: ParameterCounts, plan: MemoryPlan, size: tuple[int, int]) -> str:
    """What a plan that proved too large would gain by a smaller picture, as a sentence."""
    width, height = (max(side * 3 // 4 // 16 * 16, SMALLEST) for side in size)
    smaller = _plan(facts, (width, height), plan.precision, plan.arithmetic, plan.text, plan.blocks)
    return f"Make the picture smaller: {width}x{height} would need {(plan.needs - smaller.needs) / GB:.2g} GB less."


def _candidates(facts: ParameterCounts, device: Device, size: tuple[int, int], precision: str) -> Iterator[MemoryPlan]:
    """All plans for a device, best first."""
    native = "fp32" if device.name == "cpu" else "bf16" if device.bfloat16 else "fp16"
    wanted = [precision]
    if precision == "auto":
        wanted = ["fp32", "bf16"] if device.name == "cpu" else [native, *QUANTIZED]
    possible = [kind for kind in wanted if kind not in QUANTIZED or kind in device.quantizers]
    for kind in possible:
        arithmetic = native if kind in QUANTIZED else kind
        yield _plan(facts, size, kind, arithmetic, "resident", "resident")
        if device.name != "cpu":
            yield _plan(facts, size, kind, arithmetic, _encoder_placement(facts, device, arithmetic), "resident")
    if device.name == "cuda" and possible and possible[0] not in QUANTIZED:
        yield _plan(facts, size, possible[0], possible[0], _encoder_placement(facts, device, possible[0]), "streamed")


def _encoder_placement(facts: ParameterCounts, device: Device, arithmetic: str) -> str:
    """How text encoders come to a device where they cannot stay."""
    alone = (facts.text + facts.vae) * BYTES[arithmetic] + KEPT_FREE
    return "swapped" if alone <= device.free or device.name != "cuda" else "streamed"


def _plan(
    facts: ParameterCounts, size: tuple[int, int], precision: str, arithmetic: str, text: str, blocks: str
) -> MemoryPlan:
    each = BYTES[arithmetic]
    denoiser, encoders = facts.denoiser * BYTES[precision], facts.text * each
    if blocks == "streamed":
        denoiser *= STREAMED
    pixels = size[0] * size[1]
    decoding = pixels * facts.decoder_channels * LIVE_MAPS * each
    denoising = ACTIVATIONS * facts.denoiser**0.5 * pixels / 1024**2 * each / 2
    always = facts.vae * each + KEPT_FREE
    making = denoiser + max(decoding, denoising)
    if text == "resident":
        needs = always + encoders + making
    elif text == "swapped":  # the denoiser is out meanwhile
        needs = always + max(encoders, making)
    else:
        needs = always + max(STREAMED * encoders + denoiser, making)
    total = always + facts.denoiser * BYTES[precision] + encoders + max(decoding, denoising)
    return MemoryPlan(precision, arithmetic, text, blocks, needs, total)
