"""What a training run must remember to go on: one file on one machine, a folder of pieces on many."""

from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.distributed import checkpoint
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.fsdp import register_fsdp_forward_method

FILE, PIECES = "state.pt", "state"


def save(
    folder: Path,
    step: int,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: dict[str, Tensor],
    machines: Accelerator | None,
) -> None:
    if machines is not None:
        checkpoint.save(_pieces(step, model, optimiser, average), checkpoint_id=str(folder / PIECES))
        return
    kept = {"step": step, "model": model.state_dict(), "optimiser": optimiser.state_dict(), "average": average}
    part = (folder / FILE).with_suffix(".part")
    torch.save(kept, part)
    part.replace(folder / FILE)


def resume(
    folder: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: dict[str, Tensor],
    machines: Accelerator | None,
) -> int:
    """The number of steps that are done; model, optimiser and average become what they were then."""
    if machines is not None:
        if not (folder / PIECES / ".metadata").exists():
            return 0
        kept = _pieces(0, model, optimiser, average)
        checkpoint.load(kept, checkpoint_id=str(folder / PIECES))  # into the very tensors of model and average
        set_optimizer_state_dict(model, optimiser, kept["optimiser"])
        return int(kept["step"])
    if not (folder / FILE).exists():
        return 0
    kept = torch.load(folder / FILE, weights_only=True)
    model.load_state_dict(kept["model"])
    optimiser.load_state_dict(kept["optimiser"])
    average.update(kept["average"])
    return kept["step"]


def gather_for_calls(model: nn.Module) -> None:
    """Sharded parts are gathered for forward; let them be so for the methods in CALLED. Whole ones stay as they are."""
    for part in model.modules():
        for name in getattr(part, "CALLED", ()):
            register_fsdp_forward_method(part, name)


def whole(model: nn.Module) -> dict[str, Tensor]:
    """A model's weights on the processor, gathered from all machines; empty on all but the first."""
    return get_model_state_dict(model, options=StateDictOptions(full_state_dict=True, cpu_offload=True))


def _pieces(
    step: int, model: nn.Module, optimiser: torch.optim.Optimizer, average: dict[str, Tensor]
) -> dict[str, Any]:
    return {
        "step": torch.tensor(step),
        "model": model.state_dict(),
        "optimiser": get_optimizer_state_dict(model, optimiser),
        "average": average,
    }
