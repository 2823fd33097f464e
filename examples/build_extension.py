"""Build the extension's zip with Blender's own tool, from the bpy module: python examples/build_extension.py FOLDER

With the Blender program: blender --command extension build --output-dir FOLDER
"""

import shutil
import subprocess
import sys
from pathlib import Path

import bpy


def build(folder: Path) -> Path:
    """The zip that was built in `folder`; any older one there goes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tool = Path(bpy.utils.system_resource("SCRIPTS")) / "addons_core/bl_pkg/cli/blender_ext.py"
    source = Path(__file__).resolve().parents[1]
    command = [sys.executable, str(tool), "build", "--source-dir", str(source), "--output-dir", str(folder)]
    subprocess.run(command, check=True)
    (zipped,) = folder.glob("*.zip")
    return zipped


if __name__ == "__main__":
    print(f"Extension: {build(Path(sys.argv[1]).absolute())}")
