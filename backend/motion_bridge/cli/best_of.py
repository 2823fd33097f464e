"""motion-bridge render … --best-of N: several seeds, and the one whose frames follow the Shot best.

Each seed is a take of its own beside DIR, so that --resume goes on wherever it was. The best one is then renamed to
DIR; the others stay until somebody deletes them.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .. import terminal
from ..engines import runner
from ..errors import BadInput, ModelMissing
from ..files.writing import rename_folder
from ..media import video
from ..shot import Shot
from ..takes import output_path, shot_copy
from .event_printer import EventPrinter
from .judge import rate_of_frames
from .render import carry_out, changed_shot

if TYPE_CHECKING:
    from ..metrics.obedience import Obedience


def run(arguments: argparse.Namespace) -> int:
    if arguments.best_of < 2:
        raise BadInput(f"--best-of is {arguments.best_of}; 2 seeds at least can be compared.")
    try:
        from ..metrics.obedience import judge
    except ModuleNotFoundError as fault:
        raise ModelMissing(
            f"--best-of judges videos, which needs the package {fault.name}: pip install opencv-python-headless."
        ) from None
    shot = changed_shot(arguments)
    if shot.tracks is None or not len(shot.tracks.name):
        raise BadInput(f"{arguments.shot} has no tracks to judge by; write it again with the grid.")
    output = output_path.check_output(arguments.output)
    if output.exists():
        raise BadInput(f"{output} is there already; --best-of needs a new folder.")
    printer = EventPrinter("motion-bridge", arguments.json, terminal.say, terminal.note, terminal.note)
    found: dict[Path, Obedience] = {}
    for seed in range(shot.seed, shot.seed + arguments.best_of):
        folder = output.with_name(f"{output.name}_seed_{seed}")
        _make(replace(shot, seed=seed), folder, arguments)
        with video.streamed(folder) as (pictures, _):
            found[folder] = judge(shot, pictures, rate_of_frames(shot))
        error = found[folder].error
        printer.note(f"seed {seed}: {error.mean:.2f} px off in the mean, {error.close:.0%} within 2 px of 832")
    best = max(found, key=lambda folder: (_right(found[folder]), -found[folder].error.mean))
    rename_folder(best, output)
    others = ", ".join(str(folder) for folder in found if folder != best)
    printer.note(f"{output} was {best.name}, which obeys best; the others lie in {others}")
    return 0


def _make(shot: Shot, folder: Path, arguments: argparse.Namespace) -> None:
    def request() -> runner.JobRequest:
        kept = shot_copy.keep(shot, folder, arguments.resume)
        return runner.JobRequest(1, kept, str(folder), arguments.engine, arguments.resume)

    carry_out(request, arguments.json)


def _right(found: "Obedience") -> float:
    """Points times frames that are where they should be: what is lost counts as wrong."""
    return found.error.close * found.error.points
