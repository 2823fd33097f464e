"""Names of a Wan transformer's tensors: three programs, three sets of names, and diffusers' is ours.

Known are the names of diffusers, those of FastVideo's own files, and those of Wan's original releases (which Wan-Move
keeps, and ComfyUI with a prefix). The track head is called `track_encoder` wherever there is one.
"""

import re
from collections.abc import Iterable, Iterator

HEAD = "track_encoder."
PREFIXES = ("model.diffusion_model.", "diffusion_model.")  # ComfyUI's, before every name
UNUSED = re.compile(r"blocks\.\d+\.attn2\.norm_added_q\.weight")  # in many files, read by no model

_IN_BLOCKS = (
    (r"self_attn\.([qkv])\.", r"attn1.to_\1."),
    (r"self_attn\.o\.", "attn1.to_out.0."),
    (r"self_attn\.norm_([qk])\.", r"attn1.norm_\1."),
    (r"cross_attn\.([qkv])\.", r"attn2.to_\1."),
    (r"cross_attn\.o\.", "attn2.to_out.0."),
    (r"cross_attn\.norm_([qk])\.", r"attn2.norm_\1."),
    (r"cross_attn\.([kv])_img\.", r"attn2.add_\1_proj."),
    (r"cross_attn\.norm_k_img\.", "attn2.norm_added_k."),
    (r"norm3\.", "norm2."),
    (r"modulation$", "scale_shift_table"),
    (r"to_([qkv])\.", r"attn1.to_\1."),
    (r"norm_([qk])\.", r"attn1.norm_\1."),
    (r"to_out\.(?=weight|bias)", "attn1.to_out.0."),
    (r"attn2\.to_out\.(?=weight|bias)", "attn2.to_out.0."),
    (r"self_attn_residual_norm\.norm\.", "norm2."),
    (r"ffn\.(?:0|fc_in)\.", "ffn.net.0.proj."),
    (r"ffn\.(?:2|fc_out)\.", "ffn.net.2."),
)
_ELSEWHERE = (
    (r"head\.modulation$", "scale_shift_table"),
    (r"head\.head\.", "proj_out."),
    (r"patch_embedding\.proj\.", "patch_embedding."),
    (r"time_embedding\.0\.", "condition_embedder.time_embedder.linear_1."),
    (r"time_embedding\.2\.", "condition_embedder.time_embedder.linear_2."),
    (r"time_projection\.1\.", "condition_embedder.time_proj."),
    (r"text_embedding\.0\.", "condition_embedder.text_embedder.linear_1."),
    (r"text_embedding\.2\.", "condition_embedder.text_embedder.linear_2."),
    (r"img_emb\.proj\.0\.", "condition_embedder.image_embedder.norm1."),
    (r"img_emb\.proj\.1\.", "condition_embedder.image_embedder.ff.net.0.proj."),
    (r"img_emb\.proj\.3\.", "condition_embedder.image_embedder.ff.net.2."),
    (r"img_emb\.proj\.4\.", "condition_embedder.image_embedder.norm2."),
    (r"condition_embedder\.time_embedder\.mlp\.fc_in\.", "condition_embedder.time_embedder.linear_1."),
    (r"condition_embedder\.time_embedder\.mlp\.fc_out\.", "condition_embedder.time_embedder.linear_2."),
    (r"condition_embedder\.time_modulation\.linear\.", "condition_embedder.time_proj."),
    (r"condition_embedder\.text_embedder\.fc_in\.", "condition_embedder.text_embedder.linear_1."),
    (r"condition_embedder\.text_embedder\.fc_out\.", "condition_embedder.text_embedder.linear_2."),
    (r"condition_embedder\.image_embedder\.ff\.fc_in\.", "condition_embedder.image_embedder.ff.net.0.proj."),
    (r"condition_embedder\.image_embedder\.ff\.fc_out\.", "condition_embedder.image_embedder.ff.net.2."),
)
_BLOCK = re.compile(r"(blocks\.)(\d+)(\..*)")


def diffusers_name(name: str) -> str:
    """A tensor's name in any of the known layouts → its name in diffusers'; unknown names stay as they are."""
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    block = _BLOCK.fullmatch(name)
    rules, start, rest = (_IN_BLOCKS, name[: block.start(3) + 1], block[3][1:]) if block else (_ELSEWHERE, "", name)
    for pattern, replacement in rules:
        if found := re.match(pattern, rest):
            return start + found.expand(replacement) + rest[found.end() :]
    return name


def listed(names: Iterable[str]) -> str:
    """Every name, once; those that only differ in the number of their block stand together: blocks.0-29.norm2.bias."""
    numbers: dict[str, list[int]] = {}
    for name in names:
        block = _BLOCK.fullmatch(name)
        numbers.setdefault(f"{block[1]}{{}}{block[3]}" if block else name, []).extend([int(block[2])] if block else [])
    return ", ".join(pattern.replace("{}", ",".join(_ranges(sorted(found)))) for pattern, found in numbers.items())


def _ranges(numbers: list[int]) -> Iterator[str]:
    start = 0
    for at in range(1, len(numbers) + 1):
        if at == len(numbers) or numbers[at] != numbers[at - 1] + 1:
            first, last = numbers[start], numbers[at - 1]
            yield str(first) if first == last else f"{first}-{last}"
            start = at
