"""Measurements inside Blender: started with a Python that has bpy, on this repository's own add-on."""

import argparse
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from motion_bridge.errors import BadInput

BACKEND = Path(__file__).parents[2]


def add_python(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--python", metavar="PATH", help="a Python that has bpy; this one if not given")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")


def elsewhere(arguments: argparse.Namespace, **options: Any) -> int | None:
    """Run the measurement with the Python that was named, and its exit code; None when none was named."""
    if not arguments.python:
        return None
    more = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    json = ["--json"] if arguments.json else []
    return subprocess.run(command_in(arguments.python, arguments.measurement, *more, *json)).returncode


def command_in(python: str, *words: str) -> list[str]:
    """The command line of a measurement in that Python, isolated from the environment."""
    program = (
        f"import sys; sys.path.insert(0, {str(BACKEND)!r}); from benchmarks.__main__ import main; sys.exit(main())"
    )
    return [python, "-I", "-c", program, *words]


def empty_blender() -> ModuleType:
    """bpy with an empty scene. BadInput when this Python has none."""
    try:
        import bpy
    except ImportError:
        raise BadInput(f"{sys.executable} has no bpy; name a Python that has, with --python.") from None
    bpy.ops.wm.read_homefile(use_empty=True)
    return bpy


def addon(name: str) -> ModuleType:
    """A module of the add-on, such as scene.snapshot, from the repository that this file is part of."""
    root = BACKEND.parent
    if not (root / "addon" / "scene").is_dir():
        raise BadInput(f"{root} holds no add-on; run this from the project's repository.")
    for package, folder in (("measured", root), ("measured.addon", root / "addon")):
        if package not in sys.modules:  # in place of their own, which need the whole extension
            sys.modules[package] = ModuleType(package)
            sys.modules[package].__path__ = [str(folder)]
    return import_module(f"measured.addon.{name}")


def wavy_sheet(bpy: ModuleType, name: str, side: int, size: float, waving: bool) -> Any:
    """A square of side × side faces, waving or frozen in the middle of a wave."""
    import numpy as np

    line = np.linspace(-size / 2, size / 2, side + 1)
    x, y = (axis.ravel() for axis in np.meshgrid(line, line))
    height = 0.0 if waving else 0.15 * np.sin(3 * x) * np.cos(2 * y)
    corner = (np.arange(side)[:, None] * (side + 1) + np.arange(side)).reshape(-1, 1)
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(np.column_stack([x, y, x * 0 + height]), [], corner + (0, 1, side + 2, side + 1))
    sheet = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(sheet)
    if waving:
        wave = sheet.modifiers.new("wave", "WAVE")
        wave.time_offset, wave.height, wave.speed = -500, 0.3, 0.1
    return sheet


def moving_camera(bpy: ModuleType, frames: int) -> Any:
    """The scene's camera: on a moving parent, looking at a target, with a keyed lens."""
    scene = bpy.context.scene
    camera = scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    parent, target = bpy.data.objects.new("dolly", None), bpy.data.objects.new("target", None)
    for thing in (camera, parent, target):
        scene.collection.objects.link(thing)
    camera.parent, camera.location = parent, (0, -5, 2.2)
    constraint = camera.constraints.new("TRACK_TO")
    constraint.target, constraint.track_axis, constraint.up_axis = target, "TRACK_NEGATIVE_Z", "UP_Y"
    keys = (
        (parent, "rotation_euler", (0, 0, 0), (0, 0, 0.6)),
        (parent, "location", (0, 0, 0), (0.4, 0.3, 0.5)),
        (camera.data, "lens", 35.0, 42.0),
    )
    for owner, path, *values in keys:
        for frame, value in zip((1, frames), values, strict=True):
            setattr(owner, path, value)
            owner.keyframe_insert(path, frame=frame)
    return camera
