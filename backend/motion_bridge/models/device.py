"""What there is to run a model on."""

from importlib.util import find_spec

import torch

from .. import hardware
from ..errors import BadInput
from ..model_registry.memory_plan import Device

UNKNOWN = 16e9  # bytes that are taken for free where the system does not say


def best_device() -> str:
    """cuda, mps or cpu."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def resolve(name: str) -> str:
    """The device of that name, or the best one for none. BadInput where torch here knows it not, or finds none."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name and name not in there:
        raise BadInput(f"device is {name!r}; choose one of {', '.join(there)}, or leave it empty for the best one.")
    if name and not there[name]:
        found = ", ".join(each for each in there if there[each])
        raise BadInput(f"device is {name}, and this Python's torch finds none; it finds {found}.")
    return name or best_device()


def release_unused() -> None:
    """Give memory back that torch keeps for itself, so that other parts and programs find it."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def device(name: str) -> Device:
    """A device and what is free on it now."""
    if name == "cuda":
        quantizers = {"fp8"} | ({"4-bit"} if find_spec("bitsandbytes") else set())
        free, _ = torch.cuda.mem_get_info()
        cached = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()  # ours already, and unused
        bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False)
        return Device(name, free + cached, bfloat16, frozenset(quantizers))
    if name == "mps":
        free = torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
        return Device(name, free, shared=hardware.memory_free())
    return Device(name, hardware.memory_free() or UNKNOWN, quantizers=frozenset({"fp8"}))
