"""`benchmarks suites`: how well the engine follows scenes whose motion is known exactly.

Two steps. `--make --python PYTHON` builds and renders the scenes in a Python that has bpy, once. Without it the engine
runs on them: what it made is followed again from the true first points and laid beside the true pictures.
"""

import argparse
import json
import subprocess
from pathlib import Path

from motion_bridge.errors import BadInput

from ..blender.in_blender import command_in
from ..common.requirements import needs
from .catalogue import SCENES, SUITES


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", type=Path, required=True, metavar="DIR", help="where the scenes lie")
    parser.add_argument("--make", action="store_true", help="make the scenes that are not there yet, and nothing else")
    parser.add_argument("--python", metavar="PATH", help="with --make: a Python that has bpy; this one if not given")
    parser.add_argument("--suite", action="append", choices=SUITES, help="only this one; may be given again")
    parser.add_argument("--model", default="sketch", help="sketch, or a model's folder")
    parser.add_argument("--device", default="cpu", help="cuda, mps or cpu")
    parser.add_argument("--threads", type=int, default=1, help="of the processor; a small model gains little by more")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--output", type=Path, metavar="DOCS", help="renew benchmarks.md and benchmarks.jpg there")


def run(arguments: argparse.Namespace) -> int:
    """Make the scenes, or measure and print; 0 when the model follows its tracks as it should, 1 when not."""
    chosen = list(dict.fromkeys(arguments.suite or SUITES))
    if arguments.make:
        return _make(arguments, chosen)
    if not arguments.folder.is_dir():
        raise BadInput(f"There is no folder {arguments.folder}; make the scenes first, with --make --python PYTHON.")
    needs("torch", "diffusers", "cv2", "matplotlib", extra="motionstream,benchmarks")
    import torch

    from . import report
    from .run import measure

    torch.set_num_threads(max(arguments.threads, 1))
    found = measure(arguments.folder, chosen, arguments.model, arguments.device)
    print(json.dumps(found.numbers()) if arguments.json else report.tables(found))
    if arguments.output:
        report.renew(arguments.output, found)
    missed = found.missed()
    if not arguments.json:
        print("\n".join(missed) if missed else "Every target is met.")
    return 1 if missed else 0


def _make(arguments: argparse.Namespace, suites: list[str]) -> int:
    if arguments.python:
        words = [word for suite in suites for word in ("--suite", suite)]
        start = command_in(arguments.python, "suites", "--make", *words)
        return subprocess.run([*start, "--folder", str(arguments.folder.absolute())]).returncode
    from .make import make

    try:
        make(arguments.folder.absolute(), [scene for scene in SCENES if scene.suite in suites])
    except OSError as fault:
        raise BadInput(f"The scenes cannot be written to {arguments.folder}: {fault.strerror or fault}.") from None
    return 0
