"""motion-bridge channels MODEL: what a model's latent channels answer to."""

import argparse
import json
from pathlib import Path

from .. import terminal
from ..errors import BadInput
from ..files import writing
from ..takes import output_path
from .parser import whole


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a registered name or a model's folder")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where the report goes, as JSON")
    parser.add_argument("--pictures", type=whole(0, 10_000), default=24, help="how many are drawn (24)")
    parser.add_argument("--shuffles", type=whole(0, 10_000), default=39, help="how often the weights are shuffled (39)")
    parser.add_argument(
        "--size", type=whole(0, 4096), default=128, help="width and height of the pictures, pixels (128)"
    )
    parser.add_argument("--device", default="", help="cuda, mps or cpu; the fastest there is")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print what was found, write the report. Done also where nothing can be concluded."""
    if arguments.pictures < 4 or arguments.shuffles < 19:
        raise BadInput("At least 4 pictures and 19 shuffles are needed; with fewer nothing could be believed.")
    if arguments.size < 32 or arguments.size % 16:
        raise BadInput(f"--size {arguments.size} must be a multiple of 16, at least 32.")
    if arguments.output:
        arguments.output = output_path.check_file(str(arguments.output))
    from ..engines.deforum.loop import latent_channels  # torch, which other commands do without
    from ..model_registry import folder_check, registry
    from ..models import autoencoder
    from ..models import device as machine

    device = arguments.device or machine.best_device()
    model = autoencoder.load(arguments.model, device)
    found = latent_channels.responses(model.encode, arguments.pictures, arguments.size)
    shuffled = []
    for seed in range(arguments.shuffles):
        with model.shuffled(seed):
            shuffled.append(latent_channels.responses(model.encode, arguments.pictures, arguments.size))
        terminal.note(f"shuffled {seed + 1}/{arguments.shuffles}")
    report = latent_channels.conclude(arguments.model, found, shuffled)
    same = folder_check.fingerprint(registry.find_folder(arguments.model) / "vae")
    written = latent_channels.document(report, model.packing, same)
    if model.packing > 1 and found.shape[2] == 128:
        written["packed_0_to_31_are_structure"] = latent_channels.hypothesis(found, shuffled, 32)
    terminal.say(f"{found.shape[2]} channels, {report.pictures} pictures, {report.shuffles} shuffles of the weights")
    terminal.say(f"chance that shuffled weights prefer as much: {report.chance:.3f}")
    if report.concluded:
        for kind in latent_channels.KINDS:
            these = [at for at, answer in enumerate(report.answers) if answer == kind]
            terminal.say(f"{kind:10} {len(these):4}: {', '.join(map(str, these)) or '-'}")
        terminal.say(f"{'unsaid':10} {report.answers.count(None):4}")
    else:
        terminal.say("Nothing is concluded: this model's channels prefer nothing beyond what shuffled weights do.")
    if arguments.output:
        writing.write_named(arguments.output, json.dumps(written, indent=1) + "\n")
        terminal.say(terminal.saved(arguments.output))
    return 0
