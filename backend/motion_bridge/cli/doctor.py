"""motion-bridge doctor"""

import argparse
import json

from .. import terminal
from ..engines import diagnostics


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")


def run(arguments: argparse.Namespace) -> int:
    found = diagnostics.report()
    if arguments.json:
        for line in json.dumps(found, indent=1).splitlines():
            terminal.say(line)
        return 0
    terminal.say(f"Motion Bridge {found['motion_bridge']}")
    terminal.say(f"Python {found['python']} at {found['executable']}")
    terminal.say(f"{found['system']}, {found['processors']} processors")
    terminal.say(f"Memory free: {_gigabytes(found['memory_free'])}; disk free: {_gigabytes(found['disk_free'])}")
    terminal.say(f"GPU: {'; '.join(found['gpus']) or 'none found'}")
    packages = (f"{name} {version or 'absent'}" for name, version in found["packages"].items())
    terminal.say(f"Packages: {', '.join(packages)}")
    for name, lack in found["engines"].items():
        terminal.say(f"Engine {name}: {lack or 'ready'}")
    return 0


def _gigabytes(count: int | None) -> str:
    return "unknown" if count is None else f"{count / 1e9:.1f} GB"
