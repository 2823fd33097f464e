"""Key pictures in the window: chosen while Blender goes on, rendered one after the other, cancelled without a trace."""

import json
from pathlib import Path
from typing import Any

import pytest
from blender_program import HERE, Blender, of_environment


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def report(blender: Blender, scene_file: Path, folder: Path) -> dict[str, Any]:
    """What happened in the window."""
    windowed = Blender(of_environment("BLENDER_WINDOW"), blender.user_folder)
    arguments = ("-P", HERE / "keys_in_window.py", "--", folder / "report.json", folder / "out")
    _, output = windowed.run("--enable-event-simulate", scene_file, *arguments)
    assert (folder / "report.json").is_file(), output
    said = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert "fault" not in said, said.get("fault")
    return said


def test_every_third_frame_and_the_last_are_rendered_and_said(report: dict[str, Any], folder: Path):
    assert report["error"] == "None"
    assert report["rendered"][:3] == [f"key picture {number} of 3" for number in (1, 2, 3)]
    assert "3 of 6 frames will be rendered." in report["notes"]
    shot = folder / "out/take_001/shot"
    assert sorted(path.name for path in shot.glob("key_*")) == ["key_0004.png", "key_0006.png"]
    assert len(list((folder / "out/take_001").glob("frame_*.png"))) == 6


def test_the_scene_is_as_it_was(report: dict[str, Any]):
    assert report["blur"] and report["frame"] == 1


def test_a_cancelled_render_leaves_no_take(report: dict[str, Any]):
    assert report["cancelled"].startswith("Cancelled")
    assert report["takes"] == ["take_001"]
