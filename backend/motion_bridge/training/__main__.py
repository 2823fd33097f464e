"""`python -m motion_bridge.training STAGE --folder DIR`: one command for each stage; run it again to go on.

A finished stage leaves STAGE.safetensors in the folder, where the next one finds it.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from ..errors import BadInput
from .codec import Codec, train_codec
from .teacher import train_teacher

STAGES = ("codec", "teacher")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m motion_bridge.training", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop early, keeping the state")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(argv)
    torch.set_num_threads(chosen.threads)
    save_file(_run(chosen).state_dict(), chosen.folder / f"{chosen.stage}.safetensors")


def _run(chosen: argparse.Namespace) -> nn.Module:
    place, limits = chosen.folder / chosen.stage, (chosen.steps, chosen.minutes, chosen.seed)
    if chosen.stage == "codec":
        return train_codec(place, *limits)
    encoder = _load(Codec(), chosen.folder / "codec.safetensors", "codec").encoder
    return train_teacher(place, encoder.requires_grad_(False), *limits)


def _load(model: nn.Module, path: Path, stage: str) -> nn.Module:
    if not path.exists():
        raise BadInput(f"{path} is missing; run the stage {stage} first.")
    model.load_state_dict(load_file(path))
    return model


if __name__ == "__main__":
    main()
