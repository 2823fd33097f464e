"""What a training run must remember to go on: one file on one machine, a folder of pieces on many."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.checkpoint.state_dict_loader import load as load_pieces
from torch.distributed.checkpoint.state_dict_saver import save as save_pieces
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method

FILE, PIECES = "state.pt", "state-*"


def save(
    folder: Path,
    step: int,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: dict[str, Tensor],
    machines: Accelerator | None,
) -> None:
    if machines is not None:
        newest = folder / PIECES.replace("*", f"{step:08}")
        save_pieces(_pieces(step, model, optimizer, average), checkpoint_id=str(newest))
        if machines.is_main_process:
            for other in set(folder.glob(PIECES)) - {newest}:
                shutil.rmtree(other)
        return
    kept = {"step": step, "model": model.state_dict(), "optimizer": optimizer.state_dict(), "average": average}
    part = (folder / FILE).with_suffix(".part")
    torch.save(kept, part)
    part.replace(folder / FILE)


def resume(
    folder: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: dict[str, Tensor],
    machines: Accelerator | None,
) -> int:
    """The number of steps that are done; model, optimizer and average become what they were then."""
    if machines is not None:
        if not (there := _finished(folder)):
            return 0
        kept = _pieces(0, model, optimizer, average)
        load_pieces(kept, checkpoint_id=str(there[-1]))  # into the very tensors of model and average
        set_optimizer_state_dict(model, optimizer, kept["optimizer"])
        return int(kept["step"])
    if not (folder / FILE).exists():
        return 0
    kept = torch.load(folder / FILE, weights_only=True)
    model.load_state_dict(kept["model"])
    optimizer.load_state_dict(kept["optimizer"])
    average.update(kept["average"])
    return kept["step"]


def steps_done(folder: Path) -> int:
    """Of a run on one machine, whatever it trains."""
    kept = folder / FILE
    return torch.load(kept, weights_only=True, mmap=True)["step"] if kept.exists() else 0


def _finished(folder: Path) -> list[Path]:
    """Where all pieces of a state are, the oldest first; what says so is written last."""
    return sorted(path.parent for path in folder.glob(f"{PIECES}/.metadata"))


def spread(parts: Sequence[nn.Module], machines: Accelerator) -> None:
    """Bring what is trained to the devices; over several, each of the parts is sharded as a whole.

    A part is gathered for its forward, and for the methods that it names in CALLED. Its parameters change their kind,
    so an optimizer is made afterwards. Gathered and added up in float32: autocast alone says what computes in less.
    """
    for part in parts:
        part.to(machines.device)
    if machines.num_processes == 1:
        return
    mesh = init_device_mesh(machines.device.type, (machines.num_processes,))
    for part in parts:
        fully_shard(part, mesh=mesh).set_reduce_scatter_unused_params(True)
        for name in getattr(part, "CALLED", ()):
            register_fsdp_forward_method(part, name)


def whole(model: nn.Module) -> dict[str, Tensor]:
    """A model's weights on the processor, gathered from all machines; empty on all but the first."""
    options = StateDictOptions(full_state_dict=True, cpu_offload=True)
    return cast("dict[str, Tensor]", get_model_state_dict(model, options=options))


def _pieces(
    step: int, model: nn.Module, optimizer: torch.optim.Optimizer, average: dict[str, Tensor]
) -> dict[str, Any]:
    return {
        "step": torch.tensor(step),
        "model": model.state_dict(),
        "optimizer": get_optimizer_state_dict(model, optimizer),
        "average": average,
    }
