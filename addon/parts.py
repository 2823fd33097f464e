"""Parts of the extension that one of its two builds leaves out.

The build for Blender's extension platform has nothing that installs packages or needs other software; which files that
are stands in tools/platform_build.py. Whoever uses one of them asks here whether it is there.
"""

from importlib import import_module
from pathlib import Path
from typing import Any


def part(name: str) -> Any:
    """The module of that name below this folder, such as `ui.downloads`; None where this build lacks it."""
    there = Path(__file__).parent.joinpath(*name.split(".")).with_suffix(".py").is_file()
    return import_module(f".{name}", __package__) if there else None
