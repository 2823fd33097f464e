"""What this machine has, and which engines can run on it."""

import os
import platform
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .. import __version__, hardware, install_commands
from ..errors import MotionBridgeError
from . import base


def report() -> dict[str, Any]:
    """Everything as plain data: versions, GPUs, free memory and disk in bytes, and for each engine what it lacks."""
    return {
        "motion_bridge": __version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "packages": {name: hardware.version(name) for name in hardware.PACKAGES},
        "gpus": hardware.gpus(),
        "memory_free": hardware.memory_free(),
        "disk_free": shutil.disk_usage(sys.prefix).free,
        "engines": {name: lack(name) for name in sorted(base.ENGINES)},
    }


def lack(name: str) -> str | None:
    """What keeps an engine from running here and the command that mends it; None when it can run."""
    try:
        packages = base.find(name).packages
        missing = next((package for package in packages if find_spec(package) is None), None)
    except ModuleNotFoundError as fault:
        missing = fault.name
    except (ImportError, OSError, MotionBridgeError) as fault:
        return f"it cannot be loaded: {fault}"
    if missing is None:
        return None
    return f"it needs the package {missing}: {_remedy(name)}"


def _remedy(extra: str) -> str:
    """The commands that add an engine's packages; never to a Python that belongs to Blender or the system."""
    machine = install_commands.this_machine()
    if none := install_commands.impossible(machine):
        return none
    source = Path(__file__).resolve().parents[2]
    package = f"{source if (source / 'pyproject.toml').is_file() else 'motion-bridge'}[{extra}]"
    if sys.prefix != sys.base_prefix:
        return install_commands.one_line(install_commands.install(sys.executable, package, machine), machine)
    commands = install_commands.environment("motion-bridge-python", package, machine)
    return f"{install_commands.one_line(commands, machine)}; then choose that Python in the extension's preferences"
