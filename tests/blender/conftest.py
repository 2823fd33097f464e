"""The extension as a user gets it: built by Blender's own tool, installed by Blender's own installer.

BLENDER_USER_RESOURCES is set before bpy is imported, so each test process has a clean user folder of its own.
MOTION_BRIDGE_ZIP names a zip that is already built; without it every process builds one.
"""

import atexit
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "bl_ext.user_default.motion_bridge"
STATUS = pytest.StashKey[int]()
SOON = 20  # seconds: what is promised within one, on a machine that is busy with something else
if "bpy" in sys.modules:  # inside the Blender program, which was started with a clean user folder already
    USER_FOLDER = Path(os.environ["BLENDER_USER_RESOURCES"])
else:
    USER_FOLDER = Path(tempfile.mkdtemp(prefix="motion-bridge-test-"))
    os.environ["BLENDER_USER_RESOURCES"] = str(USER_FOLDER)
    atexit.register(shutil.rmtree, USER_FOLDER, ignore_errors=True)

import bpy  # noqa: E402  only after the user folder is set


def extension_tool() -> list[str]:
    """Blender's own command that builds and validates extensions."""
    scripts = Path(bpy.utils.system_resource("SCRIPTS"))
    return [sys.executable, str(scripts / "addons_core/bl_pkg/cli/blender_ext.py")]


@pytest.fixture(scope="session")
def extension_zip() -> Path:
    """The extension's zip."""
    if ready := os.environ.get("MOTION_BRIDGE_ZIP"):
        return Path(ready)
    command = [*extension_tool(), "build", "--source-dir", str(ROOT), "--output-dir", str(USER_FOLDER)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (built,) = USER_FOLDER.glob("motion_bridge-*.zip")
    return built


@pytest.fixture(scope="session")
def extension(extension_zip: Path) -> ModuleType:
    """The installed and enabled extension's module; its parts are imported from bl_ext.user_default.motion_bridge."""
    bpy.ops.extensions.package_install_files(repo="user_default", filepath=str(extension_zip), enable_on_install=True)
    return importlib.import_module(PACKAGE)


@pytest.fixture
def scene(extension: ModuleType, tmp_path: Path) -> bpy.types.Scene:
    """A small scene: textured floor, two boxes of which one moves, a keyframed camera and lens; 128×72, frames 1–12.

    Cycles at one sample draws it in a tenth of a second. The file is saved, so `//` is tmp_path.
    """
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
    """A first frame for the scene that needs no render: coloured noise in blocks, set in the panel."""
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


def wait_until(condition: Callable[[], object], work: Callable[[], object] = lambda: None, seconds: float = 60) -> None:
    """Do some work again and again until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "this never came true"
        work()
        time.sleep(0.005)


def checker_material() -> bpy.types.Material:
    material = bpy.data.materials.new("checker")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    texture = nodes.new("ShaderNodeTexChecker")
    texture.inputs["Scale"].default_value = 9
    texture.inputs["Color1"].default_value = (0.8, 0.25, 0.1, 1)
    texture.inputs["Color2"].default_value = (0.1, 0.3, 0.6, 1)
    shader = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    links.new(texture.outputs["Color"], shader.inputs["Base Color"])
    return material


def add_box(
    scene: bpy.types.Scene, name: str, centre: tuple, size: tuple, material: bpy.types.Material
) -> bpy.types.Object:
    mesh = bpy.data.meshes.new(name)
    corners = [(x * size[0] / 2, y * size[1] / 2, z * size[2] / 2) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    mesh.from_pydata(corners, [], faces)
    mesh.materials.append(material)
    box = bpy.data.objects.new(name, mesh)
    box.location = centre
    scene.collection.objects.link(box)
    return box


def add_camera(scene: bpy.types.Scene) -> None:
    lens = bpy.data.cameras.new("camera")
    camera = bpy.data.objects.new("camera", lens)
    scene.collection.objects.link(camera)
    scene.camera = camera
    camera.location, camera.rotation_euler, lens.lens = (0, -7, 2.2), (1.35, 0, 0), 35
    for keyed, path in ((camera, "location"), (camera, "rotation_euler"), (lens, "lens")):
        keyed.keyframe_insert(path, frame=1)
    camera.location, camera.rotation_euler, lens.lens = (1.2, -6, 2.5), (1.3, 0.02, 0.15), 42
    for keyed, path in ((camera, "location"), (camera, "rotation_euler"), (lens, "lens")):
        keyed.keyframe_insert(path, frame=12)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """bpy 4.2 as a module crashes while it frees itself, after everything is done: leave before that."""
    if bpy.app.version < (4, 3) and STATUS in config.stash:
        shutil.rmtree(USER_FOLDER, ignore_errors=True)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[STATUS])
