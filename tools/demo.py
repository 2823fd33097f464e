"""The main job from beginning to end, with the bpy module: python tools/demo.py FOLDER [--frames 1-48]

Builds the courtyard, installs the extension through Blender's own installer into a user folder of its own, makes the
frames and the movie, and renders a few frames the usual way to compare with. With `--stream PYTHON`, in a folder where
that has been done, MotionStream's built-in sketch follows the same camera in a Python that has torch. `nox -s demo`
calls both.
"""

import argparse
import importlib
import os
import shutil
import sys
import time
from pathlib import Path

MADE_HERE = ("blender", "extension", "rendered", "stream", "take")
GRID = 16  # points a side: what the sketch was trained with
EXTENSION = "bl_ext.user_default.motion_bridge"
COMPARED = 4  # frames rendered the usual way, over the whole range


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", default="1-48", metavar="RANGE")
    parser.add_argument("--stream", metavar="PYTHON", help="a Python with torch: make the streamed clip")
    options = parser.parse_args()
    folder = options.folder.absolute()
    if options.stream:
        return _stream(folder, options.frames, options.stream)
    for name in MADE_HERE:
        shutil.rmtree(folder / name, ignore_errors=True)
    movie = folder / "courtyard.mp4"
    movie.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["BLENDER_USER_RESOURCES"] = str(folder / "blender")  # before bpy starts

    import bpy
    from build_extension import build as build_extension
    from demo_scene import build as build_scene

    build_scene()
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "courtyard.blend"))
    run = _install(build_extension(folder / "extension"))
    start = time.monotonic()
    code = run(["render", "--frames", options.frames, "--output", str(folder / "take")])
    if code:
        return code
    print(f"Frames made in {time.monotonic() - start:.0f} s", flush=True)
    code = run(["movie", str(folder / "take"), "--output", str(movie)])
    _render_to_compare(bpy.context.scene, sorted((folder / "take").glob("frame_*.png")), folder / "rendered")
    return code


def _stream(folder: Path, frames: str, python: str) -> int:
    """The same camera move by MotionStream, from the same first frame."""
    os.environ["BLENDER_USER_RESOURCES"] = str(folder / "blender")
    shutil.rmtree(folder / "stream", ignore_errors=True)
    movie = folder / "courtyard_stream.mp4"
    movie.unlink(missing_ok=True)

    import bpy

    run = _enable()
    bpy.ops.wm.open_mainfile(filepath=str(folder / "courtyard.blend"))
    bpy.context.preferences.addons[EXTENSION].preferences.python = python
    settings = bpy.context.scene.motion_bridge
    settings.engine, settings.grid = "motionstream", GRID
    first_frame = sorted((folder / "take").glob("frame_*.png"))[0]
    start = time.monotonic()
    code = run(["render", "--frames", frames, "--first-frame", str(first_frame), "--output", str(folder / "stream")])
    print(f"Streamed in {time.monotonic() - start:.0f} s", flush=True)
    return code or run(["movie", str(folder / "stream"), "--output", str(movie)])


def _install(zipped: Path):
    import bpy

    bpy.ops.extensions.package_install_files(repo="user_default", filepath=str(zipped), enable_on_install=True)
    return importlib.import_module(f"{EXTENSION}.addon.cli.command").run


def _enable():
    """The command of the extension that was installed before."""
    import bpy

    bpy.ops.preferences.addon_enable(module=EXTENSION)
    return importlib.import_module(f"{EXTENSION}.addon.cli.command").run


def _render_to_compare(scene, made: list[Path], folder: Path) -> None:
    """Some of the same frames from Cycles, at half the size, which is what the contact sheet shows."""
    import bpy

    scene.render.resolution_percentage = 50
    last = len(made) - 1
    for picture in (made[round(last * at / (COMPARED - 1))] for at in range(COMPARED)):
        scene.frame_set(int(picture.stem.removeprefix("frame_")))
        scene.render.filepath = str(folder / picture.name)
        bpy.ops.render.render(write_still=True)


if __name__ == "__main__":
    sys.exit(main())
