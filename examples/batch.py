"""The main job from a script, without a window; everything after `--` goes to the extension's own command.

    blender -b shot.blend --python examples/batch.py -- --output frames --frames 1-24
    blender -b --python examples/batch.py -- a.blend b.blend --output /renders      # a folder for each file

Exit codes are the command's: 0 done, 2 bad input, 3 backend failed, 4 cancelled. With several files the first one that
fails ends the batch.
"""

import importlib
import os
import sys
from pathlib import Path

import addon_utils
import bpy

EXTENSION = "bl_ext.user_default.motion_bridge"


def render(arguments: list[str]) -> int:
    """What `-c motion_bridge render …` does, for the file that is open."""
    addon_utils.enable(EXTENSION, default_set=False)
    try:
        command = importlib.import_module(f"{EXTENSION}.addon.cli.command")
    except ModuleNotFoundError:
        print(f"{EXTENSION} is not installed: blender --command extension install-file -r user_default -e ZIP")
        return 2
    return command.run(["render", *arguments])


def main(arguments: list[str]) -> int:
    files = [Path(word).absolute() for word in arguments if word.endswith(".blend")]
    options = [word for word in arguments if not word.endswith(".blend")]
    if not files:
        return render(options)
    if "--output" not in options:
        print("Several files need --output DIR; each gets a folder in it.")
        return 2
    at = options.index("--output") + 1
    output = Path(options[at])
    for file in files:
        bpy.ops.wm.open_mainfile(filepath=str(file))
        code = render([*options[:at], str(output / file.stem), *options[at + 1 :]])
        if code:
            return code
    return 0


if __name__ == "__main__":
    code = main(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else [])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # `blender --python` answers 0 whatever a script says, unless it ends the process itself
