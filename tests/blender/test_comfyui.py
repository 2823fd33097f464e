"""ComfyUI in Blender: a scene goes through a workflow on a server, and its frames into image and strip."""

import importlib
import json

import bpy
import numpy as np
import pytest
from blender_session import PACKAGE
from blender_takes import strips

pytest.importorskip("requests")
pytest.importorskip("websockets")


def part(name):
    return importlib.import_module(f"{PACKAGE}.{name}")


@pytest.fixture
def comfy(extension, monkeypatch):
    """The small server; it needs the package, which here is the extension's."""
    import sys

    monkeypatch.setitem(sys.modules, "motion_bridge", part("backend.motion_bridge"))
    for name in ("media", "media.png"):
        monkeypatch.setitem(sys.modules, f"motion_bridge.{name}", part(f"backend.motion_bridge.{name}"))
    from comfyui_server import ComfyServer

    with ComfyServer() as server:
        yield server


@pytest.fixture
def through_comfyui(scene, painted, comfy, tmp_path):
    from comfyui_server import workflow

    (tmp_path / "workflow.json").write_text(json.dumps(workflow()))
    settings = scene.motion_bridge
    settings.engine = "comfyui"
    settings.comfyui.workflow = "//workflow.json"
    server = bpy.context.preferences.addons[PACKAGE].preferences.comfyui
    server.address = comfy.url
    yield scene
    server.address = "http://127.0.0.1:8188"


def test_the_panel_says_what_the_engine_knows(scene):
    defaults = part("backend.motion_bridge.engines.comfyui.settings").DEFAULTS
    assert scene.motion_bridge.comfyui.engine_settings() == defaults


def test_render_sends_the_passes_and_shows_the_frames(through_comfyui, comfy, tmp_path):
    png = part("backend.motion_bridge.media.png")
    scene = through_comfyui
    scene.frame_end = 5
    comfy.preview = png.encode(np.full((8, 8, 3), 77, np.uint8))
    assert bpy.ops.motion_bridge.render() == {"FINISHED"}
    from comfyui_server import frames_of

    sent = frames_of(comfy.uploads[comfy.prompts[0]["prompt"]["1"]["inputs"]["image"]])
    frames = [png.read(path) for path in sorted((tmp_path / "motion_bridge/take_001").glob("frame_*.png"))]
    assert len(frames) == 5 == len(sent)
    for frame, picture in zip(frames, sent, strict=True):
        np.testing.assert_array_equal(frame, 255 - picture[:72, :128])
    assert [strip.frame_final_duration for strip in strips(scene)] == [5]
    image = part("addon.viewer.image").find()
    assert tuple(image.size) == (128, 72), "a frame, not the preview, is shown at the end"


def test_a_preview_is_shown_until_a_frame_comes(scene, tmp_path):
    events, delivery, take = (
        part(name) for name in ("backend.motion_bridge.ipc.events", "addon.viewer.delivery", "addon.take")
    )
    shown = delivery.Delivery(scene, None, take.Take(tmp_path / "take_001"), range(1, 3))
    shown.add([events.Preview(np.full((8, 12, 3), 77, np.uint8), 1)])
    shown.show()
    image = part("addon.viewer.image").find()
    assert tuple(image.size) == (12, 8) and not image.is_dirty, "Blender asks nobody to save a preview"


def test_a_missing_node_is_said_in_the_report(through_comfyui, comfy):
    del comfy.nodes["ImageInvert"]
    with pytest.raises(RuntimeError, match="nodes: ImageInvert"):
        bpy.ops.motion_bridge.render()


def test_another_machine_is_asked_about_once(through_comfyui):
    server = bpy.context.preferences.addons[PACKAGE].preferences.comfyui
    server.address = "10.1.2.3:8188"
    with pytest.raises(RuntimeError, match=r"10\.1\.2\.3 is another machine"):
        bpy.ops.motion_bridge.render()
    assert bpy.ops.motion_bridge.allow_comfyui() == {"FINISHED"}
    assert bpy.context.scene.motion_bridge.comfyui.engine_settings()["allow_remote"]
    server.address = "10.1.2.4:8188"
    assert not server.allow_remote, "it was allowed for the other address"


def test_a_python_without_the_package_is_said_by_its_name(scene, monkeypatch):
    readiness = part("addon.interpreter.readiness")
    diagnostics = part("backend.motion_bridge.engines.diagnostics")
    monkeypatch.setattr(diagnostics, "find_spec", lambda name: None if name == "websockets" else object())
    readiness._lack.cache_clear()
    try:
        said = readiness.lacking("comfyui")
    finally:
        readiness._lack.cache_clear()
    assert "it needs the package websockets. Copy the commands" in said and "torch" not in said
