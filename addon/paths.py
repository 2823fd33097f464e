"""Paths as people write them in a field of Blender's."""

import os
from pathlib import Path

import bpy


def absolute(path: str) -> Path:
    """The path that is meant: // is the folder of the .blend file, ~ the person's home where it is known."""
    return Path(os.path.expanduser(bpy.path.abspath(path)))
