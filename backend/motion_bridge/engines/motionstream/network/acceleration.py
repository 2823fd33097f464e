"""How the student's passes are made fast: precision, compiled blocks, CUDA graphs, the attention's kernel.

Nothing here changes what is computed but the precision. Compiled blocks and recorded passes cost seconds when a job
starts and pay on a graphics card; on the processor all of it is off unless it is asked for.
"""

import os
import shutil
import sys
from dataclasses import dataclass
from importlib.util import find_spec

import torch

from ....errors import BadInput
from . import attention
from .cuda_graphs import Graphs
from .student import Student, block_pass

FP8 = "fp8"
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, FP8: torch.bfloat16}  # of what is not fp8


@dataclass(frozen=True)
class Acceleration:
    """What was asked for; empty texts leave it to the machine."""

    precision: str = ""  # PRECISIONS
    attention: str = ""  # attention.BACKENDS
    compile: bool = False
    compiler: str = "inductor"  # torch.compile's backend
    graphs: bool = False

    def dtype(self, device: str) -> torch.dtype:
        """Of weights and activations. BadInput for a precision that nobody knows."""
        if not self.precision:
            return torch.bfloat16 if device.startswith("cuda") else torch.float32
        if self.precision not in PRECISIONS:
            known = ", ".join(PRECISIONS)
            raise BadInput(f"precision is {self.precision!r}; choose one of {known}, or leave it empty for the best.")
        return PRECISIONS[self.precision]


PLAIN = Acceleration()


def accelerate(student: Student, wanted: Acceleration) -> Student:
    """The same student, made fast in place. BadInput for what this machine cannot do."""
    device = student.proj_out.weight.device
    student.attention = attention.chosen(wanted.attention, device)
    if wanted.precision == FP8:
        _in_eight_bits(student)
    if wanted.compile:
        _check_compiler(wanted, device)
        student.run_block = torch.compile(block_pass, fullgraph=True, dynamic=False, backend=wanted.compiler)
    if wanted.graphs:
        if device.type != "cuda":
            raise BadInput("graphs need an NVIDIA card; turn them off on this machine.")
        student.chunk = Graphs(student.chunk)
    return student


def _check_compiler(wanted: Acceleration, device: torch.device) -> None:
    """BadInput where torch's compiler lacks what it writes for: it would say so in the middle of a job."""
    if wanted.compiler != "inductor":
        return
    if device.type == "cuda" and find_spec("triton") is None:
        raise BadInput(f"{sys.executable} has no triton, which compile needs on a card; turn it off, or install it.")
    if device.type == "cpu" and not any(map(shutil.which, (os.environ.get("CXX", "g++"), "clang++", "cl"))):
        raise BadInput("compile needs a C++ compiler on the processor (g++, clang++, cl); turn it off, or install one.")


def _in_eight_bits(student: Student) -> None:
    """The blocks' matrix products in fp8, inputs scaled as they come."""
    if find_spec("torchao") is None:
        raise BadInput(f"{sys.executable} has no torchao, which fp8 needs: pip install torchao")
    from torchao.quantization import (  # pyright: ignore[reportMissingImports]
        Float8DynamicActivationFloat8WeightConfig,
        quantize_,
    )

    quantize_(student.blocks, Float8DynamicActivationFloat8WeightConfig())
