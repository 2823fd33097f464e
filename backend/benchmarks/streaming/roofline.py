"""The arithmetic of a chunk: how many operations it takes, and how many this machine can do."""

import time
from dataclasses import dataclass

import torch

PEAKS = {  # part of the device's name: dense TFLOP/s in bf16, in fp8; makers' numbers
    "H200": (989, 1979),
    "H100": (989, 1979),
    "A100": (312, 312),
    "L40": (362, 733),
    "4090": (165, 330),
}


@dataclass(frozen=True)
class Work:
    """Floating-point operations of one forward pass over a chunk."""

    products: float  # with weights
    attention: float  # to itself and the past
    words: float  # to text and picture

    @property
    def total(self) -> float:
        return self.products + self.attention + self.words


def work_of(config, queries: int, keys: int, words: int) -> Work:
    """config: the transformer's. Text keys and values are made once, so they are not counted."""
    width, layers = config.num_attention_heads * config.attention_head_dim, config.num_layers
    products = 2 * queries * layers * (6 * width**2 + 2 * width * config.ffn_dim)
    attend = 4 * queries * width * layers
    return Work(products, attend * keys, attend * words)


def peak(device: torch.device, fp8: bool) -> tuple[float, str]:
    """Operations a second, and where the number is from: the maker's for known cards, else measured on a product."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "this processor"
    for part, rates in PEAKS.items():
        if part in name:
            return rates[fp8] * 1e12, f"{name}, the maker's number"
    kind = torch.bfloat16 if device.type == "cuda" else torch.float32
    side = 4096 if device.type == "cuda" else 768
    one = torch.randn(side, side, device=device, dtype=kind)
    best = 0.0
    for _ in range(12):
        began = time.perf_counter()
        torch.matmul(one, one)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = max(best, 2 * side**3 / (time.perf_counter() - began))
    return best, f"{name}, the best of a {side}x{side} product"
