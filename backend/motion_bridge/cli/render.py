"""motion-bridge render SHOT --output DIR"""

import argparse
import json
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import shot as shots
from .. import terminal
from ..engines import base, runner
from ..engines.deforum.schedules import over
from ..errors import Cancelled, MotionBridgeError
from ..ipc.events import Event, FrameMade, Progress, Said, Started
from ..takes import output_path, shot_copy
from . import engine_options


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shot", type=Path, metavar="SHOT", help="a Shot folder")
    parser.add_argument("--output", required=True, metavar="DIR", help="the folder for the frames")
    parser.add_argument("--engine", default="reproject", help=f"one of {', '.join(base.ENGINES)}")
    parser.add_argument("--resume", action="store_true", help="make only the frames that DIR does not hold yet")
    engine_options.add(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object a line instead of text")


def run(arguments: argparse.Namespace) -> int:
    def order() -> runner.Order:
        return runner.Order(1, _shot(arguments), arguments.output, arguments.engine, arguments.resume)

    return carry_out(order, arguments.json)


def carry_out(order: Callable[[], runner.Order], as_json: bool) -> int:
    """Do a job and tell of it on stdout and stderr. order: called first; what it raises is told as the job's own is."""
    for wish in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wish, _cancel)
    tell = _tell_json if as_json else _tell_text
    saved = 0
    try:
        for event in runner.run(order(), list, lambda: False):
            saved += isinstance(event, FrameMade)
            tell(event)
    except terminal.OutputLost:
        raise  # there is nowhere to tell it
    except MotionBridgeError as fault:
        if isinstance(fault, Cancelled):
            fault = Cancelled(f"Cancelled; {saved} frames were saved. With --resume the rest is made.")
        if as_json:
            _print_json("failed", kind=fault.kind, message=str(fault), saved=saved)
        raise fault from None
    if as_json:
        _print_json("done", saved=saved)
    return 0


def _shot(arguments: argparse.Namespace) -> Path:
    """The Shot's folder; where options change the Shot, that of the take's own copy."""
    if not (arguments.settings or arguments.preset or arguments.set):
        return arguments.shot.absolute()
    shot = shots.load(arguments.shot)
    given = engine_options.given(arguments, arguments.engine, shot.frames, shot.settings)
    for notice in given.notices:
        terminal.note(f"motion-bridge: note: {notice}")
    fields = given.fields()
    fields["settings"] = {**shot.settings, **given.settings}
    fields["schedules"] = over(shot.schedules, given.schedules)
    return shot_copy.keep(replace(shot, **fields), output_path.check_output(arguments.output), arguments.resume)


def _cancel(signal_number: int, _: object) -> None:
    raise Cancelled("The job was cancelled; finished frames are kept.")


def _tell_text(event: Event) -> None:
    match event:
        case FrameMade(path=path):
            terminal.say(terminal.saved(path))
        case Started(total=total, missing=missing):
            terminal.note(f"{missing} of {total} frames to make")
        case Progress(stage=stage, done=done, total=total):
            terminal.note(f"{stage} {done}/{total}")
        case Said(sentence=sentence):
            terminal.note(f"motion-bridge: note: {sentence}")


def _tell_json(event: Event) -> None:
    match event:
        case FrameMade(number=number, path=path):
            _print_json("saved", frame=number, path=str(path))
        case Started(total=total, missing=missing):
            _print_json("started", total=total, missing=missing)
        case Progress(stage=stage, done=done, total=total):
            _print_json("progress", stage=stage, done=done, total=total)
        case Said(sentence=sentence):
            _print_json("note", message=sentence)


def _print_json(event: str, **fields: Any) -> None:
    terminal.say(json.dumps({"event": event, **fields}))
