"""The main job from beginning to end, with the bpy module: python examples/demo.py FOLDER [--frames 1-48]

Builds the courtyard, installs the extension through Blender's own installer into a user folder of its own, makes the
frames and the movie, and renders a few frames the usual way to compare with. `nox -s demo` calls it.
"""

import argparse
import importlib
import os
import shutil
import sys
import time
from pathlib import Path

MADE_HERE = ("blender", "extension", "rendered", "take")
COMPARED = 4  # frames rendered the usual way, over the whole range


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", default="1-48", metavar="RANGE")
    options = parser.parse_args()
    folder = options.folder.absolute()
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


def _install(zipped: Path):
    import bpy

    bpy.ops.extensions.package_install_files(repo="user_default", filepath=str(zipped), enable_on_install=True)
    return importlib.import_module("bl_ext.user_default.motion_bridge.addon.command").run


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
