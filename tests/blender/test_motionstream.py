"""MotionStream in Blender: a scene's grid and objects become tracks, frames stream into image and strip."""

import importlib
import json
import os
import subprocess
from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_session import PACKAGE, ROOT, begun, wait_until
from blender_takes import strips

PATIENCE = 240  # seconds: torch has to be imported
SAVE = "import sys, tiny_motionstream as tiny; tiny.save(__import__('pathlib').Path(sys.argv[1]))"


def part(name):
    return importlib.import_module(f"{PACKAGE}.{name}")


@pytest.fixture(scope="module")
def model(torch_python, tmp_path_factory) -> Path:
    """A tiny model with random weights, saved as the sketch is."""
    folder = tmp_path_factory.mktemp("model")
    paths = os.pathsep.join((str(ROOT / "backend"), str(ROOT / "tests/helpers")))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run([str(torch_python), "-c", SAVE, str(folder)], env={**clean, "PYTHONPATH": paths}, check=True)
    return folder


@pytest.fixture
def streaming(scene, painted, model, torch_python):
    """The small scene with MotionStream chosen, a grid, and the box that moves."""
    settings = scene.motion_bridge
    settings.engine = "motionstream"
    settings.motionstream.model, settings.motionstream.model_folder = "FOLDER", str(model)
    settings.motionstream.device = "cpu"
    settings.grid = 8
    followed = settings.tracks.sources.add()
    followed.object, followed.count = bpy.data.objects["mover"], 5
    preferences = bpy.context.preferences.addons[PACKAGE].preferences
    preferences.python = str(torch_python)
    yield scene
    preferences.python = ""


def frames(folder: Path) -> dict[str, np.ndarray]:
    png = part("backend.motion_bridge.media.png")
    return {path.name: png.read(path) for path in sorted(folder.glob("frame_*.png"))}


def test_the_panel_says_what_the_engine_knows(scene):
    engine = part("backend.motion_bridge.engines.motionstream.engine")
    assert set(scene.motion_bridge.motionstream.engine_settings()) == set(engine.DEFAULTS)
    assert scene.motion_bridge.motionstream.engine_settings() == engine.DEFAULTS, "the panel's defaults are others"


def test_render_streams_the_scene_along_grid_and_object_into_image_and_strip(streaming, tmp_path: Path):
    assert bpy.ops.motion_bridge.render() == {"FINISHED"}
    take = tmp_path / "motion_bridge/take_001"
    made = frames(take)
    assert list(made) == [f"frame_{number:04d}.png" for number in range(1, 13)]
    assert {picture.shape for picture in made.values()} == {(72, 128, 3)}
    assert len({picture.tobytes() for picture in made.values()}) == 12
    shot = part("backend.motion_bridge.shot").load(take / "shot")
    assert set(shot.tracks.kind) == {"grid", "path"} and "mover" in shot.tracks.name
    assert shot.depth is None, "this engine needs no depth, so none is drawn"
    (strip,) = strips(streaming)
    assert len(strip.elements) == 12
    image = bpy.data.images["Motion Bridge"]
    shown = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(shown)
    colors = shown.reshape(72, 128, 4)[::-1, :, :3]
    assert np.abs(colors * 255 - made["frame_0012.png"]).max() <= 1


def test_the_command_streams_resumes_to_the_same_bytes_and_says_what_was_fitted(streaming, tmp_path: Path, capfd):
    run = part("addon.cli.command").run
    out = tmp_path / "out"
    options = ["--engine", "motionstream", "--output", str(out)]
    assert run(["render", "--frames", "1-11", "--prompt", "1: a red box", "--seed", "3", "--json", *options]) == 0
    said = capfd.readouterr().out.splitlines()
    lines = [json.loads(line) for line in said if line.startswith("{")]  # the program speaks of its own, too
    notes = [line["message"] for line in lines if line["event"] == "note"]
    assert any("draws 32x32 pixels; the first frame of 128x72 is squeezed" in note for note in notes)
    whole = {path.name: path.read_bytes() for path in sorted(out.glob("*.png"))}
    assert len(whole) == 11
    for name in list(whole)[6:]:
        (out / name).unlink()
    assert run(["render", "--resume", *options]) == 0
    assert {path.name: path.read_bytes() for path in sorted(out.glob("*.png"))} == whole


def test_without_anything_to_follow_the_text_and_the_first_frame_are_followed_and_it_is_said(
    streaming, tmp_path, capfd
):
    streaming.motion_bridge.tracks.use_grid = False
    streaming.motion_bridge.tracks.sources.clear()
    assert part("addon.cli.command").run(["render", "--frames", "1-2", "--output", str(tmp_path / "out")]) == 0
    assert "This shot has no tracks: the video follows text and first frame alone." in capfd.readouterr().out
    assert len(frames(tmp_path / "out")) == 2


def test_a_folder_that_is_no_model_is_refused_with_a_sentence(streaming, tmp_path: Path, capfd):
    streaming.motion_bridge.motionstream.model_folder = str(tmp_path / "nowhere")
    assert part("addon.cli.command").run(["render", "--frames", "1-2", "--output", str(tmp_path / "out")]) == 2
    assert "There is no video model" in capfd.readouterr().out


def test_blenders_own_python_is_refused_before_anything_is_rendered(scene, tmp_path: Path, capfd):
    scene.motion_bridge.engine = "motionstream"
    assert part("addon.cli.command").run(["render", "--frames", "1-2", "--output", str(tmp_path / "out")]) == 3
    assert (
        "Engine motionstream cannot run in Blender's own Python: it needs the package torch" in capfd.readouterr().out
    )
    assert not (tmp_path / "out").exists()


def notes(path: Path) -> dict:
    return json.loads(part("backend.motion_bridge.media.png").read_text(path)["motion_bridge"])["notes"]


@pytest.mark.slow
def test_a_prompt_that_is_typed_while_it_renders_holds_from_the_next_chunk_on(streaming, tmp_path: Path):
    key = streaming.motion_bridge.prompts.add()
    key.frame, key.text = 1, "a red box"
    window = begun(streaming, 200)
    wait_until(lambda: window.session.job.finished > 0, window.step, PATIENCE)
    key = streaming.motion_bridge.prompts[0]
    key.text = "a blue box"
    take = tmp_path / "motion_bridge/take_001"

    def told() -> bool:
        made = sorted(take.glob("frame_*.png"))
        return notes(made[-1])["prompt"] == "a blue box"

    wait_until(told, window.step, PATIENCE)
    window.cancel()
    wait_until(lambda: not window.running, window.step, PATIENCE)
    assert notes(take / "frame_0001.png")["prompt"] == "a red box"


@pytest.mark.slow
def test_live_its_points_go_with_the_camera_and_with_hands(streaming, tmp_path: Path):
    live = part("addon.live.session")
    window = part("addon.render.manager").window
    for thing in (streaming.camera, streaming.camera.data):
        thing.animation_data_clear()

    def step() -> None:
        window.step()
        live.step()

    assert bpy.ops.motion_bridge.live() == {"FINISHED"}
    session = live.current()
    wait_until(lambda: session.used_frames > 0 and len(session.points) > 60, step, PATIENCE)
    begun_at = session.points.copy()
    streaming.camera.location.x += 0.5
    bpy.context.view_layer.update()
    session.drag(3, 20.0, 30.0)
    seen = session.chunk
    wait_until(lambda: session.chunk > seen + 2, step, PATIENCE)
    points = session.points
    assert np.nanmedian(points[:, 0] - begun_at[:, 0]) < -2, "the scene goes to the left"
    np.testing.assert_allclose(points[3], (20, 30))
    there = streaming.camera.matrix_world[0][3]
    assert bpy.ops.motion_bridge.live_keep() == {"FINISHED"}
    wait_until(lambda: not live.step(), step, PATIENCE)
    take = tmp_path / "motion_bridge/take_001"
    last = sorted(take.glob("frame_*.png"))[-1]
    assert notes(last)["live"]["pose"][3] == pytest.approx(there, abs=1e-4)
    deeds = [
        each
        for path in take.glob("frame_*.png")
        for fields in notes(path)["changes"]
        for each in fields.get("tracks", ())
    ]
    assert {"track": 3, "do": "drag", "to": [20.0, 30.0]} in deeds
