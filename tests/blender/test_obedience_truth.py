"""`judge` on Blender's own renders at 832×480: of the true camera, of one that is wrong by a known amount, of none.

The room is lit by nothing but itself, so a few samples draw it without noise.
"""

import importlib
import json
import subprocess

import bpy
import numpy as np
import pytest
from blender_session import PACKAGE, ROOT, add_box
from mathutils import Matrix

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # fourteen renders

COUNT = 7
WRONG_TURN, WRONG_TRAVEL = 1.0, 0.95  # degrees at the last frame, and how much of the way


def part(name):
    return importlib.import_module(f"{PACKAGE}.{name}")


def glowing(name, scale, seed):
    """A surface that shines in soft spots, fixed to its object."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    place, noise = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeTexNoise")
    shine, out = nodes.new("ShaderNodeEmission"), nodes.new("ShaderNodeOutputMaterial")
    noise.noise_dimensions = "4D"
    contrast = nodes.new("ShaderNodeBrightContrast")
    for name, value in (("Scale", scale), ("W", seed), ("Detail", 6)):
        noise.inputs[name].default_value = value
    contrast.inputs["Contrast"].default_value = 1.5
    links.new(place.outputs["Object"], noise.inputs["Vector"])
    links.new(noise.outputs["Color"], contrast.inputs["Color"])
    links.new(contrast.outputs["Color"], shine.inputs["Color"])
    links.new(shine.outputs["Emission"], out.inputs["Surface"])
    return material


def cameras():
    """Camera-to-world of the true move and of the wrong one, which begins where the true one does."""
    true, wrong = [], []
    for share in np.linspace(0, 1, COUNT):
        place = Matrix.Translation((0.5 * share, -7 + 0.8 * share, 1.8 + 0.15 * share))
        turn = Matrix.Rotation(np.radians(82), 4, "X") @ Matrix.Rotation(np.radians(3 * share), 4, "Z")
        true.append(place @ turn)
        less = true[0].translation.lerp(true[-1].translation, WRONG_TRAVEL)
        wrong.append(Matrix.Translation(less) @ turn @ Matrix.Rotation(np.radians(WRONG_TURN * share), 4, "Y"))
    return true, wrong


def render(scene, poses, folder):
    for frame, pose in enumerate(poses, 1):
        camera = scene.camera.copy()
        camera.animation_data_clear()
        scene.collection.objects.link(camera)
        camera.matrix_world = pose
        true, scene.camera = scene.camera, camera
        scene.frame_set(frame)
        scene.render.filepath = str(folder / f"frame_{frame:04d}.png")
        bpy.ops.render.render(write_still=True)
        scene.camera = true
        bpy.data.objects.remove(camera)


@pytest.fixture(scope="module")
def judged(extension, torch_python, tmp_path_factory):
    """judged(poses) → what `judge --json` says of a render with these cameras."""
    if subprocess.run([str(torch_python), "-c", "import cv2"]).returncode:
        pytest.skip("the Python with torch has no OpenCV")
    folder = tmp_path_factory.mktemp("truth")
    bpy.ops.wm.read_homefile(use_empty=True)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, COUNT
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 4, False
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 832, 480, 100
    scene.view_settings.view_transform = "Standard"
    add_box(scene, "floor", (0, 0, -0.05), (20, 20, 0.1), glowing("floor", 3, 0))
    add_box(scene, "wall", (0, 4, 2), (20, 0.1, 8), glowing("wall", 2.5, 7))
    add_box(scene, "pillar", (0.7, 0.5, 1), (0.7, 0.7, 2), glowing("pillar", 5, 3))
    scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(scene.camera)
    true, wrong = cameras()
    for frame, pose in enumerate(true, 1):
        scene.camera.matrix_world = pose
        scene.camera.rotation_mode = "QUATERNION"
        scene.camera.matrix_world = pose
        scene.camera.keyframe_insert("location", frame=frame)
        scene.camera.keyframe_insert("rotation_quaternion", frame=frame)
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "room.blend"))
    videos = {"true": true, "wrong": wrong}
    for name, poses in videos.items():
        (folder / name).mkdir()
        render(scene, poses, folder / name)
    (folder / "still").mkdir()
    first = (folder / "true/frame_0001.png").read_bytes()
    for frame in range(1, COUNT + 1):
        (folder / f"still/frame_{frame:04d}.png").write_bytes(first)
    words = ["shot", "--frames", f"1-{COUNT}", "--grid", "24", "--first-frame", str(folder / "true/frame_0001.png")]
    assert part("addon.cli.command").run([*words, "--output", str(folder / "shot")]) == 0

    def judge(video):
        words = ["judge", str(folder / "shot"), str(folder / video), "--json"]
        done = subprocess.run(
            [str(torch_python), "-I", str(ROOT / "backend"), *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return judge


def test_blenders_own_render_obeys(judged):
    found = judged("true")
    assert found["error"]["mean"] <= 0.5
    assert max(found["poses"]["degrees"]) < 0.1 and abs(found["poses"]["travel"] - 1) < 0.01


def test_a_camera_that_is_wrong_by_a_degree_and_five_percent_is_found_out(judged):
    poses = judged("wrong")["poses"]
    wanted = [WRONG_TURN * frame / (COUNT - 1) for frame in poses["frames"]]
    np.testing.assert_allclose(poses["degrees"], wanted, atol=0.1)
    assert abs(poses["travel"] - WRONG_TRAVEL) < 0.01


def test_a_still_equals_no_motion(judged):
    found = judged("still")
    assert found["error"]["mean"] == pytest.approx(found["still"]["mean"], rel=1e-3)
