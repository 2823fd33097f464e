"""Build the extension's zip with Blender's own tool: python tools/build_extension.py FOLDER [--blender PROGRAM]

Without --blender the tool of the bpy module is used, which must be installed in this Python.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def extension_tool(blender: str = "") -> list[str]:
    """Blender's command that builds and validates extensions; blender: the program, or "" for the bpy module."""
    if blender:
        return [blender, "--command", "extension"]
    import bpy

    scripts = bpy.utils.system_resource("SCRIPTS")
    return [sys.executable, str(Path(scripts) / "addons_core/bl_pkg/cli/blender_ext.py")]


def build(folder: Path, blender: str = "", source: Path = ROOT) -> Path:
    """The zip that was built in `folder`; any older one there goes. source: the folder with the manifest."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [*extension_tool(blender), "build", "--source-dir", str(source), "--output-dir", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (zipped,) = folder.glob("*.zip")
    return zipped


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--blender", default="", metavar="PROGRAM")
    chosen = parser.parse_args()
    print(f"Extension: {build(chosen.folder.absolute(), chosen.blender)}")
