"""`python -m motion_bridge.training STAGE --folder DIR`: one command for each stage; run it again to go on.

    clips    draw a bank of clips, which all other stages read (--steps: how many)
    codec    fit the encoder, train the decoder
    teacher  the bidirectional model, by flow matching
    causal   the student, from the teacher's weights, by flow matching chunk by chunk
    ways     the teacher's trajectories (--steps: how many)
    ode      the student at its own few noise levels, by regression on the ways
    dmd      the student on its own clips, by distribution matching

A finished stage leaves STAGE.safetensors in the folder, where the next ones find it. `python -m
motion_bridge.training.pack` makes the model that the program runs out of them.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from ..errors import BadInput
from ..motionstream.sketch import SIZE
from ..motionstream.teacher import Teacher
from .bank import encode_bank, read_bank, write_bank
from .batch import Source
from .clips import drawn
from .codec import Codec, train_codec
from .dmd import train_dmd
from .rollout import Streamer
from .student import new_streamer, read_ways, train_causal, train_ode, walk
from .teacher import GUIDANCE, encode_grey, new_teacher, train_teacher

STAGES = ("clips", "codec", "teacher", "causal", "ways", "ode", "dmd")
CLIP_FRAMES = 57  # 15 latent frames: five chunks


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m motion_bridge.training", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop early, keeping the state")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(argv)
    torch.set_num_threads(chosen.threads)
    if chosen.stage == "clips":
        write_bank(chosen.folder / "clips", drawn(CLIP_FRAMES, SIZE, chosen.seed), chosen.steps)
    elif chosen.stage == "ways":
        folder = chosen.folder
        walk(folder / "ways", load_teacher(folder), load_source(folder), chosen.steps, GUIDANCE)
    else:
        trained = _train(chosen)
        save_file(trained.state_dict(), chosen.folder / f"{chosen.stage}.safetensors")


def _train(chosen: argparse.Namespace) -> nn.Module:
    folder = chosen.folder
    place, limits = folder / chosen.stage, (chosen.steps, chosen.minutes, chosen.seed)
    if chosen.stage == "codec":
        return train_codec(place, read_bank(folder / "clips"), *limits)
    source = load_source(folder)
    if chosen.stage == "teacher":
        return train_teacher(place, source, *limits)
    teacher = load_teacher(folder)
    if chosen.stage == "causal":
        return train_causal(place, new_streamer(teacher), source, *limits)
    if chosen.stage == "ode":
        return train_ode(place, load_streamer(folder, teacher, "causal"), source, read_ways(folder / "ways"), *limits)
    return train_dmd(place, load_streamer(folder, teacher, "ode"), teacher, source, GUIDANCE, *limits)


def load_source(folder: Path) -> Source:
    encoder = load_codec(folder).encoder.requires_grad_(False)
    bank = read_bank(folder / "clips")
    return Source(bank, encode_bank(folder / "clips", bank, encoder), encode_grey(encoder))


def load_codec(folder: Path) -> Codec:
    return _load(Codec(), folder, "codec")


def load_teacher(folder: Path) -> Teacher:
    return _load(new_teacher(), folder, "teacher").eval()


def load_streamer(folder: Path, teacher: Teacher, stage: str) -> Streamer:
    return _load(new_streamer(teacher), folder, stage)


def _load(model: nn.Module, folder: Path, stage: str) -> nn.Module:
    path = folder / f"{stage}.safetensors"
    if not path.exists():
        raise BadInput(f"{path} is missing; run the stage {stage} first.")
    model.load_state_dict(load_file(path))
    return model


if __name__ == "__main__":
    main()
