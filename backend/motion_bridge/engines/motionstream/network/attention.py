"""Attention through the best kernel there is.

On the processor and on Apple's chips that is torch's own scaled_dot_product_attention; on an NVIDIA card it is
FlashAttention 3 where that is installed and the card is a Hopper, else cuDNN's. diffusers' dispatch calls those.
"""

from importlib.util import find_spec

import torch
from diffusers.models.attention_dispatch import AttentionBackendName, dispatch_attention_fn
from torch import Tensor
from torch.nn import functional

from ....errors import BadInput

NATIVE = "native"
BACKENDS = {NATIVE: "native", "cudnn": "_native_cudnn", "flash3": "_flash_3"}  # our names → diffusers'
HOPPER, AMPERE = (9, 0), (8, 0)


def best(device: torch.device) -> str:
    """The backend that is taken where none is named."""
    if device.type != "cuda" or torch.version.hip:
        return NATIVE
    card = torch.cuda.get_device_capability(device)
    if find_spec("flash_attn_interface") and HOPPER <= card < (10, 0):
        return "flash3"
    return "cudnn" if card >= AMPERE and torch.backends.cudnn.is_available() else NATIVE


def chosen(name: str, device: torch.device) -> str:
    """A backend by name; empty for the best. BadInput where it cannot run."""
    name = name or best(device)
    if name not in BACKENDS:
        raise BadInput(f"attention is {name!r}; choose one of {', '.join(BACKENDS)}, or leave it empty for the best.")
    if name != NATIVE and device.type != "cuda":
        raise BadInput(f"attention {name} needs an NVIDIA card; leave it empty for the best on this machine.")
    if name == "flash3" and not find_spec("flash_attn_interface"):
        raise BadInput("attention flash3 needs the package flash_attn_interface; leave it empty, or install that.")
    return name


def attend(query: Tensor, key: Tensor, value: Tensor, backend: str) -> Tensor:
    """(B, tokens, heads, head width) each, of which keys and values may have others → (B, tokens, heads · width)."""
    if backend != NATIVE:
        return dispatch_attention_fn(query, key, value, backend=AttentionBackendName(BACKENDS[backend])).flatten(2)
    seen = functional.scaled_dot_product_attention(query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2))
    return seen.transpose(1, 2).flatten(2)
