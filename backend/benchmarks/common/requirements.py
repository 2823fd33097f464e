"""What a measurement needs installed, asked for before anything of it is imported."""

import sys
from importlib.util import find_spec

from motion_bridge.errors import BadInput


def needs(*packages: str, extra: str) -> None:
    """BadInput for the first package that this Python lacks. extra: the project's extra that brings them."""
    for package in packages:
        if find_spec(package) is None:
            raise BadInput(f"{sys.executable} has no {package}; run this in a Python with motion-bridge[{extra}].")
