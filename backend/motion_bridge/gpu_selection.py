"""Which GPUs a process may use: a number for each, and the environment that shows it that one alone."""

import os
from collections.abc import Mapping
from pathlib import Path

from . import launch
from .errors import BadInput
from .files import regular

# What the drivers' libraries read. A farm or a scheduler that sets one of them has handed out part of the machine.
CUDA, HIP, ROCR, LEVEL_ZERO = "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "ZE_AFFINITY_MASK"
HANDED_OUT = (CUDA, HIP, ROCR, LEVEL_ZERO)
KFD = Path("/sys/class/kfd/kfd/topology/nodes")  # Linux' list of what AMD's driver computes on
PATIENCE = 10  # seconds

Variables = Mapping[str, str]


def chosen(text: str) -> list[Variables]:
    """The environment of each process, by what somebody wrote: `0,2`, `all`, or `cpu` for one process without a GPU.

    BadInput for what is neither.
    """
    if text == "all":
        return everything()
    if text == "cpu":
        return [{**dict.fromkeys((CUDA, HIP, ROCR), "-1")}]
    names = [part.strip() for part in text.split(",")]
    if not all(name.isascii() and name.isdigit() for name in names) or len(set(names)) != len(names):
        raise BadInput(f"{text!r} names no GPUs; write all, cpu, or different numbers such as 0,1.")
    if handed := _handed_out():
        raise BadInput(f"{handed[0]} is {handed[1]!r}: somebody chose the GPUs already. Omit --gpus, or unset it.")
    return [_only(name, amd=not nvidia() and bool(amd())) for name in names]


def everything() -> list[Variables]:
    """One environment for each GPU that may be used, or a single one where none is known."""
    if handed := _handed_out():
        variable, value = handed
        parts = [part.strip() for part in value.split(",") if part.strip()]
        return [{variable: part} for part in parts] or [{}]
    if count := nvidia():
        return [_only(str(number), amd=False) for number in range(count)]
    return [_only(str(number), amd=True) for number in range(amd())] or [{}]


def nvidia() -> int:
    """How many GPUs NVIDIA's driver lists."""
    try:
        answer = launch.ask(["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"], PATIENCE)
    except (OSError, launch.TimeoutExpired):
        return 0
    return len(answer.stdout.split()) if answer.code == 0 else 0


def amd(nodes: Path = KFD) -> int:
    """How many GPUs AMD's driver lists; processors are nodes, too, without a GPU's number."""
    try:
        return sum(regular.read_text(node / "gpu_id").strip() != "0" for node in nodes.iterdir())
    except (OSError, BadInput):
        return 0


def _only(number: str, amd: bool) -> Variables:
    # CUDA counts by speed unless it is told to count as nvidia-smi does.
    return {HIP: number} if amd else {CUDA: number, "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


def _handed_out() -> tuple[str, str] | None:
    return next(((name, os.environ[name]) for name in HANDED_OUT if name in os.environ), None)
