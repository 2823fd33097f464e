"""Structure for FLUX.1: a ControlNet beside the transformer, or a transformer that takes it as more channels."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..errors import BadInput
from .image_model import ControlImage

UNION_MODES = {"canny": 0, "depth": 2}  # how ControlNets for several kinds of structure number them

Extra = Callable[[Tensor, Tensor, dict[str, Any]], dict[str, Any]]  # tokens, time, words → arguments of the transformer


def nothing(_tokens: Tensor, _time: Tensor, _words: dict[str, Any]) -> dict[str, Any]:
    return {}


def takes_structure(transformer: Any) -> bool:
    """Whether its tokens are a picture's and a structure's side by side, as in FLUX.1-Depth-dev."""
    return transformer.config.in_channels == 2 * (transformer.config.out_channels or transformer.config.in_channels)


def check(structure: ControlImage | None, transformer: Any) -> None:
    """BadInput where the transformer wants structure and gets none, or is to follow it by halves."""
    if not takes_structure(transformer):
        return
    if structure is None:
        raise BadInput("This model was made to follow structure; set control to depth or canny, as it was taught.")
    if structure.strength != 1:
        strength = f"{structure.strength:g}"
        raise BadInput(
            f"This model follows structure by its weights, wholly; control_strength is {strength}, make it 1."
        )


def beside_transformer(control: Any, structure: ControlImage, hint: Tensor, fixed: dict[str, Any]) -> Extra:
    """What a ControlNet adds to each block. hint: the structure as it wants it; fixed: places and guidance."""
    mode = None
    if control.union:
        mode = torch.full((1, 1), UNION_MODES[structure.kind], device=hint.device, dtype=torch.long)
    repeated = control.input_hint_block is not None  # XLabs' nets have fewer blocks, in turn; others spread theirs

    def extra(tokens: Tensor, time: Tensor, words: dict[str, Any]) -> dict[str, Any]:
        blocks, single_blocks = control(
            hidden_states=tokens,
            controlnet_cond=hint,
            controlnet_mode=mode,
            conditioning_scale=structure.strength,
            timestep=time,
            return_dict=False,
            **fixed,
            **words,
        )
        return {
            "controlnet_block_samples": blocks,
            "controlnet_single_block_samples": single_blocks,
            "controlnet_blocks_repeat": repeated,
        }

    return extra
