"""The sketch video model: the whole method at toy size, so that it fits in the package and runs on a laptop.

64×64 pixels, latents of 16×16 with 16 channels, drawn shapes as its whole world. It uses the very classes of the
full-size model; only this configuration differs.
"""

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

SIZE = 64  # pixels a side
CHANNELS = 16
TEXT_WIDTH = 32

TRANSFORMER = dict(
    patch_size=(1, 2, 2),
    num_attention_heads=4,
    attention_head_dim=32,
    in_channels=CHANNELS + 4 + CHANNELS + CHANNELS,
    out_channels=CHANNELS,
    text_dim=TEXT_WIDTH,
    freq_dim=64,
    ffn_dim=384,
    num_layers=4,
    rope_max_seq_len=64,
)


def embed_words(words: Sequence[str], count: int = 12) -> Tensor:
    """(count, TEXT_WIDTH): a fixed random direction for each word, so that text needs no encoder at this size.

    Missing words are zeros; all zeros is "no text".
    """
    rows = torch.zeros(count, TEXT_WIDTH)
    for at, word in enumerate(words[:count]):
        seed = int.from_bytes(hashlib.blake2b(word.lower().encode(), digest_size=8).digest(), "little") >> 1
        rows[at] = torch.randn(TEXT_WIDTH, generator=torch.Generator().manual_seed(seed))
    return rows
