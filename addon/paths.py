"""Paths as people write them in a field of Blender's."""

from pathlib import Path

import bpy

from ..backend.motion_bridge.files import home


def absolute(path: str) -> Path:
    """The path that is meant: // is the folder of the .blend file, ~ the person's home.

    BadInput where that home is not known.
    """
    return home.expand(bpy.path.abspath(path))
