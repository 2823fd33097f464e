"""Where a video model's parts live: the fastest way that fits. Which one it is changes no picture.

Arithmetic on the sizes of files, so it is made and said before anything is loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import OutOfMemory
from .memory_plan import GB, KEPT_FREE, STREAMED, Device

# What a clip takes beside the weights. SANA-WM's was counted at 1280x704 and 81 frames (docs/memory.md).
WORKING = {"sana-wm": 7.5 * GB}
USUALLY = 6.0 * GB
RESIDENT, TURNS, STREAMING = "resident", "turns", "streaming"


@dataclass(frozen=True)
class VideoPlan:
    """resident: all parts stay on the device; turns: one at a time is there; streaming: their blocks come and go."""

    placement: str
    needs: float  # bytes on the device at the worst moment
    sentence: str  # what somebody should know of it


def plan(name: str, sizes: Mapping[str, float], family: str, device: Device) -> VideoPlan:
    """The first placement that fits. OutOfMemory says what there is.

    sizes: bytes of each part's weights on the device.
    """
    whole, largest = sum(sizes.values()), max(sizes.values(), default=0.0)
    working = WORKING.get(family, USUALLY)
    room = f"{device.free / GB:.1f} GB free"
    if device.name == "cpu":
        if whole > device.free:
            raise OutOfMemory(f"{name} needs {whole / GB:.1f} GB, and there are {room}; choose a smaller model.")
        return VideoPlan(RESIDENT, whole, _said(name, device, f"all of it stays there: {whole / GB:.1f} GB", room))
    if whole + working <= device.free:
        needs = whole + working
        return VideoPlan(RESIDENT, needs, _said(name, device, f"all of it stays there: {whole / GB:.1f} GB", room))
    if largest + working <= device.free:
        how = f"its parts take turns there, {largest / GB:.1f} GB the largest"
        return VideoPlan(TURNS, largest + working, _said(name, device, how, room))
    if device.name != "cuda":
        raise OutOfMemory(
            f"{name} does not fit on {device.name}: its largest part has {largest / GB:.1f} GB, {room}. Choose a "
            "smaller model."
        )
    needs = STREAMED * whole + working + KEPT_FREE
    how = f"its blocks are streamed in at every step: {whole / GB:.1f} GB"
    if needs > device.free:
        how += f", and a long or large clip may need more than is free, about {needs / GB:.1f} GB"
    return VideoPlan(STREAMING, needs, _said(name, device, how, room))


def _said(name: str, device: Device, how: str, room: str) -> str:
    return f"{name} runs on {device.name}; {how}, {room}."
