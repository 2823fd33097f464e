"""`python -m training video pack --folder DIR --to MODEL`: the trained stages as a model that the engine runs.

MODEL gets motionstream.json, transformer/ and codec/ (motionstream/model.py), and teacher/ beside them.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from motion_bridge.engines.motionstream.checkpoints import checkpoint, load
from motion_bridge.engines.motionstream.checkpoints.inference_config import Usage
from motion_bridge.engines.motionstream.network.sampler import sigmas
from motion_bridge.engines.motionstream.network.sketch_config import SIZE

from .recipe import SKETCH
from .rollout import CHUNK, Reach
from .stages import load_codec, load_streamer, load_teacher


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m training video pack", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--student", choices=("causal", "ode", "dmd"), default="dmd", help="the stage it is taken from")
    parser.add_argument("--steps", type=int, default=SKETCH.steps, help="denoising steps that it is run with")
    chosen = parser.parse_args(argv)
    pack(chosen.folder, chosen.to, chosen.student, chosen.steps)


def pack(folder: Path, to: Path, stage: str, steps: int = SKETCH.steps) -> None:
    """float16, which is all that so small a model can tell apart; it runs in float32."""
    codec, teacher = load_codec(folder), load_teacher(folder)
    streamer = load_streamer(folder, teacher, stage)
    reach = Reach()
    usage = Usage(
        width=SIZE,
        height=SIZE,
        any_size=False,
        text="words",
        levels=tuple(sigmas(steps, SKETCH.shift)),
        shift=SKETCH.shift,
        carries=streamer.carries,
        answers=streamer.answers,
        chunk=CHUNK,
        first_chunk=CHUNK,
        sink=reach.sink,
        window=reach.window,
        recalled=CHUNK,
    )
    load.save(to, usage, streamer.student, streamer.head, codec.encoder, codec.decoder, torch.float16)
    checkpoint.save(teacher.transformer, teacher.head, to / "teacher", torch.float16)
