"""Build and check the zip of a release: python tools/release.py FOLDER [--blender PROGRAM]

Blender's own tool builds it and finds it valid; then its files, their sizes and modes, the manifest's permissions and
the version in every place that states one are checked. Exit code 1, with a sentence for each fault, when it must not be
published. Without --blender the bpy module of this Python is used.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from build_extension import ROOT, build, extension_tool
from extension_zip import faults, idle_excludes, versions


def tracked(root: Path) -> set[str]:
    """The paths that git knows."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True).stdout
    return set(filter(None, listed.decode().split("\0")))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="gets the zip; what it held before goes")
    parser.add_argument("--blender", default="", metavar="PROGRAM")
    chosen = parser.parse_args()
    zipped = build(chosen.folder.absolute(), chosen.blender)
    subprocess.run([*extension_tool(chosen.blender), "validate", str(zipped)], check=True, stdout=subprocess.DEVNULL)
    found, stated, known = [], versions(ROOT), tracked(ROOT)
    if len(set(stated.values())) > 1:
        found.append(
            "The versions differ: " + ", ".join(f"{place} {version}" for place, version in stated.items()) + "."
        )
    found += [f"The manifest excludes {each}, which is not there." for each in idle_excludes(ROOT, known)]
    found += faults(zipped, known)
    print("\n".join(found) if found else f"{zipped}: {zipped.stat().st_size:,} bytes, nothing is wrong with it")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
