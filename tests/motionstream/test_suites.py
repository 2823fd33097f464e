"""The suites measure what an engine really does; their scenes are here a cloth that slides, made without Blender."""

import json

import cloth
import numpy as np
import pytest
import tiny_motionstream as tiny
import torch
from benchmarks.__main__ import main
from motion_bridge import shot as shots
from motion_bridge.errors import BadInput
from motion_bridge.media import png
from motion_bridge.takes.writer import frame_name

pytest.importorskip("cv2")
from benchmarks.suites import catalogue, report, run
from benchmarks.suites.catalogue import Scene

ENDS = (8, 20, 32, 44, 56)
SCENES = (
    Scene("camera", "pan", 12, 12),
    Scene("counterfactual", "right", 12, 12),
    Scene("counterfactual", "down", 12, 12),
    Scene("interactive", "handled", 57, 57),
    Scene("long", "loop", 25, 8),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Scenes on disk as --make writes them."""
    torch.set_num_threads(1)
    place = tmp_path_factory.mktemp("scenes")
    turn = np.arange(25) % 8 * np.pi / 4
    ways = {
        "pan": np.arange(12)[:, None] * np.array([0.8, 0.0]),
        "right": np.arange(12)[:, None] * np.array([0.6, 0.1]),
        "down": np.arange(12)[:, None] * np.array([0.0, 0.6]),
        "handled": np.arange(57)[:, None] * np.array([0.2, 0.1]),
        "loop": np.stack([2 * np.sin(turn), 2 - 2 * np.cos(turn)], 1),
    }
    for scene in SCENES:
        names = ("ball",) * 16 + ("wall",) * 240
        shot, video = cloth.sliding(ways[scene.name], 16, names=names, prompts={1: "red disc"})
        shots.save(shot, place / scene.place / "shot")
        for number in range(1, scene.rendered + 1):
            (place / scene.place / frame_name(number)).write_bytes(png.encode(video[number - 1]))
    return place


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny.save(tmp_path_factory.mktemp("model")))


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """The suites have these scenes, and no other."""
    monkeypatch.setattr(catalogue, "SCENES", SCENES)
    monkeypatch.setattr(catalogue, "ENDS", ENDS)
    for name, value in {"LENGTHS": (9, 25), "PERIOD": 8, "WATCHED": (12, 25)}.items():
        monkeypatch.setattr(run, name, value)


@pytest.mark.slow
def test_one_command_measures_all_suites_and_renews_the_page(folder, model, tmp_path, capsys):
    page = tmp_path / report.PAGE
    page.write_text(f"# Ours\n\nBefore.\n\n{report.BEGIN}\nold\n{report.END}\n\nAfter.\n")
    command = ["suites", "--folder", str(folder), "--model", model]
    every = [word for scene in SCENES for word in ("--suite", scene.suite)]
    assert main([*command, *every, "--json", "--output", str(tmp_path)]) == 1  # random weights follow nothing
    found = json.loads(capsys.readouterr().out)
    assert set(found["scenes"]) == {"camera", "counterfactual"} and set(found["told"]) == {"right", "down"}
    pan = found["scenes"]["camera"]["pan"]
    assert pan["floor"] < 0.3 < pan["still"] and pan["epe"] > pan["floor"] and pan["psnr_still"] > 10
    for three in found["beside"]["camera"]["pan"].values():  # by each tracker, less its floor
        assert three["still"] > 0.3 and np.isfinite(three["carried"]) and three["made"] > 0.3
    assert set(found["beside"]["camera"]["pan"]) == {"Lucas–Kanade", "DIS"}
    assert any("of carried alone" in line for line in found["missed"])
    assert found["handled"]["chunks"] == 1
    assert set(found["handled"]["parts"]) == {"dragged", "planned", "silent"}
    assert list(found["long"]) == ["9", "25"] and found["closed"]["25"][1] == 60  # the true loop closes exactly
    assert list(found["cost"]["memory"]) == ["12", "25"]
    assert any("camera: EPE is" in line for line in found["missed"])
    text = page.read_text()
    assert text.startswith("# Ours\n\nBefore.") and text.endswith("After.\n") and "\nold\n" not in text
    assert "Lucas–Kanade: carried alone" in text and "DIS: carried alone" in text
    assert f"| camera | pan | {pan['epe']:.2f} |" in text and "| **counterfactual** | **mean** |" in text
    assert "weights not on disk" in text
    assert (tmp_path / report.SHEET).read_bytes()[:2] == b"\xff\xd8"  # a JPEG
    assert main([*command, "--suite", "camera"]) == 1
    assert f"| camera | pan | {pan['epe']:.2f} |" in capsys.readouterr().out  # the same again


def test_the_opposite_motion_is_as_long_and_starts_where_the_true_one_does(folder):
    shot, _ = catalogue.load(folder, SCENES[1])
    told = run.backward(shot)
    assert np.array_equal(told.xy[:, 0], shot.tracks.xy[:, 0])
    assert np.allclose(told.xy[:, 5] - told.xy[:, 0], shot.tracks.xy[:, 0] - shot.tracks.xy[:, 5])
    assert not told.visible[told.xy[..., 0] < 0].any()


def test_a_loop_is_rendered_once_and_seen_again_and_again(folder):
    _, video = catalogue.load(folder, SCENES[4])
    assert len(video) == 25 and np.array_equal(video[24], video[0]) and np.array_equal(video[11], video[3])


def test_scenes_that_are_not_there_are_asked_for(folder, tmp_path):
    with pytest.raises(BadInput, match=r"camera/pan does not hold the whole scene.*--make --python"):
        catalogue.load(tmp_path, SCENES[0])
    missing = tmp_path / "page"
    missing.mkdir()
    (missing / report.PAGE).write_text("# No place\n")
    with pytest.raises(BadInput, match="has no place for the tables"):
        report.renew(missing, run.Found("sketch", "cpu"))
