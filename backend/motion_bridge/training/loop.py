"""One training loop for all stages: seeded, resumable, saving as it goes.

Step k sees the same data and noise whether the run was interrupted before it or not: everything random is drawn from a
generator seeded by (seed, k).
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

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
) -> nn.Module:
    """Minimise `loss(step, generator)` over the model's parameters; the returned model holds their moving average.

    rate: the learning rate, or one for each of the model's children by name; gradients are clipped apart as well.
    folder: keeps `state.pt` (resume) and `log.jsonl` (a line every 20 steps). The learning rate warms up over 100 steps
    and falls to a tenth along a cosine. minutes: stop early, keeping the state.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rates = rate if isinstance(rate, Mapping) else {"": rate}
    parts = [[p for p in model.get_submodule(name).parameters() if p.requires_grad] for name in rates]
    optimiser = torch.optim.AdamW([{"params": part} for part in parts], betas=(0.9, 0.95))
    average = {name: value.detach().clone() for name, value in model.state_dict().items()}
    step = _resume(folder / "state.pt", model, optimiser, average)
    began = saved = time.monotonic()
    recent: list[float] = []
    while step < steps and time.monotonic() - began < 60 * minutes:
        for group, peak in zip(optimiser.param_groups, rates.values(), strict=True):
            group["lr"] = peak * _schedule(step, steps)
        value = loss(step, torch.Generator().manual_seed(seed * 1_000_003 + step))
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        for part in parts:
            nn.utils.clip_grad_norm_(part, 1.0)
        optimiser.step()
        step += 1
        with torch.no_grad():
            keep = min(EMA, (1 + step) / (10 + step))
            for name, tensor in model.state_dict().items():
                average[name].lerp_(tensor, 1 - keep) if tensor.is_floating_point() else average[name].copy_(tensor)
        recent.append(value.item())
        if step % 20 == 0:
            line = {"step": step, "loss": sum(recent) / len(recent), "seconds": round(time.monotonic() - began, 1)}
            with open(folder / "log.jsonl", "a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
            recent.clear()
        if time.monotonic() - saved > SAVE_EVERY:
            _save(folder / "state.pt", step, model, optimiser, average)
            saved = time.monotonic()
    _save(folder / "state.pt", step, model, optimiser, average)
    model.load_state_dict(average)
    return model


def _schedule(step: int, steps: int) -> float:
    warm = min(1.0, (step + 1) / 100)
    return warm * (0.55 + 0.45 * torch.cos(torch.tensor(torch.pi * step / steps)).item())


def _save(path: Path, step: int, model: nn.Module, optimiser: torch.optim.Optimizer, average: dict) -> None:
    state = {"step": step, "model": model.state_dict(), "optimiser": optimiser.state_dict(), "average": average}
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def _resume(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, average: dict) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    average.update(state["average"])
    return state["step"]
