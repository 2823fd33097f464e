"""motion-bridge render SHOT --output DIR"""

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import Any

from .. import engine, job
from ..errors import Cancelled, MotionBridgeError
from ..events import Event, FrameMade, Progress, Started


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shot", type=Path, metavar="SHOT", help="a Shot folder")
    parser.add_argument("--output", required=True, metavar="DIR", help="the folder for the frames")
    parser.add_argument("--engine", default="reproject", help=f"one of {', '.join(engine.ENGINES)}")
    parser.add_argument("--resume", action="store_true", help="make only the frames that DIR does not hold yet")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line instead of text")


def run(arguments: argparse.Namespace) -> int:
    for wish in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wish, _cancel)
    order = job.Order(1, arguments.shot.absolute(), arguments.output, arguments.engine, arguments.resume)
    tell = _tell_json if arguments.json else _tell_text
    saved = 0
    try:
        for event in job.run(order, list, lambda: False):
            saved += isinstance(event, FrameMade)
            tell(event)
    except MotionBridgeError as fault:
        if isinstance(fault, Cancelled):
            fault = Cancelled(f"Cancelled; {saved} frames were saved. With --resume the rest is made.")
        if arguments.json:
            _print_json("failed", kind=fault.kind, message=str(fault), saved=saved)
        raise fault from None
    if arguments.json:
        _print_json("done", saved=saved)
    return 0


def _cancel(signal_number: int, _: object) -> None:
    raise Cancelled("The job was cancelled; finished frames are kept.")


def _tell_text(event: Event) -> None:
    match event:
        case FrameMade(path=path):
            print(f"Saved: '{path}'", flush=True)
        case Started(total=total, missing=missing):
            print(f"{missing} of {total} frames to make", file=sys.stderr)
        case Progress(stage=stage, done=done, total=total):
            print(f"{stage} {done}/{total}", file=sys.stderr)


def _tell_json(event: Event) -> None:
    match event:
        case FrameMade(number=number, path=path):
            _print_json("saved", frame=number, path=str(path))
        case Started(total=total, missing=missing):
            _print_json("started", total=total, missing=missing)
        case Progress(stage=stage, done=done, total=total):
            _print_json("progress", stage=stage, done=done, total=total)


def _print_json(event: str, **fields: Any) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)
