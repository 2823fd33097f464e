"""The causal student: Wan's transformer, one chunk at a time, looking back at a cache.

It has the teacher's parameters under the teacher's names, so a teacher's weights load as they are. What differs is only
what attention sees: the chunk itself and the context of kv_cache.py, at rotary positions that count slots, never
absolute time, so that they never leave the range seen in training.

A block is a function of tensors without a break, so that it can be compiled once for all layers (acceleration.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from diffusers.models.transformers.transformer_wan import WanAttention, WanTransformer3DModel, WanTransformerBlock
from torch import Tensor
from torch.nn import functional

from .attention import NATIVE, attend
from .kv_cache import Buffer, Kept, KeyValue


@dataclass(frozen=True)
class Text:
    """A prompt, ready for cross-attention: keys and values of each layer, made once."""

    layers: tuple[KeyValue, ...]
    picture: tuple[KeyValue, ...] = ()  # the same of the first frame, in models that also look at it so


class Student(WanTransformer3DModel):
    """`WanTransformer3DModel` with `chunk` beside its own `forward`."""

    attention = NATIVE  # attention.BACKENDS
    run_block: Callable[..., tuple[Tensor, Tensor, Tensor]] | None = None  # a compiled block_pass

    def read_text(self, embedding: Tensor, seen: Tensor | None = None) -> Text:
        """(B, words, text width) → what every layer's cross-attention needs of it.

        seen: (B, patches, image width), what an image encoder sees in the first frame; for models that ask for it.
        """
        words = self.condition_embedder.text_embedder(embedding)
        layers, picture = [], []
        for block in self._layers():
            key = block.attn2.norm_k(block.attn2.to_k(words))
            layers.append(KeyValue(_heads(key, block.attn2), _heads(block.attn2.to_v(words), block.attn2)))
        if seen is not None:
            embedder = self.condition_embedder.image_embedder
            assert embedder is not None, "this transformer does not look at the first frame"
            patches = embedder(seen)
            for block in self._layers():
                to_key, to_value = block.attn2.add_k_proj, block.attn2.add_v_proj
                assert to_key is not None and to_value is not None  # made along with the embedder
                key, value = block.attn2.norm_added_k(to_key(patches)), to_value(patches)
                picture.append(KeyValue(_heads(key, block.attn2), _heads(value, block.attn2)))
        return Text(tuple(layers), tuple(picture))

    def look_back(self, kept: Kept, height: int, width: int) -> Kept:
        """Cache.context() as `chunk` takes it: keys turned for the slots they are in, once for all passes of a chunk.

        height, width: of the latents.
        """
        return [each and KeyValue(self.turned(each.key, 0, height, width), each.value) for each in kept]

    def turned(self, key: Tensor, at: int, height: int, width: int) -> Tensor:
        """Keys (B, tokens, heads, head width) without rotation, turned for the slots from token `at` on."""
        rows, columns = self._cells(height, width)
        rotation = self._rotation((at + key.shape[1]) // (rows * columns), rows, columns)
        return _rotate(key, rotation[:, at:])

    def tokens(self, frames: int, height: int, width: int) -> int:
        """Of so many latent frames."""
        rows, columns = self._cells(height, width)
        return frames * rows * columns

    def _cells(self, height: int, width: int) -> tuple[int, int]:
        _, down, across = self.config["patch_size"]
        return height // down, width // across

    def chunk(self, model_input: Tensor, sigma: Tensor, text: Text, context: Kept) -> tuple[Tensor, list[KeyValue]]:
        """The velocity of one chunk, and the keys and values by which later chunks may remember it.

        model_input: (B, in channels, chunk frames, h, w); sigma: (B,) in 0…1; context: look_back, or SlotCache's.
        → velocity (B, out channels, chunk frames, h, w) and one KeyValue for each layer, keys not turned.
        """
        batch, _, frames, height, width = model_input.shape
        grid = (frames, *self._cells(height, width))
        hidden = self.patch_embedding(model_input).flatten(2).transpose(1, 2)
        embedded = self._embed_sigma(sigma, hidden.dtype)
        modulation = self.condition_embedder.time_proj(functional.silu(embedded)).unflatten(1, (6, -1))
        past_frames = 0 if context[0] is None else context[0].tokens // (grid[1] * grid[2])
        rotation = self._rotation(past_frames + frames, *grid[1:])
        rotation = rotation[:, -hidden.shape[1] :]  # the chunk takes the last slots
        memory = []
        told = [[each] for each in text.layers]
        if text.picture:
            told = [[words, picture] for words, picture in zip(text.layers, text.picture, strict=True)]
        run = self.run_block or block_pass
        modulation = modulation.float()
        for block, past, words in zip(self._layers(), context, told, strict=True):
            hidden, key, value = run(block, hidden, modulation, rotation, past, words, self.attention)
            memory.append(KeyValue(key, value))
        shift, scale = (self.scale_shift_table + embedded[:, None]).chunk(2, dim=1)
        hidden = (self.norm_out(hidden.float()) * (1 + scale) + shift).type_as(hidden)
        return self._to_picture(self.proj_out(hidden), batch, grid), memory

    def _layers(self) -> Sequence[WanTransformerBlock]:
        return cast("Sequence[WanTransformerBlock]", self.blocks)

    def _embed_sigma(self, sigma: Tensor, dtype: torch.dtype) -> Tensor:
        embedder = self.condition_embedder
        angles = embedder.timesteps_proj(1000 * sigma)
        return embedder.time_embedder(angles.to(embedder.time_embedder.linear_1.weight.dtype)).to(dtype)

    def _rotation(self, frames: int, rows: int, columns: int) -> Tensor:
        """Cosines and sines of the angles of slots 0 … frames-1: (2, frames · rows · columns, head width / 2)."""
        rope = self.rope
        tables = self.__dict__.setdefault("_tables", {})  # made once for each size
        size = (frames, rows, columns, rope.get_buffer("freqs_cos").device)
        if size not in tables:
            tables[size] = self._angles(frames, rows, columns)
        return tables[size]

    def _angles(self, frames: int, rows: int, columns: int) -> Tensor:
        rope = self.rope
        sizes, shapes = (frames, rows, columns), ((frames, 1, 1), (1, rows, 1), (1, 1, columns))
        parts = []
        for table in (rope.get_buffer("freqs_cos"), rope.get_buffer("freqs_sin")):
            axes = zip(table.split([rope.t_dim, rope.h_dim, rope.w_dim], dim=1), sizes, shapes, strict=True)
            each = [axis[:count, ::2].float().view(*shape, -1).expand(*sizes, -1) for axis, count, shape in axes]
            parts.append(torch.cat(each, dim=-1).flatten(0, 2))
        return torch.stack(parts)

    def _to_picture(self, tokens: Tensor, batch: int, grid: tuple[int, int, int]) -> Tensor:
        _, rows, columns = self.config["patch_size"]
        patches = tokens.view(batch, *grid, rows, columns, -1)
        return patches.permute(0, 6, 1, 2, 4, 3, 5).flatten(5, 6).flatten(3, 4)


def block_pass(
    block: WanTransformerBlock,
    hidden: Tensor,
    modulation: Tensor,
    rotation: Tensor,
    past: KeyValue | Buffer | None,
    words: list[KeyValue],
    backend: str,
) -> tuple[Tensor, Tensor, Tensor]:
    """One layer: self-attention over past and present, cross-attention to the text, feed-forward.

    → the tokens, and their own keys (not turned) and values.
    """
    parts = (block.scale_shift_table + modulation).chunk(6, dim=1)
    shift, scale, gate, shift_ff, scale_ff, gate_ff = parts
    normal = (block.norm1(hidden.float()) * (1 + scale) + shift).type_as(hidden)
    seen, key, value = _attend_to_past(block.attn1, normal, rotation, past, backend)
    hidden = (hidden.float() + seen * gate).type_as(hidden)
    normal = block.norm2(hidden.float()).type_as(hidden)
    hidden = hidden + _attend_to_text(block.attn2, normal, words, backend)
    normal = (block.norm3(hidden.float()) * (1 + scale_ff) + shift_ff).type_as(hidden)
    return (hidden.float() + block.ffn(normal).float() * gate_ff).type_as(hidden), key, value


def _attend_to_past(
    attention: WanAttention, hidden: Tensor, rotation: Tensor, past: KeyValue | Buffer | None, backend: str
) -> tuple[Tensor, Tensor, Tensor]:
    query = _heads(attention.norm_q(attention.to_q(hidden)), attention)
    own = _heads(attention.norm_k(attention.to_k(hidden)), attention)
    own_value = _heads(attention.to_v(hidden), attention)
    key, value = _rotate(own, rotation), own_value
    if past is not None:
        key, value = past.with_present(key, value)
    return attention.to_out[0](attend(_rotate(query, rotation), key, value, backend)), own, own_value


def _attend_to_text(attention: WanAttention, hidden: Tensor, words: list[KeyValue], backend: str) -> Tensor:
    """Attention to the text, and beside it to the first frame in models that have that; the two add up."""
    query = _heads(attention.norm_q(attention.to_q(hidden)), attention)
    seen = attend(query, words[0].key, words[0].value, backend)
    for more in words[1:]:
        seen = seen + attend(query, more.key, more.value, backend)
    return attention.to_out[0](seen)


def _heads(tokens: Tensor, attention: WanAttention) -> Tensor:
    return tokens.unflatten(2, (attention.heads, -1))


def _rotate(tokens: Tensor, rotation: Tensor) -> Tensor:
    """(B, tokens, heads, head width) turned by (2, tokens, head width / 2): pairs of neighbors, in real numbers."""
    cosine, sine = rotation[0, :, None], rotation[1, :, None]
    even, odd = tokens.float().unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack([even * cosine - odd * sine, even * sine + odd * cosine], dim=-1).flatten(-2).type_as(tokens)
