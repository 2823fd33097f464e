"""What this machine has: graphics processors, memory, packages. Nothing heavy is imported to find out."""

import platform
import re
import sys
from importlib import metadata
from pathlib import Path

from . import launch

PACKAGES = ("numpy", "torch", "diffusers", "transformers", "safetensors", "opencv-python-headless", "timm")


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
        answer = launch.ask(["nvidia-smi", *asked], 10)
    except (OSError, launch.TimeoutExpired):
        return []
    if answer.code != 0:
        return []
    rows = [line.split(", ") for line in answer.stdout.splitlines()]
    return [f"{row[0]}, {row[1]}, {row[2]} free" for row in rows if len(row) == 3]


def memory_free() -> int | None:
    """Bytes of memory that a new process could use; None where the system does not say."""
    if sys.platform == "win32":
        return _memory_free_windows()
    if sys.platform == "darwin":
        return _memory_free_macos()
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return None


def _memory_free_macos() -> int | None:
    """Pages that are free, or hold only what can be read again, as vm_stat counts them."""
    try:
        answer = launch.ask(["/usr/bin/vm_stat"], 10)
    except (OSError, launch.TimeoutExpired):
        return None
    page = re.search(r"page size of (\d+) bytes", answer.stdout)
    counts = {name: int(count) for name, count in re.findall(r"^Pages (\w+): +(\d+)\.", answer.stdout, re.MULTILINE)}
    if answer.code or page is None or "free" not in counts:
        return None
    return int(page[1]) * sum(counts.get(name, 0) for name in ("free", "inactive", "speculative"))


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
