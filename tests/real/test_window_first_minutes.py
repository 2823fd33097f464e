"""The first five minutes: a fresh Blender, an unsaved file, the default cube, and few actions until a strip grows."""

import json
from typing import Any

import pytest
from blender_program import HERE, Blender, of_environment


@pytest.fixture(scope="module")
def report(blender: Blender, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What happened in the window."""
    folder = tmp_path_factory.mktemp("first_minutes")
    windowed = Blender(of_environment("BLENDER_WINDOW"), blender.user_folder)
    script = ("--enable-event-simulate", "-P", HERE / "first_minutes_in_window.py", "--", folder / "report.json")
    _, output = windowed.run(*script)
    assert (folder / "report.json").is_file(), output
    said = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert "fault" not in said, said.get("fault")
    print(json.dumps(said))
    return said


def test_what_is_in_the_way_is_said_before_render_and_is_a_click_away(report: dict[str, Any]):
    assert report["obstacle"].startswith("Takes go beside the file")
    assert report["obstacle_then"] == ""


def test_five_actions_lead_from_a_keyed_camera_to_frames(report: dict[str, Any]):
    assert report["error"] == "None"
    assert report["actions_to_frames"] <= 5, report["actions"]


def test_the_strip_is_seen_without_another_action_and_no_window_opens(report: dict[str, Any]):
    assert report["sequencers"] == 1 and report["elements"] == [5]
    assert report["windows"] == 1


def test_the_next_take_makes_no_second_sequencer(report: dict[str, Any]):
    assert report["sequencers_then"] == 1


def test_a_queue_goes_on_by_itself(report: dict[str, Any]):
    assert report["queue"] == [["DONE", "take_003"], ["DONE", "take_004"]]


def test_the_list_shows_the_take(report: dict[str, Any]):
    assert report["takes"] == ["take_001"]


def test_quitting_asks_nothing_about_our_pictures(report: dict[str, Any]):
    assert report["dirty_images"] == []


def test_the_panel_speaks_german_where_blender_does(report: dict[str, Any]):
    assert report["german"] == "Erstes Bild"
