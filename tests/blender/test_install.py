"""The zip that people install: built by Blender's tool, and gone without a trace when it is disabled."""

import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import bpy
import pytest
from blender_session import PACKAGE, ROOT, SOON, backends, extension_tool, wait_until


def test_blenders_own_tool_finds_the_zip_valid(extension_zip: Path):
    answer = subprocess.run([*extension_tool(), "validate", str(extension_zip)], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_zip_holds_only_what_runs(extension_zip: Path):
    names = set(zipfile.ZipFile(extension_zip).namelist())
    assert {name.split("/")[0] for name in names if "/" in name} == {"addon", "backend"}
    assert {name for name in names if "/" not in name} <= {"__init__.py", "blender_manifest.toml", "LICENSE"}
    cards = {name for name in names if "/weights/" in name and name.endswith("/card.md")}  # a model's card goes with it
    assert not [name for name in names - cards if "__pycache__" in name or name.endswith((".pyc", ".md"))]


def test_the_zip_is_fit_to_be_published(extension_zip: Path):
    from extension_zip import faults

    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]  # what is new, too
    if shutil.which("git") is None:
        pytest.skip("there is no git here")
    known = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True)
    if known.returncode:
        pytest.skip("this is not a git repository")
    assert faults(extension_zip, {path for path in known.stdout.splitlines() if (ROOT / path).exists()}) == []


def test_the_manifest_asks_for_what_the_extension_uses_and_says_why():
    import tomllib

    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text())
    assert manifest["license"] == ["SPDX:GPL-3.0-or-later"]
    assert manifest["blender_version_min"] == "4.2.0"
    assert set(manifest["permissions"]) == {"files", "clipboard", "network"}
    for reason in manifest["permissions"].values():
        assert len(reason) < 64 and not reason.endswith(".")


def traces() -> dict[str, set[str]]:
    """Everything in this process that could be left of an add-on."""
    handlers = [getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers) if not name.startswith("_")]
    classes = [name for name in dir(bpy.types) if "motion_bridge" in name.lower()]
    kinds = (bpy.types.Scene, bpy.types.WindowManager, bpy.types.Object, bpy.types.Image)
    configuration = bpy.context.window_manager.keyconfigs.addon
    return {
        "classes": set(classes) | {cls.__name__ for cls in bpy.types.PropertyGroup.__subclasses__() if ours(cls)},
        "handlers": {str(each) for found in handlers if isinstance(found, list) for each in found if ours(each)},
        "properties": {name for kind in kinds for name in dir(kind) if "motion_bridge" in name},
        "operators": {name for name in dir(bpy.ops) if "motion_bridge" in name},
        "keys": {
            item.idname
            for keymap in (configuration.keymaps if configuration else ())
            for item in keymap.keymap_items
            if "motion_bridge" in item.idname
        },
        "threads": {thread.name for thread in threading.enumerate() if "motion-bridge" in thread.name},
        "processes": backends(),
    }


def disabled_without_a_trace() -> None:
    """Disable the extension, look for what it left, and enable it again."""
    bpy.ops.preferences.addon_disable(module=PACKAGE)
    try:
        wait_until(lambda: not traces()["threads"], seconds=SOON)  # those that end with the backend's process
        assert {kind: left for kind, left in traces().items() if left} == {}
    finally:
        bpy.ops.preferences.addon_enable(module=PACKAGE)


def ours(thing: object) -> bool:
    return "motion_bridge" in getattr(thing, "__module__", "") and getattr(thing, "is_registered", True)


def test_enabled_disabled_and_enabled_again_it_leaves_nothing_behind(scene: bpy.types.Scene, painted: Path):
    scene.frame_end = 3
    bpy.ops.motion_bridge.render()
    disabled_without_a_trace()
    bpy.ops.motion_bridge.render()
    assert bpy.ops.motion_bridge.render.poll()


def test_disabled_in_the_middle_of_a_job_it_ends_the_job(scene: bpy.types.Scene, painted: Path, tmp_path: Path):
    from bl_ext.user_default.motion_bridge.addon.render.manager import window
    from bl_ext.user_default.motion_bridge.addon.render.request import new_take

    scene.frame_end = 200
    window.begin(bpy.context, new_take(scene))
    assert backends()
    disabled_without_a_trace()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_job_imports_no_torch_and_opens_no_listening_socket(scene: bpy.types.Scene, painted: Path):
    from bl_ext.user_default.motion_bridge.addon.render.manager import window
    from bl_ext.user_default.motion_bridge.addon.render.request import new_take

    scene.frame_end = 60
    before = listening(os.getpid())
    window.begin(bpy.context, new_take(scene))
    wait_until(lambda: window.session.job.finished, window.step)
    child = window.session.job.backend_pid
    assert "torch" not in sys.modules
    assert listening(os.getpid()) == before
    assert listening(child) == set()
    assert "libtorch" not in Path(f"/proc/{child}/maps").read_text()
    window.close()


def listening(process: int) -> set[str]:
    """The listening sockets of a process, as the kernel lists them: TCP over both protocols, and Unix."""
    folder = Path(f"/proc/{process}")
    links = []
    for path in (folder / "fd").iterdir():
        try:
            links.append(os.readlink(path))
        except OSError:
            continue  # closed meanwhile
    own = {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}
    found = set()
    for name in ("tcp", "tcp6"):
        rows = [line.split() for line in (folder / "net" / name).read_text().splitlines()[1:]]
        found |= {row[1] for row in rows if row[3] == "0A" and row[9] in own}
    rows = [line.split() for line in (folder / "net" / "unix").read_text().splitlines()[1:]]
    return found | {" ".join(row) for row in rows if row[3] == "00010000" and row[6] in own}


@pytest.mark.skipif(bool(bpy.app.binary_path), reason="starts a process of its own, which needs the bpy module")
def test_it_registers_where_there_is_no_home_folder(extension):
    """No HOME and no entry in the list of users, as in some containers."""
    script = f"""
import pathlib
def nowhere(*_):
    raise RuntimeError("Could not determine home directory.")
pathlib.Path.home = nowhere
pathlib.Path.expanduser = nowhere
import importlib, os, sys
import bpy
module = bpy.ops.preferences.addon_enable(module={PACKAGE!r})
scene = bpy.context.scene
scene.motion_bridge.seed = 3
readiness = importlib.import_module({PACKAGE!r} + ".addon.interpreter.readiness")
assert "-m venv" in readiness.install_commands("deforum")
print("REGISTERED", module, flush=True)
os._exit(0)
"""
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "USERPROFILE")}
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert "REGISTERED {'FINISHED'}" in answer.stdout, answer.stdout + answer.stderr


def test_every_class_has_a_name_that_blender_takes_without_a_warning(extension):
    ours = [name for name in dir(bpy.types) if name.startswith("MOTION_BRIDGE_")]
    assert len(ours) > 30 and [name for name in ours if not re.fullmatch(r"\w+", name)] == []
