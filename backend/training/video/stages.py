"""`python -m training video STAGE --folder DIR`: one command for each stage; run it again to go on.

    clips    draw a bank of clips, which all other stages read (--steps: how many)
    codec    fit the encoder, train the decoder
    teacher  the bidirectional model, by flow matching
    teacher2 the same again, its head frozen: other clips (--clips), a smaller rate; may be left out
    causal   the student, from the teacher's weights, by flow matching chunk by chunk
    ways     the teacher's trajectories (--steps: how many)
    ode      the student at its own few noise levels, by regression on the ways
    dmd      the student on its own clips, by distribution matching

A finished stage leaves STAGE.safetensors in the folder, where the next ones find it. `python -m
training video pack` makes the model that the program runs out of them.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import torch
from accelerate import Accelerator
from motion_bridge.engines.motionstream.network.sketch_config import SIZE
from motion_bridge.engines.motionstream.network.teacher import Teacher
from motion_bridge.errors import BadInput
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..common.state import whole
from .bank import encode_bank, read_bank, write_bank
from .batch import Source
from .clips import drawn
from .codec import Codec, encode_grey, train_codec
from .dmd import train_dmd
from .full import base_source, base_teacher
from .recipe import FULL, SKETCH
from .rollout import Streamer
from .student import new_streamer, read_ways, train_causal, train_ode, walk
from .teacher import new_teacher, train_teacher

STAGES = ("clips", "codec", "teacher", "teacher2", "causal", "ways", "ode", "dmd")
Network = TypeVar("Network", bound=nn.Module)
CLIP_FRAMES = 57  # 15 latent frames: five chunks


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training video", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop early, keeping the state")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clips", type=Path, help="the bank to read, instead of the folder's own clips/")
    parser.add_argument("--base", type=Path, help="a folder of Wan's weights: the full size, under accelerate launch")
    chosen = parser.parse_args(argv)
    torch.set_num_threads(chosen.threads)
    folder = chosen.folder
    if chosen.stage == "clips":
        write_bank(folder / "clips", drawn(CLIP_FRAMES, SIZE, chosen.seed), chosen.steps)
    elif chosen.stage == "codec":
        limits = (chosen.steps, chosen.minutes, chosen.seed)
        _save(train_codec(folder / "codec", read_bank(folder / "clips"), *limits).state_dict(), folder, "codec")
    else:
        _train(chosen, folder)


def _train(chosen: argparse.Namespace, folder: Path) -> None:
    """A stage of the transformers: of the sketch here, of the full size on all machines."""
    torch.manual_seed(chosen.seed)  # what is new begins alike on all of them
    machines = Accelerator() if chosen.base else None
    recipe = FULL if chosen.base else SKETCH
    clips = chosen.clips or folder / "clips"
    source = base_source(clips, chosen.base, machines) if machines else load_source(folder, clips)
    limits = (chosen.steps, chosen.minutes, chosen.seed, machines)
    place = folder / chosen.stage
    teacher = base_teacher(recipe, chosen.base) if machines else new_teacher(recipe)
    if chosen.stage == "teacher":
        trained = train_teacher(place, recipe, teacher, source, *limits)
    elif chosen.stage == "teacher2":
        trained = train_teacher(place, recipe, _load(teacher, folder, "teacher"), source, *limits, again=True)
    else:
        _load(teacher, folder, _last_teacher(folder)).to(source.device).eval()
        if chosen.stage == "ways":
            walk(place, recipe, teacher, source, chosen.steps)
            return
        trained = new_streamer(teacher)
        if chosen.stage == "causal":
            train_causal(place, recipe, trained, source, *limits)
        elif chosen.stage == "ode":
            train_ode(place, recipe, _load(trained, folder, "causal"), source, read_ways(folder / "ways"), *limits)
        else:
            train_dmd(place, recipe, _load(trained, folder, "ode"), teacher, source, *limits)
    weights = whole(trained) if machines else trained.state_dict()
    if machines is None or machines.is_main_process:
        _save(weights, folder, chosen.stage)


def load_source(folder: Path, clips: Path | None = None) -> Source:
    encoder, clips = load_codec(folder).encoder.requires_grad_(False), clips or folder / "clips"
    bank = read_bank(clips)
    return Source(bank, encode_bank(clips, bank, encoder), encode_grey(encoder))


def _last_teacher(folder: Path) -> str:
    return "teacher2" if (folder / "teacher2.safetensors").exists() else "teacher"


def load_codec(folder: Path) -> Codec:
    return _load(Codec(), folder, "codec")


def load_teacher(folder: Path) -> Teacher:
    return _load(new_teacher(SKETCH), folder, _last_teacher(folder)).eval()


def load_streamer(folder: Path, teacher: Teacher, stage: str) -> Streamer:
    return _load(new_streamer(teacher), folder, stage)


def _load(model: Network, folder: Path, stage: str) -> Network:
    path = folder / f"{stage}.safetensors"
    if not path.exists():
        raise BadInput(f"{path} is missing; run the stage {stage} first.")
    model.load_state_dict(load_file(path))
    return model


def _save(weights: dict[str, Tensor], folder: Path, stage: str) -> None:
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, folder / f"{stage}.safetensors")
