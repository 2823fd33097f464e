"""Which process makes the frames."""

import sys
from pathlib import Path
from typing import Any

import bpy

from ...backend.motion_bridge import launch
from ...backend.motion_bridge.engines import diagnostics
from ...backend.motion_bridge.errors import BadInput, ModelMissing
from ...backend.motion_bridge.files import home
from ..names import PACKAGE
from ..parts import part

installation = part("interpreter.installation")
remote = part("interpreter.remote")

BACKEND = Path(__file__).resolve().parents[2] / "backend"


def command(engine: str = "") -> list[str]:
    """The command line that starts the backend: Blender's own Python, or the one chosen in the preferences.

    engine: whose frames it is to make, which another machine may do.
    """
    if engine and remote and remote.used_by(engine):
        return remote.command()
    return launch.python_command(python(), BACKEND, "serve")


def check(engine: str) -> None:
    """Refuse an engine that Blender's own Python cannot run before anything is rendered for it; others say it later."""
    if remote and remote.used_by(engine):
        remote.command()  # what is wrong with it is said before anything is rendered
        return
    if python() == sys.executable and (lacking := diagnostics.lack(engine)):
        raise ModelMissing(f"Engine {engine} cannot run in Blender's own Python: {lacking}.")


def python() -> str:
    """The Python that runs the backend: the chosen one, else the installed one, else Blender's own.

    BadInput when the preferences name one that is not there.
    """
    if installation is None:
        return sys.executable
    addon: Any = bpy.context.preferences.addons.get(PACKAGE)
    chosen = addon.preferences.python.strip() if addon and addon.preferences else ""
    if not chosen:
        return installation.python() or sys.executable
    path = home.expand(chosen, "The Python")
    if chosen.startswith("//") or not path.is_absolute():
        # Beside the .blend file lies what its author put there; opening a file must not choose what is run.
        raise BadInput(
            f"The Python {chosen} in Preferences > Add-ons > Motion Bridge is not an absolute path. Write it in full, "
            "or empty the field to use Blender's own."
        )
    if not path.is_file():
        raise BadInput(
            f"There is no Python at {path}. Correct it in Preferences > Add-ons > Motion Bridge, "
            "or empty the field to use Blender's own."
        )
    return str(path)
