"""What torch lacks on Apple's GPUs, refused on any machine: a mode to run an engine under.

Which operations have no kernel there is read from torch's own table, as it comes with the package. Others' libraries
ask for the device and take another way on Apple's; what they do is theirs.
"""

import sys
from functools import cache
from pathlib import Path

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

TOO_WIDE = (torch.float64, torch.complex128)
THEIRS = ("diffusers", "transformers", "peft", "accelerate")
TORCH = Path(torch.__file__).parent
BORDER, BICUBIC = 1, 2


class LacksWhatAppleLacks(TorchDispatchMode):
    """Raises where the same call raises on an Apple GPU."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        answer = func(*args, **(kwargs or {}))
        if _asked_by_a_library():
            return answer
        name = func._schema.name.removeprefix("aten::")
        full = f"{name}.{func._overloadname}" if func._overloadname != "default" else name
        if full in lacking() and not name.endswith("_cpu"):  # what only processors are given instead
            raise NotImplementedError(f"The operator 'aten::{full}' is not currently implemented for the MPS device.")
        if name == "grid_sampler_2d" and (args[2] == BICUBIC or args[3] == BORDER):
            raise RuntimeError("MPS: Unsupported Border padding mode, or bicubic")
        if name == "lift_fresh":  # an array of numpy's, which lies in the processor's memory
            return answer
        wide = [each for each in tree_leaves(answer) if isinstance(each, torch.Tensor) and each.dtype in TOO_WIDE]
        if wide:
            raise TypeError(
                f"{full}: Cannot convert a MPS Tensor to {wide[0].dtype} as the MPS framework doesn't support it."
            )
        return answer


def _asked_by_a_library():
    """Whether the nearest caller outside torch is another library."""
    frame = sys._getframe(2)
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        if not file.is_relative_to(TORCH):
            return any(name in file.parts for name in THEIRS)
        frame = frame.f_back
    return False


@cache
def lacking():
    """The operations that torch's table gives a kernel for processors and none for Apple's GPUs."""
    import torchgen
    import yaml

    table = Path(torchgen.__file__).parent / "packaged/ATen/native/native_functions.yaml"
    entries = {}
    for entry in yaml.load(table.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        entries[entry["func"].split("(")[0]] = entry

    def keys(entry):
        found = {key.strip() for keys in entry.get("dispatch") or {} for key in keys.split(",")}
        delegate = entry.get("structured_delegate")
        return found | keys(entries[delegate]) if delegate else found

    everywhere = (
        "MPS",
        "CompositeImplicitAutograd",
        "CompositeExplicitAutograd",
        "CompositeExplicitAutogradNonFunctional",
    )
    found = {name: keys(entry) for name, entry in entries.items()}
    return {name for name, kernels in found.items() if "CPU" in kernels and not kernels.intersection(everywhere)}
