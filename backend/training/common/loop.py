"""One training loop for all stages and sizes: seeded, resumable, saving as it goes.

Step k sees the same data and noise whether the run was interrupted before it or not: everything random is drawn from a
generator seeded by (seed, k), and on many machines by the machine's number as well. There the loop is started by
`accelerate launch`, which says how many processes there are and in which precision they compute; the gradient is the
mean over all of them.
"""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from . import state

SAVE_EVERY = 120.0  # seconds
EMA = 0.995


def train(
    folder: Path,
    model: nn.Module,
    loss: Callable[[int, torch.Generator], Tensor],
    *,
    steps: int,
    rate: float | Mapping[str, float],
    seed: int = 0,
    minutes: float = float("inf"),
    machines: Accelerator | None = None,
    betas: tuple[float, float] = (0.9, 0.95),
    constant: bool = False,
) -> nn.Module:
    """Minimise `loss(step, generator)` over the model's parameters; the returned model holds their moving average.

    rate: the learning rate, or one for each of the model's children by name; gradients are clipped apart as well.
    folder: keeps the state (to resume) and `log.jsonl` (a line every 20 steps). The learning rate warms up over 100
    steps and falls to a tenth along a cosine; constant: it stays from the first step on. minutes: stop early, keeping
    the state. betas: AdamW's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rates = rate if isinstance(rate, Mapping) else {"": rate}
    if machines is not None:
        state.spread([model.get_submodule(name) for name in rates], machines)
    parts = [[p for p in model.get_submodule(name).parameters() if p.requires_grad] for name in rates]
    optimizer = torch.optim.AdamW([{"params": part} for part in parts], betas=betas)
    average = {name: value.detach().clone() for name, value in model.state_dict().items()}
    step = kept = state.resume(folder, model, optimizer, average, machines)
    began = saved = time.monotonic()
    recent: list[float] = []
    while step < steps and not _agreed(time.monotonic() - began >= 60 * minutes, machines):
        for group, peak in zip(optimizer.param_groups, rates.values(), strict=True):
            group["lr"] = peak if constant else peak * _schedule(step, steps)
        optimizer.zero_grad(set_to_none=True)
        with machines.autocast() if machines else nullcontext():
            value = loss(step, _generator(seed, step, machines))
        value.backward()
        recent.append(value.item())
        for group in optimizer.param_groups:
            nn.utils.clip_grad_norm_(group["params"], 1.0)
        optimizer.step()
        step += 1
        with torch.no_grad():
            keep = min(EMA, (1 + step) / (10 + step))
            for name, tensor in model.state_dict().items():
                average[name].lerp_(tensor, 1 - keep) if tensor.is_floating_point() else average[name].copy_(tensor)
        if step % 20 == 0:
            _log(folder / "log.jsonl", step, recent, time.monotonic() - began, machines)
        if _agreed(time.monotonic() - saved > SAVE_EVERY, machines):
            state.save(folder, step, model, optimizer, average, machines)
            kept, saved = step, time.monotonic()
    if kept < step:
        state.save(folder, step, model, optimizer, average, machines)
    model.load_state_dict(average)
    return model


def _generator(seed: int, step: int, machines: Accelerator | None) -> torch.Generator:
    number = machines.process_index if machines else 0
    return torch.Generator().manual_seed(seed * 1_000_003 + step + number * 1_000_000_007)


def _agreed(now: bool, machines: Accelerator | None) -> bool:
    """Saving and stopping take all machines, so the first one's clock decides."""
    if machines is None or machines.num_processes == 1:
        return now
    said = torch.tensor([int(now)], device=machines.device)
    torch.distributed.broadcast(said, 0)
    return bool(said.item())


def _log(path: Path, step: int, recent: list[float], seconds: float, machines: Accelerator | None) -> None:
    if machines is None or machines.is_main_process:
        line = {"step": step, "loss": sum(recent) / len(recent), "seconds": round(seconds, 1)}
        with open(path, "a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
    recent.clear()


def _schedule(step: int, steps: int) -> float:
    warm = min(1.0, (step + 1) / 100)
    return warm * (0.55 + 0.45 * torch.cos(torch.tensor(torch.pi * step / steps)).item())
