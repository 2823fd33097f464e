"""motion-bridge convert SOURCE --output DIR"""

import argparse
from pathlib import Path

from .. import terminal
from ..engines import diagnostics
from ..errors import ModelMissing
from ..takes import output_path

KINDS = ("open", "wan-move", "wan")


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, metavar="SOURCE", help="a model's folder, or its safetensors")
    parser.add_argument("--output", required=True, type=Path, metavar="DIR", help="the folder to write")
    parser.add_argument(
        "--kind",
        choices=KINDS,
        default="open",
        help="open: the 52-channel checkpoints that follow tracks; wan-move: first-frame features carried along "
        "tracks; wan: Wan's own text or image to video",
    )


def run(arguments: argparse.Namespace) -> int:
    if lacking := diagnostics.lack("motionstream"):
        raise ModelMissing(f"Nothing can be converted here: {lacking}.")
    output = output_path.check_output(str(arguments.output))
    from ..engines.motionstream.checkpoints.convert import convert  # torch

    for sentence in convert(arguments.source, output, arguments.kind):
        terminal.note(f"motion-bridge: note: {sentence}")
    terminal.say(terminal.saved(output))
    return 0
