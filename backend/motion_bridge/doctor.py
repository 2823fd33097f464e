"""What this machine has, and which engines can run on it."""

import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from . import __version__, engine
from .errors import MotionBridgeError

PACKAGES = ("numpy", "torch", "diffusers", "transformers", "safetensors", "opencv-python-headless", "timm")


def report() -> dict[str, Any]:
    """Everything as plain data: versions, GPUs, free memory and disk in bytes, and for each engine what it lacks."""
    return {
        "motion_bridge": __version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "packages": {name: version(name) for name in PACKAGES},
        "gpus": gpus(),
        "memory_free": memory_free(),
        "disk_free": shutil.disk_usage(Path.home()).free,
        "engines": {name: lack(name) for name in sorted(engine.ENGINES)},
    }


def version(package: str) -> str | None:
    """The installed version of a package; None when it is not there. Nothing is imported for it."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def gpus() -> list[str]:
    """The graphics processors that an engine could use, by name and memory."""
    if sys.platform == "darwin":
        return ["Apple GPU (Metal)"] if platform.machine() == "arm64" else []
    asked = "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader"
    try:
        answer = subprocess.run(
            ["nvidia-smi", *asked], capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    if answer.returncode != 0:
        return []
    rows = [line.split(", ") for line in answer.stdout.splitlines()]
    return [f"{row[0]}, {row[1]}, {row[2]} free" for row in rows if len(row) == 3]


def memory_free() -> int | None:
    """Bytes of memory that a new process could use; None where the system does not say."""
    if sys.platform == "win32":
        return _memory_free_windows()
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return None


def lack(name: str) -> str | None:
    """What keeps an engine from running here and the command that mends it; None when it can run."""
    try:
        packages = getattr(engine.find(name), "packages", ())
        missing = next((package for package in packages if find_spec(package) is None), None)
    except ModuleNotFoundError as fault:
        missing = fault.name
    except (ImportError, OSError, MotionBridgeError) as fault:
        return f"it cannot be loaded: {fault}"
    if missing is None:
        return None
    return f"it needs the package {missing}: {_remedy(name)}"


def _remedy(extra: str) -> str:
    """The command that adds an engine's packages; never to a Python that belongs to Blender or the system."""
    source = Path(__file__).resolve().parents[1]
    package = source if (source / "pyproject.toml").is_file() else "motion-bridge"
    if sys.prefix != sys.base_prefix:
        return f'{sys.executable} -m pip install "{package}[{extra}]"'
    return (
        f'python3 -m venv motion-bridge && motion-bridge/bin/python -m pip install "{package}[{extra}]"; '
        "then choose that Python in the extension's preferences"
    )


def _memory_free_windows() -> int | None:
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)] + [
            (name, ctypes.c_ulonglong)
            for name in ("total", "free", "page", "page_free", "virtual", "virtual_free", "extended")
        ]

    status = Status(length=ctypes.sizeof(Status))
    known = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # pyright: ignore[reportAttributeAccessIssue]
    return status.free if known else None
