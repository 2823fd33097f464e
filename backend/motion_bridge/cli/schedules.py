"""motion-bridge schedules FILE"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from .. import terminal
from ..errors import BadInput
from ..files import regular
from ..schedules import DIALECTS, Context, settings_files
from .parser import FRAMES, SEEDS, positive, whole

Values = dict[str, list[float] | list[str]]


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a settings file, Parseq document, Shot or one schedule; -: stdin")
    parser.add_argument(
        "--max-frames", type=whole(1, FRAMES), metavar="N", help="frames of the run; otherwise what the file says"
    )
    parser.add_argument(
        "--seed", type=whole(*SEEDS), metavar="S", help="what `s` stands for; otherwise what the file says"
    )
    parser.add_argument("--fps", type=positive(1e6), metavar="F", help="frames a second; otherwise what the file says")
    parser.add_argument("--dialect", choices=DIALECTS, default="superset", help="whose reading of the language")
    parser.add_argument("--json", action="store_true", help='print {"name": [one value for each frame]}')


def run(arguments: argparse.Namespace) -> int:
    found = settings_files.read(_content(arguments.file), arguments.file)
    given = {"max_frames": arguments.max_frames, "seed": arguments.seed, "fps": arguments.fps}
    context = replace(found, **{name: value for name, value in given.items() if value is not None}).context(
        arguments.dialect
    )
    values, notices = settings_files.evaluate(found, context)
    for notice in (*found.notices, *notices):
        terminal.note(f"motion-bridge: note: {notice}")
    if not values:
        raise BadInput(f"{arguments.file} holds no schedule.")
    if arguments.json:
        terminal.say(json.dumps(values, ensure_ascii=False, allow_nan=False))
    else:
        _print_table(values, context)
    return 0


def _content(file: str) -> str:
    if file != "-":
        return regular.read_text(Path(file) / "shot.json" if Path(file).is_dir() else Path(file))
    try:
        content = sys.stdin.buffer.read(regular.LARGEST_TEXT + 1) if sys.stdin else b""  # None: it is closed
        if len(content) > regular.LARGEST_TEXT:
            raise BadInput(f"stdin has more than {regular.LARGEST_TEXT:,} bytes; no more are read.")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise BadInput(f"stdin is not text in UTF-8: byte {fault.start} cannot be decoded.") from None


def _print_table(values: Values, context: Context) -> None:
    """What stays the same first, then a column for each schedule that changes."""
    terminal.say(f"# {context.max_frames} frames at {context.fps:g} a second, seed {context.seed}")
    changing = {}
    for name, series in values.items():
        if all(value == series[0] for value in series):
            terminal.say(name, _shown(series[0]))
        else:
            changing[name] = series
    if changing:
        terminal.say("frame", *changing)
        for frame in range(context.max_frames):
            terminal.say(str(frame), *(_shown(series[frame]) for series in changing.values()))


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.10g}"
