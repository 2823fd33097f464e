"""Make and check a release: python tools/release.py FOLDER [--blender PROGRAM]

    FOLDER/platform/      the zip for Blender's extension platform (platform_build.py says what it lacks)
    FOLDER/repository/    the full zip and index.json: a static extension repository, to be put on any web server

Blender's own tool builds the zips and finds them valid; then their files, sizes, modes and imports, the manifest's
permissions and the version in every place that states one are checked. Exit code 1, with a sentence for each fault,
when it must not be published. Without --blender the bpy module of this Python is used.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import platform_build
from build_extension import ROOT, build, extension_tool
from extension_zip import FULL, PLATFORM, faults, idle_excludes, versions


def make(folder: Path, blender: str) -> tuple[Path, Path]:
    """The zips of both builds, the second in a repository with its index."""
    tracked = platform_build.tracked_by_git(ROOT)
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary) / "source"
        platform_build.lay_out(ROOT, tracked, source)
        small = build(folder / "platform", blender, source)
    full = build(folder / "repository", blender)
    generate_index(full.parent, blender)
    return small, full


def generate_index(repository: Path, blender: str) -> Path:
    """The index of all zips in a folder, which makes a repository of it."""
    command = [*extension_tool(blender), "server-generate", "--repo-dir", str(repository), "--html"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return repository / "index.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="gets both; what they held before goes")
    parser.add_argument("--blender", default="", metavar="PROGRAM")
    chosen = parser.parse_args()
    small, full = make(chosen.folder.absolute(), chosen.blender)
    for zipped in (small, full):
        command = [*extension_tool(chosen.blender), "validate", str(zipped)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    found, stated, known = [], versions(ROOT), platform_build.tracked_by_git(ROOT)
    if len(set(stated.values())) > 1:
        found.append(
            "The versions differ: " + ", ".join(f"{place} {version}" for place, version in stated.items()) + "."
        )
    found += [f"The manifest excludes {each}, which is not there." for each in idle_excludes(ROOT, known)]
    found += [f"The platform's build leaves out {each}, which is not there." for each in platform_build.idle(known)]
    found += [f"{small.parent.name}: {each}" for each in faults(small, platform_build.kept(known), PLATFORM)]
    found += [f"{full.parent.name}: {each}" for each in faults(full, known, FULL)]
    for zipped in (small, full):
        print(f"{zipped}: {zipped.stat().st_size:,} bytes")
    print("\n".join(found) or "Nothing is wrong with them.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
