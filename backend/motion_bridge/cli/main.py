"""motion-bridge: the command line of the backend.

A command is a file of this folder and a line in COMMANDS; only the one that was asked for is imported.
"""

import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

from .. import __version__, terminal
from ..errors import MotionBridgeError, typed
from .parser import Parser

COMMANDS = {  # name → what it does; its file here has the same name
    "render": "make the frames of a Shot",
    "batch": "make many Shots on this machine, with a process for each GPU",
    "serve": "work for Blender, which speaks over stdin and stdout",
    "remote": "have another machine's GPU work, over ssh",
    "doctor": "say what this machine has and which engines can run on it",
    "backend": "install the Python that the engines with torch run in, look at it, remove it",
    "models": "list, get, verify and remove models",
    "export": "write a Shot's tracks or its exact camera for other programs",
    "judge": "measure how well a video from any program follows a Shot",
    "provenance": "say what a frame or a movie was made with",
    "publish": "copy frames or a movie with a hidden watermark, or signed (C2PA)",
    "schedules": "say what a Deforum settings file or Parseq document means, frame by frame",
    "transfer": "move a picture as any video moves, with the MotionStream engine",
    "convert": "bring other people's video models into this engine's layout",
    "channels": "measure what a model's latent channels answer to: structure, color or texture",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code: 0 done, 2 bad input, 3 the backend failed, 4 cancelled."""
    terminal.open_standard_descriptors()
    terminal.prepare(sys.stdout)
    terminal.prepare(sys.stderr)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = _run(sys.argv[1:] if arguments is None else list(arguments))
        terminal.flush()
        return code
    except BaseException as raised:
        fault = typed(raised)
        if type(fault) is MotionBridgeError and fault is not raised:  # nobody foresaw it
            terminal.trace()
        terminal.note(f"motion-bridge: {fault}")
        return fault.exit_code
    finally:
        terminal.let_go()


def _run(words: Sequence[str]) -> int:
    try:
        chosen = _parser(words).parse_args(words)
    except SystemExit as end:  # argparse has said why, or printed the help
        return int(end.code or 0)
    return import_module(f".{chosen.command}", __package__).run(chosen)


def _parser(words: Sequence[str]) -> Parser:
    """The parser of the command that is asked for; the others are only named."""
    purpose = "Video that follows the motion of a Blender scene."
    parser = Parser(prog="motion-bridge", description=purpose)
    parser.add_argument("--version", action="version", version=f"motion-bridge {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True, dest="command")
    for name, purpose in COMMANDS.items():
        if find_spec(f".{name}", __package__) is None:  # the build for Blender's extension platform leaves some out
            continue
        subparser = subparsers.add_parser(name, help=purpose, description=purpose[0].upper() + purpose[1:] + ".")
        if name in words[:1]:
            import_module(f".{name}", __package__).add(subparser)
    return parser
