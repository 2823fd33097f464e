"""`python -m training image STAGE --folder DIR`: one command for each stage; run it again to go on.

codec → latents → flow → distil → decoder → model. Each leaves STAGE.safetensors, where the next finds it; the last one
leaves the folder `model`. `all` runs one after the other.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import torch
from motion_bridge.errors import BadInput
from safetensors.torch import load_file, save_file
from torch import nn

from .codec import draw_pictures, level, new_codec, train_codec, train_decoder
from .distil import train_student
from .flow import new_painter, train_flow
from .latents import Bank, make_latents
from .package import save_model

Kind = TypeVar("Kind", bound=nn.Module)
COUNTS = {  # steps; of the latents, pictures
    "codec": 900,
    "latents": 5000,
    "flow": 2100,
    "distil": 300,
    "decoder": 1500,
    "model": 0,
}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m training image", description=__doc__)
    parser.add_argument("stage", choices=(*COUNTS, "all"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--count", type=int, help="optimizer steps; of the stage latents, pictures")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop early, keeping the state")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(argv)
    torch.set_num_threads(chosen.threads)
    cv2.setNumThreads(chosen.threads)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    for stage in COUNTS if chosen.stage == "all" else (chosen.stage,):
        _run(stage, chosen.folder, chosen.count or COUNTS[stage], chosen.minutes, chosen.seed)


def _run(stage: str, folder: Path, count: int, minutes: float, seed: int) -> None:
    place, limits, result = folder / stage, (count, minutes, seed), folder / f"{stage}.safetensors"
    if stage == "codec":
        save_file(train_codec(place, *limits).state_dict(), result)
        return
    codec = _load(new_codec(), folder, "codec").eval()
    if stage == "latents":
        make_latents(result, codec, count, seed)
        return
    bank = Bank(_made(folder, "latents"))
    if stage == "flow":
        save_file(train_flow(place, bank, *limits).state_dict(), result)
    elif stage == "distil":
        teacher = _load(new_painter(bank), folder, "flow")
        save_file(train_student(place, teacher, bank, *limits).state_dict(), result)
    elif stage == "decoder":
        save_file(train_decoder(place, codec, *limits).state_dict(), result)
    else:
        level(_load(codec, folder, "decoder"), draw_pictures(np.random.default_rng(seed)))
        save_model(folder / "model", codec, _load(new_painter(bank), folder, "distil"), bank)


def _load(model: Kind, folder: Path, stage: str) -> Kind:
    model.load_state_dict(load_file(_made(folder, stage)))
    return model


def _made(folder: Path, stage: str) -> Path:
    path = folder / f"{stage}.safetensors"
    if not path.exists():
        raise BadInput(f"{path} is missing; run the stage {stage} first.")
    return path
