"""Exports, imports and the tracks' overlay in Blender's window: dialogs, Esc during a fit, what lands on disk.

BLENDER_WINDOW names a program that may open a window. Pictures of the screen go to MOTION_BRIDGE_SCREENSHOTS.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from blender_program import HERE, REDRAWS, Blender, of_environment

SMALL = ("0", "0", "960", "600")  # pixels: most of the time here is drawing by software


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exchange")


@pytest.fixture(scope="module")
def report(
    blender: Blender, scene_file: Path, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What happened in the window."""
    place = tmp_path_factory.mktemp("window")
    windowed = Blender(of_environment("BLENDER_WINDOW"), blender.user_folder)
    script = ("--enable-event-simulate", scene_file, "-P", HERE / "exchange_in_window.py", "--")
    _, output = windowed.run("--window-geometry", *SMALL, *script, place / "report.json", folder)
    assert (place / "report.json").is_file(), output
    said = json.loads((place / "report.json").read_text(encoding="utf-8"))
    assert "fault" not in said, said.get("fault")
    print(json.dumps(said))
    return said


def test_the_overlay_is_shown_through_the_camera(report: dict[str, Any]):
    assert report["followed"] == ["FINISHED"]
    assert report["show_tracks"] == ["RUNNING_MODAL"]
    assert report["in_camera_view"]


def test_every_export_of_the_dialog_lands_beside_what_belongs_to_it(report: dict[str, Any], folder: Path):
    assert report["files"] == ["guide.mp4", "guide_settings.txt", "motion.txt", "motion_error.svg"]
    assert (folder / "guide.mp4").read_bytes()[4:8] == b"ftyp"
    settings = json.loads((folder / "motion.txt").read_text(encoding="utf-8"))
    assert settings["max_frames"] == 12
    guided = json.loads((folder / "guide_settings.txt").read_text(encoding="utf-8"))
    assert guided["video_init_path"].endswith("guide.mp4")


def test_esc_stops_a_fit_within_a_second_and_leaves_nothing(report: dict[str, Any]):
    assert report["was_fitting"]
    assert report["seconds_to_stop"] < 1 + REDRAWS * report["redraw"]
    assert report["left_over"] == []


def test_the_schedules_come_back_as_a_camera(report: dict[str, Any]):
    assert report["imported_keys"] > 0
