"""Other people's video models in Blender: the panel's settings, a scene rendered through a tiny model, resumed."""

import importlib
import json
import os
import subprocess
from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_session import PACKAGE, ROOT

SAVE = "import sys, tiny_video; tiny_video.save('wan-vace', sys.argv[1])"


def part(name):
    return importlib.import_module(f"{PACKAGE}.{name}")


@pytest.fixture(scope="module")
def model(torch_python, tmp_path_factory) -> Path:
    """A tiny Wan VACE with random weights."""
    folder = tmp_path_factory.mktemp("model")
    paths = os.pathsep.join((str(ROOT / "backend"), str(ROOT / "tests/helpers")))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run([str(torch_python), "-c", SAVE, str(folder)], env={**clean, "PYTHONPATH": paths}, check=True)
    return folder


def test_the_panel_says_what_the_engine_knows(scene):
    settings = part("backend.motion_bridge.engines.video.settings")
    told = scene.motion_bridge.video.engine_settings()
    assert told == settings.DEFAULTS, "the panel's defaults are others"


def test_a_scene_becomes_frames_and_is_resumed_to_the_same_bytes(scene, painted, model, torch_python, tmp_path, capfd):
    preferences = bpy.context.preferences.addons[PACKAGE].preferences
    preferences.python = str(torch_python)
    video = scene.motion_bridge.video
    scene.motion_bridge.engine = "video"
    video.model, video.model_folder, video.size, video.steps, video.device = "FOLDER", str(model), "128x64", 2, "cpu"
    run, out = part("addon.cli.command").run, tmp_path / "out"
    options = ["--engine", "video", "--output", str(out), "--json"]
    try:
        assert run(["render", "--frames", "1-8", "--prompt", "1: a red box", *options]) == 0
        events = [json.loads(line) for line in capfd.readouterr().out.splitlines() if line.startswith("{")]
        stages = {event["stage"] for event in events if event["event"] == "progress"}
        assert "Denoising" in stages
        png = part("backend.motion_bridge.media.png")
        whole = {path.name: path.read_bytes() for path in sorted(out.glob("frame_*.png"))}
        assert len(whole) == 8
        assert all(png.read(out / name).shape == (72, 128, 3) for name in whole)
        assert np.ptp(png.read(out / "frame_0008.png")) > 0
        for name in list(whole)[3:]:
            (out / name).unlink()
        assert run(["render", "--resume", *options]) == 0
        assert {path.name: path.read_bytes() for path in sorted(out.glob("frame_*.png"))} == whole
    finally:
        preferences.python = ""
