"""What is said before Render, and what old takes take up."""

import json
import re

import bpy
import pytest
from blender_session import add_box, names, run


def said(capfd, *arguments):
    assert run("estimate", "--json", *arguments) == 0
    (line,) = [line for line in capfd.readouterr().out.splitlines() if '"estimate"' in line]
    return json.loads(line)


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_the_disk_that_is_said_is_the_disk_that_is_used(scene, painted, tmp_path, capfd):
    found = said(capfd)
    assert found["frames"] == 12 and found["camera_moves"] and found["seconds"] > 0
    assert run("render", "--output", tmp_path / "out") == 0
    assert found["disk"] / size_of(tmp_path / "out") == pytest.approx(1, abs=0.6)
    assert not (tmp_path / "motion_bridge").exists(), "an estimate leaves nothing"


def test_the_sentence_says_that_the_camera_stands_still(scene, painted, capfd):
    scene.camera.animation_data_clear()
    scene.camera.data.animation_data_clear()
    assert run("estimate") == 0
    line = capfd.readouterr().out.strip().splitlines()[-1]
    assert re.fullmatch(r"12 frames · [\d.]+ [kM]B · about \d+ s; the camera does not move", line), line


def test_a_draft_and_key_pictures_are_in_it(scene, capfd):
    scene.motion_bridge.first_frame = "RENDER"
    full, draft = said(capfd), said(capfd, "--draft", 50, "--draft-step", 3)
    assert draft["frames"] == 4 and draft["disk"] < full["disk"] / 3
    assert full["rendered"] == 1 and said(capfd, "--key-pictures", "every:5")["rendered"] == 4


def test_the_panels_button_says_it_and_a_changed_setting_hides_it(scene, painted, extension):
    import importlib

    ui = importlib.import_module(f"{extension.__name__}.addon.ui.estimate")
    assert bpy.ops.motion_bridge.estimate() == {"FINISHED"}
    state, sentence = ui._known[scene.name]
    assert sentence.startswith("12 frames · ") and state == ui._state(scene)
    scene.motion_bridge.draft.size = "25"
    assert state != ui._state(scene)


def test_old_takes_are_counted_and_deleted_and_nothing_else_is(scene, painted, tmp_path, capfd):
    output = tmp_path / "takes"
    scene.motion_bridge.output = f"{output}/"
    scene.frame_end = 2
    for _ in range(3):
        assert bpy.ops.motion_bridge.render() == {"FINISHED"}
    (output / "take_001.mp4").write_bytes(b"movie")
    (output / "take_002/notes.txt").write_text("mine")
    capfd.readouterr()
    assert run("takes", output) == 0
    assert [line.split()[0] for line in capfd.readouterr().out.splitlines()] == ["take_001", "take_002", "take_003"]
    assert bpy.ops.motion_bridge.clean_takes(keep=1) == {"FINISHED"}
    assert not (output / "take_001").exists() and (output / "take_001.mp4").exists()
    assert [path.name for path in (output / "take_002").iterdir()] == ["notes.txt"]
    assert len(names(output / "take_003")) == 2
    assert run("takes", output, "--keep", 0) == 0
    assert not (output / "take_003").exists()


def test_a_link_in_the_place_of_a_take_is_not_followed(scene, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "frame_0001.png").write_bytes(b"not ours")
    output = tmp_path / "takes"
    output.mkdir()
    try:
        (output / "take_001").symlink_to(elsewhere, target_is_directory=True)
    except OSError:
        pytest.skip("links cannot be made here")
    run("takes", output, "--keep", 0)
    assert (elsewhere / "frame_0001.png").exists()


def test_an_estimate_of_a_scene_without_a_camera_is_refused(scene, painted, capfd):
    scene.camera = None
    add_box(scene, "box", (0, 0, 0), (1, 1, 1), bpy.data.materials[0])
    assert run("estimate") == 2
    assert "has no camera" in capfd.readouterr().out
