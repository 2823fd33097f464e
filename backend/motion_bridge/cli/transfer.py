"""motion-bridge transfer VIDEO --first-frame PICTURE --output DIR"""

import argparse
from pathlib import Path

from .. import terminal
from ..engines import runner
from ..takes import output_path, shot_copy
from . import engine_options
from .parser import FRAMES, SEEDS, whole
from .render import carry_out

ENGINE = "motionstream"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("video", type=Path, metavar="VIDEO", help="a video file, or a folder of pictures")
    parser.add_argument("--first-frame", type=Path, required=True, metavar="PICTURE", help="what is to be moved")
    parser.add_argument("--output", required=True, metavar="DIR", help="the folder for the frames, and their Shot")
    parser.add_argument("--tracks", type=Path, metavar="FILE", help="the video's tracks, if a tracker has them already")
    parser.add_argument("--grid", type=whole(1, 1000), default=16, help="points a side that are followed otherwise")
    parser.add_argument("--frames", type=whole(0, FRAMES), default=0, help="only so many of the video's; 0: all")
    parser.add_argument("--prompt", default="", help="what is to be seen")
    parser.add_argument("--seed", type=whole(*SEEDS), default=0)
    parser.add_argument("--resume", action="store_true", help="make only the frames that DIR does not hold yet")
    engine_options.add(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object a line instead of text")


def run(arguments: argparse.Namespace) -> int:
    return carry_out(lambda: _request(arguments), arguments.json)


def _request(arguments: argparse.Namespace) -> runner.JobRequest:
    """The Shot is written into the take; a resumed one has to be the same."""
    from ..engines.motionstream.streaming.transfer import transfer

    take = output_path.check_output(arguments.output)
    options = engine_options.read(arguments, ENGINE, (1,), {})
    shot, sentences = transfer(
        arguments.video,
        arguments.first_frame,
        tracks=arguments.tracks,
        grid=arguments.grid,
        frames=arguments.frames,
        prompt=arguments.prompt,
        seed=arguments.seed,
        settings=options.generation.settings,
    )
    for notice in (*options.notices, *sentences):
        terminal.note(f"motion-bridge: note: {notice}")
    folder = shot_copy.keep(shot, take, arguments.resume)
    return runner.JobRequest(1, folder, arguments.output, ENGINE, arguments.resume)
