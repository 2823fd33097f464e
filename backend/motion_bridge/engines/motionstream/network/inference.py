"""Networks that are asked and no longer trained."""

from typing import TypeVar

from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def for_inference(network: Network, device: str) -> Network:
    """The network itself, on a device and frozen."""
    return network.to(device).eval().requires_grad_(False)
