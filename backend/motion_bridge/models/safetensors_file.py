"""Weights in a safetensors file, whoever made it."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ..errors import BadInput
from ..files import regular


def read(path: Path) -> dict[str, Tensor]:
    """Its tensors by name. BadInput where it is no file (a pipe would be waited for), damaged or cut short."""
    regular.open_regular(path).close()
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as fault:
        why = " ".join(str(fault).split())[:300]
        raise BadInput(f"{path} is damaged or cut short: {why}.") from None
