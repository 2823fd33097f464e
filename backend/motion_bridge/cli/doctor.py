"""motion-bridge doctor"""

import argparse
import json

from ..engines import diagnostics


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")


def run(arguments: argparse.Namespace) -> int:
    found = diagnostics.report()
    if arguments.json:
        print(json.dumps(found, indent=1))
        return 0
    print(f"Motion Bridge {found['motion_bridge']}")
    print(f"Python {found['python']} at {found['executable']}")
    print(f"{found['system']}, {found['processors']} processors")
    print(f"Memory free: {_gigabytes(found['memory_free'])}; disk free: {_gigabytes(found['disk_free'])}")
    print(f"GPU: {'; '.join(found['gpus']) or 'none found'}")
    print("Packages: " + ", ".join(f"{name} {version or 'absent'}" for name, version in found["packages"].items()))
    for name, lack in found["engines"].items():
        print(f"Engine {name}: {lack or 'ready'}")
    return 0


def _gigabytes(count: int | None) -> str:
    return "unknown" if count is None else f"{count / 1e9:.1f} GB"
