"""The Blender program with its window: frames arrive while it lives, Esc stops the job, Resume goes on.

BLENDER_WINDOW names a program that may open a window. Pictures of the screen go to MOTION_BRIDGE_SCREENSHOTS.
Times are told apart from the time that drawing takes, which by software is most of it.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from blender_program import HERE, REDRAWS, Blender, of_environment


@pytest.fixture(scope="module")
def report(blender: Blender, scene_file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What happened in the window."""
    folder = tmp_path_factory.mktemp("window")
    windowed = Blender(of_environment("BLENDER_WINDOW"), blender.user_folder)
    script = ("--enable-event-simulate", scene_file, "-P", HERE / "in_window.py", "--")
    _, output = windowed.run(*script, folder / "report.json", folder / "takes")
    assert (folder / "report.json").is_file(), output
    said = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert "fault" not in said, said.get("fault")
    print(json.dumps(said))
    return said


def test_frames_are_shown_while_the_job_runs(report: dict[str, Any]):
    assert report["seen_while_running"] < 400
    assert len(report["shown"]) >= 3, "the picture over the camera's view did not change"


def test_the_strip_grows_while_the_job_runs(report: dict[str, Any]):
    assert 0 < report["strip_while_running"] < 400


def test_the_window_stays_alive(report: dict[str, Any]):
    assert report["longest_silence"] < 1 + REDRAWS * report["redraw"]


def test_esc_stops_the_job_within_a_second_and_keeps_the_frames(report: dict[str, Any]):
    assert report["seconds_to_cancel"] < 1 + REDRAWS * report["redraw"]
    assert report["kept"] >= 5


def test_resume_goes_on_with_the_same_take(report: dict[str, Any]):
    assert report["takes"] == ["take_001"]
    assert report["kept_unchanged"]
    assert report["files"] >= report["kept"] + 5
    assert report["strip"] == report["files"]
