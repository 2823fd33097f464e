"""What the tests inside Blender share: things to put into a scene, ways to run a job, ways to look at what it left."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "bl_ext.user_default.motion_bridge"
SOON = 20  # seconds: what is promised within one, on a machine that is busy with something else


def extension_tool() -> list[str]:
    """Blender's own command that builds and validates extensions."""
    scripts = Path(bpy.utils.system_resource("SCRIPTS"))
    return [sys.executable, str(scripts / "addons_core/bl_pkg/cli/blender_ext.py")]


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
    scene: bpy.types.Scene, name: str, center: tuple, size: tuple, material: bpy.types.Material
) -> bpy.types.Object:
    mesh = bpy.data.meshes.new(name)
    corners = [(x * size[0] / 2, y * size[1] / 2, z * size[2] / 2) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    mesh.from_pydata(corners, [], faces)
    mesh.materials.append(material)
    box = bpy.data.objects.new(name, mesh)
    box.location = center
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


def begun(scene: bpy.types.Scene, frames: int):
    """The window's job, begun as its button does it; the test calls the timer's work."""
    from bl_ext.user_default.motion_bridge.addon.render.manager import window
    from bl_ext.user_default.motion_bridge.addon.render.request import new_take

    scene.frame_end = frames
    window.begin(bpy.context, new_take(scene))
    return window


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("frame_*.png"))


def run(*arguments: object) -> int:
    from bl_ext.user_default.motion_bridge.addon.cli import command

    return command.run([str(argument) for argument in arguments])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def movie_frames(path: Path, folder: Path) -> list[np.ndarray]:
    """The pictures of a movie, read by Blender's own Sequencer."""
    from bl_ext.user_default.motion_bridge.addon import compat
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.media import png

    scene = bpy.data.scenes.new("back")
    strip = compat.strips(scene).new_movie("movie", str(path), 1, 1)
    scene.render.resolution_x = strip.elements[0].orig_width
    scene.render.resolution_y = strip.elements[0].orig_height
    scene.view_settings.view_transform = "Standard"
    scene.render.dither_intensity = 0
    scene.render.image_settings.color_mode = "RGB"
    start, end = compat.strip_span(strip)
    scene.frame_start, scene.frame_end = int(start), int(end) - 1
    scene.render.filepath = str(folder / "back_####.png")
    bpy.ops.render.render(animation=True, scene=scene.name)
    bpy.data.scenes.remove(scene)
    return [png.read(found) for found in sorted(folder.glob("back_*.png"))]


def export(kind: str, path: Path) -> None:
    assert bpy.ops.motion_bridge.export(filepath=str(path), format=kind) == {"FINISHED"}


def backends() -> set[str]:
    """The backends that this process has started."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, parent = path.parent.name, path.read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue  # it has ended meanwhile
        if int(parent) == os.getpid() and b"serve" in (path.parent / "cmdline").read_bytes():
            found.add(name)
    return found
