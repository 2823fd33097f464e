"""The extension as a user gets it: built by Blender's own tool, installed by Blender's own installer.

BLENDER_USER_RESOURCES is set before bpy is imported, so each test process has a clean user folder of its own.
MOTION_BRIDGE_ZIP names a zip that is already built; without it every process builds one.
"""

from __future__ import annotations

import atexit
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import bpy

ROOT = Path(__file__).resolve().parents[2]
STATUS = pytest.StashKey[int]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Prepare this process for Blender, unless it only starts those that will be Blender's."""
    if not config.getoption("in_one_process"):
        return
    if "bpy" not in sys.modules:  # the Blender program was started with a clean user folder already
        folder = tempfile.mkdtemp(prefix="motion-bridge-test-")
        os.environ["BLENDER_USER_RESOURCES"] = folder
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    backend = str(ROOT / "backend")  # the extension must find its own parts without it
    sys.path[:] = [path for path in sys.path if path != backend]
    os.environ.pop("PYTHONPATH", None)


@pytest.fixture(scope="session")
def extension_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension's zip."""
    from blender_session import extension_tool

    if ready := os.environ.get("MOTION_BRIDGE_ZIP"):
        return Path(ready)
    folder = tmp_path_factory.mktemp("zip")
    command = [*extension_tool(), "build", "--source-dir", str(ROOT), "--output-dir", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (built,) = folder.glob("motion_bridge-*.zip")
    return built


@pytest.fixture(scope="session")
def extension(extension_zip: Path) -> ModuleType:
    """The installed and enabled extension's module; its parts are imported from bl_ext.user_default.motion_bridge."""
    import bpy
    from blender_session import PACKAGE

    bpy.ops.extensions.package_install_files(repo="user_default", filepath=str(extension_zip), enable_on_install=True)
    return importlib.import_module(PACKAGE)


@pytest.fixture
def scene(extension: ModuleType, tmp_path: Path) -> bpy.types.Scene:
    """A small scene: textured floor, two boxes of which one moves, a keyframed camera and lens; 128×72, frames 1–12.

    Cycles at one sample draws it in a tenth of a second. The file is saved, so `//` is tmp_path.
    """
    import bpy
    from blender_session import add_box, add_camera, checker_material

    bpy.ops.wm.read_homefile(use_empty=True)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, 12
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 1
    scene.cycles.use_denoising = False
    scene.render.resolution_x, scene.render.resolution_y = 128, 72
    scene.render.resolution_percentage = 100
    checker = checker_material()
    add_box(scene, "floor", (0, 0, -0.05), (12, 12, 0.1), checker)
    add_box(scene, "pillar", (1, 0, 1), (0.6, 0.6, 2), checker)
    mover = add_box(scene, "mover", (-1, 1.5, 0.4), (0.8, 0.8, 0.8), checker)
    mover.keyframe_insert("location", frame=1)
    mover.location.x = 2
    mover.keyframe_insert("location", frame=12)
    add_camera(scene)
    sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
    sun.rotation_euler = (0.6, 0.3, 0)
    scene.collection.objects.link(sun)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    return bpy.context.scene


@pytest.fixture
def painted(scene: bpy.types.Scene, tmp_path: Path) -> Path:
    """A first frame for the scene that needs no render: colored noise in blocks, set in the panel."""
    import numpy as np
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.media import png

    blocks = np.random.default_rng(3).integers(0, 256, (9, 16, 3), dtype=np.uint8)
    path = tmp_path / "painted.png"
    path.write_bytes(png.encode(blocks.repeat(8, 0).repeat(8, 1)))
    scene.motion_bridge.first_frame = "FILE"
    scene.motion_bridge.first_frame_path = str(path)
    return path


@pytest.fixture(scope="session")
def torch_python() -> Path:
    """A Python with torch for the backend: MOTION_BRIDGE_TORCH names one, or nox has made one for its torch tests."""
    named = os.environ.get("MOTION_BRIDGE_TORCH")
    python = Path(named) if named else ROOT / ".nox/tests-torch/bin/python"
    asked = "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, ('torch', 'diffusers'))))"
    if not python.is_file() or subprocess.run([str(python), "-c", asked]).returncode:
        pytest.skip(f"{python} is no Python with torch; MOTION_BRIDGE_TORCH=/path/to/python would test that engine too")
    return python


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """bpy 4.2 as a module crashes while it frees itself, after everything is done: leave before that."""
    if not config.getoption("in_one_process"):
        return
    import bpy

    if bpy.app.version < (4, 3) and STATUS in config.stash:
        shutil.rmtree(os.environ["BLENDER_USER_RESOURCES"], ignore_errors=True)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[STATUS])
