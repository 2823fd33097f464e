"""motion-bridge backend"""

import argparse
import json
import signal
from pathlib import Path
from typing import Any

from .. import terminal
from ..errors import BadInput, Cancelled
from ..files import home
from ..installation import environment
from ..installation.environment import Condition, Recipe


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")
    install = actions.add_parser("install", help="make the environment, or replace one that is out of date")
    install.add_argument("--python", default="", help="the Python to make it from; default: one that is fetched")
    install.add_argument("--torch-backend", default="auto", help="cu130, rocm6.4, cpu …; default: what fits this GPU")
    install.add_argument("--wheels", type=Path, metavar="DIR", help="take everything from a folder of wheels, offline")
    actions.add_parser("status", help="what there is, and how large it is")
    actions.add_parser("remove", help="delete the environment and everything that was fetched for it")
    for each in actions.choices.values():
        each.add_argument("--folder", default="", help="where it lies; default: a folder of the person's own")
        each.add_argument("--json", action="store_true", help="print one JSON object a line instead of text")


def run(arguments: argparse.Namespace) -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _cancel)
    root = home.expand(arguments.folder, "The folder") if arguments.folder else environment.default_root()
    {"install": install, "status": status, "remove": remove}[arguments.action](arguments, root.absolute())
    return 0


def install(arguments: argparse.Namespace, root: Path) -> None:
    torch_backend = "" if arguments.wheels else arguments.torch_backend
    recipe = Recipe(python=arguments.python, torch_backend=torch_backend, wheels=arguments.wheels)
    said = [""]

    def tell(stage: str, done: float, total: float) -> None:
        if arguments.json:
            _say("progress", stage=stage, done=round(done), total=round(max(done, total)))
        elif stage != said[0]:
            terminal.note(f"{stage} …")
        said[0] = stage

    if not arguments.json:
        terminal.note(f"About {environment.expected_size() / 1e9:.0f} GB are fetched into {root}.")
    python = environment.install(root, recipe, tell)
    if arguments.json:
        _say("done", message="The GPU backend is installed.", python=str(python))
    else:
        terminal.say(f"The GPU backend is installed: {python}")


def status(arguments: argparse.Namespace, root: Path) -> None:
    found = environment.status(root, Recipe().digest())
    size = environment.size_of(root)
    if arguments.json:
        python = str(found.python) if found.python else None
        _say("status", condition=found.condition.value, python=python, bytes=round(size), folder=str(root))
        return
    terminal.say(f"{found.condition.value}, {size / 1e9:.1f} GB in {root}")
    if found.condition in (Condition.INCOMPLETE, Condition.OUTDATED):
        terminal.say("motion-bridge backend install mends that")


def remove(arguments: argparse.Namespace, root: Path) -> None:
    if not root.is_dir():
        raise BadInput(f"There is no {root}; nothing is installed there.")
    sentence = f"Removed; {environment.remove(root):.1f} GB are free again."
    if arguments.json:
        _say("done", message=sentence)
    else:
        terminal.say(sentence)


def _say(event: str, **fields: Any) -> None:
    terminal.say(json.dumps({"event": event, **fields}))


def _cancel(signal_number: int, _: object) -> None:
    raise Cancelled("Cancelled. What was fetched is kept; the same command continues with it.")
