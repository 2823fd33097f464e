"""What the build for Blender's extension platform leaves out, and its manifest.

The platform takes no add-on that installs packages or needs other software. So this build has Reproject, key pictures,
import and export; the full one adds the engines and what installs them.
"""

import re
import shutil
import subprocess
from pathlib import Path

BACKEND = "backend/motion_bridge"
LEFT_OUT = (  # what begins with one of these
    *(f"addon/ui/engine_panels/{engine}.py" for engine in ("comfyui", "deforum", "motionstream", "video")),
    *(f"addon/properties/{engine}.py" for engine in ("comfyui", "deforum", "motionstream", "schedules", "video")),
    *(f"addon/properties/schedule_{name}.py" for name in ("conversion", "curves")),
    "addon/ui/schedules.py",
    *("addon/ui/downloads.py", "addon/ui/judge.py", "addon/ui/readiness.py", "addon/ui/remote.py"),
    *("addon/exchange/judgement.py", "addon/exchange/settings_file.py"),
    *(f"addon/interpreter/{name}.py" for name in ("installation", "readiness", "remote", "task")),
    *(f"{BACKEND}/{room}/" for room in ("installation", "metrics", "models", "remote", "weights")),
    *(f"{BACKEND}/engines/{engine}/" for engine in ("comfyui", "deforum", "motionstream")),
    *(f"{BACKEND}/engines/video/{part}" for part in ("engine.py", "pipelines/")),  # its controls are exported
    *(f"{BACKEND}/model_registry/{name}.py" for name in ("catalog", "download", "hub")),
    *(f"{BACKEND}/cli/{name}.py" for name in ("backend", "best_of", "channels", "convert", "judge", "models")),
    *(f"{BACKEND}/cli/{name}.py" for name in ("batch", "remote", "transfer")),
)
NETWORK = re.compile(r"^network = .*\n", re.MULTILINE)  # the permission that this build does not ask for


def idle(tracked: set[str]) -> list[str]:
    """Those of LEFT_OUT that match no file."""
    return [each for each in LEFT_OUT if not any(path.startswith(each) for path in tracked)]


def kept(tracked: set[str]) -> set[str]:
    """The paths that are not left out."""
    return {path for path in tracked if not path.startswith(LEFT_OUT)}


def lay_out(root: Path, tracked: set[str], folder: Path) -> None:
    """Copy the sources of this build, as they lie on the disk, into a folder that is not there yet."""
    for path in sorted(kept(tracked)):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, target)
    manifest = folder / "blender_manifest.toml"
    manifest.write_text(NETWORK.sub("", manifest.read_text(encoding="utf-8")), encoding="utf-8")


def tracked_by_git(root: Path) -> set[str]:
    """The paths that git knows and that are there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True).stdout
    return {path for path in listed.decode().split("\0") if path and (root / path).is_file()}
