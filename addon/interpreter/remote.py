"""Another machine's GPU, as the preferences name it: which jobs go there, and by what command."""

import sys
from pathlib import Path
from typing import Any

import bpy

from ...backend.motion_bridge import launch
from ...backend.motion_bridge.engines import base as engines
from ...backend.motion_bridge.errors import MotionBridgeError
from ...backend.motion_bridge.remote import host
from ..names import PACKAGE
from . import installation

BACKEND = Path(__file__).resolve().parents[2] / "backend"
NEEDS_GPU = "torch"  # the package of those engines that are worth another machine


def name() -> str:
    """The host in the preferences, as it was typed; empty where all work is done here."""
    chosen = _settings()
    return chosen.host.strip() if chosen else ""


def used_by(engine: str) -> bool:
    """Whether an engine's frames are made there. Reproject needs no GPU, and ComfyUI has an address of its own."""
    if not name():
        return False
    try:
        return NEEDS_GPU in engines.find(engine).packages
    except (MotionBridgeError, ImportError):
        return False


def command(action: str = "serve") -> list[str]:
    """The command line of the process that carries jobs there; Blender's own Python runs it.

    BadInput for a host that ssh could take for something else, and where Blender is not to use the network.
    """
    chosen = _settings()
    program = chosen.program.strip() if chosen else ""
    host.command(host.check(name()), [], program)
    installation.refuse_offline()
    return launch.python_command(sys.executable, BACKEND, "remote", name(), action, f"--program={program}")


def _settings() -> Any:
    addon = bpy.context.preferences.addons.get(PACKAGE)
    return getattr(addon.preferences, "remote", None) if addon else None
