"""motion-bridge render SHOT --output DIR"""

import argparse
import signal
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from .. import shot as shots
from .. import terminal
from ..engines import base, precedence, runner
from ..errors import Cancelled, MotionBridgeError
from ..shot import Shot
from ..takes import output_path, shot_copy
from . import engine_options
from .event_printer import EventPrinter


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shot", type=Path, metavar="SHOT", help="a Shot folder")
    parser.add_argument("--output", required=True, metavar="DIR", help="the folder for the frames")
    parser.add_argument("--engine", default=base.DEFAULT, help=f"one of {', '.join(base.ENGINES)}")
    parser.set_defaults(best_of=1)
    if find_spec(".best_of", __package__):
        about = "make N takes with rising seeds, beside DIR, and keep the one that obeys the Shot best as DIR"
        parser.add_argument("--best-of", type=int, metavar="N", help=about)
    parser.add_argument("--resume", action="store_true", help="make only the frames that DIR does not hold yet")
    engine_options.add(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object a line instead of text")


def run(arguments: argparse.Namespace) -> int:
    if arguments.best_of != 1:
        return import_module(".best_of", __package__).run(arguments)  # which needs OpenCV

    def request() -> runner.JobRequest:
        return runner.JobRequest(1, _shot(arguments), arguments.output, arguments.engine, arguments.resume)

    return carry_out(request, arguments.json)


def carry_out(request: Callable[[], runner.JobRequest], as_json: bool) -> int:
    """Do a job and print what becomes of it. request: called first; what it raises is printed as the job's own is."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _cancel)
    printer = EventPrinter("motion-bridge", as_json, terminal.say, terminal.note, terminal.note)
    try:
        for event in runner.run(request(), list, lambda: False):
            printer.event(event)
    except terminal.OutputLost:
        raise  # there is nowhere to print it
    except MotionBridgeError as fault:
        if isinstance(fault, Cancelled):
            fault = Cancelled(f"Cancelled; {printer.frames} frames were saved. With --resume the rest is made.")
        if as_json:  # else the command's end prints it
            printer.failed(fault)
        raise fault from None
    printer.done("")
    return 0


def _shot(arguments: argparse.Namespace) -> Path:
    """The Shot's folder; where options change the Shot, that of the take's own copy."""
    if not (arguments.settings or arguments.preset or arguments.set or arguments.like):
        return arguments.shot.absolute()
    return shot_copy.keep(changed_shot(arguments), output_path.check_output(arguments.output), arguments.resume)


def changed_shot(arguments: argparse.Namespace) -> Shot:
    """The Shot as the options change it."""
    shot = shots.load(arguments.shot)
    options = engine_options.read(arguments, arguments.engine, shot.frames, shot.settings)
    for notice in options.notices:
        terminal.note(f"motion-bridge: note: {notice}")
    engine = base.find(arguments.engine)
    generation = precedence.over(engine, shot.generation, options.generation)
    engine.check(base.GenerationRequest(generation, shot.frames, shot.fps, options.named))
    return shot.generated_with(generation)


def _cancel(signal_number: int, _: object) -> None:
    raise Cancelled("The job was cancelled; finished frames are kept.")
