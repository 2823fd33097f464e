"""Which process makes the frames."""

import sys
from pathlib import Path
from typing import Any

import bpy

from ...backend.motion_bridge.errors import BadInput
from ..names import PACKAGE

BACKEND = Path(__file__).resolve().parents[2] / "backend"


def command() -> list[str]:
    """The command line that starts the backend: Blender's own Python, or the one chosen in the preferences."""
    return [python(), "-I", str(BACKEND), "serve"]


def python() -> str:
    """The Python that runs the backend; BadInput when the preferences name one that is not there."""
    addon: Any = bpy.context.preferences.addons.get(PACKAGE)
    chosen = addon.preferences.python.strip() if addon and addon.preferences else ""
    if not chosen:
        return sys.executable
    path = Path(bpy.path.abspath(chosen)).expanduser()
    if not path.is_file():
        raise BadInput(
            f"There is no Python at {path}. Correct it in Preferences > Add-ons > Motion Bridge, "
            "or empty the field to use Blender's own."
        )
    return str(path)
