"""One place to look: the camera's view shows the frames as they arrive, exactly, and nothing else opens by itself.

Blender re-encodes what is drawn in the 3D View on its way to the screen, so pixels are read in the framebuffer.
"""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blender_program import HERE, Blender, of_environment

SIZE = (480, 832)
BORDER = 0.02  # of a pixel of the picture: where rounding decides which one is sampled
BUDGET = 0.008  # seconds of the main thread a tick, 95th percentile: four times the limit, for busy machines


@pytest.fixture(scope="module")
def colors() -> np.ndarray:
    return np.random.default_rng(14).integers(0, 256, (*SIZE, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("view")


@pytest.fixture(scope="module")
def report(blender: Blender, scene_file: Path, colors: np.ndarray, folder: Path) -> dict[str, Any]:
    """What happened in the window."""
    from motion_bridge.media import png

    (folder / "colors.png").write_bytes(png.encode(colors))
    windowed = Blender(of_environment("BLENDER_WINDOW"), blender.user_folder)
    simulated = "--enable-event-simulate"
    arguments = ("-P", HERE / "view_in_window.py", "--", folder / "report.json", folder / "out", folder / "colors.png")
    _, output = windowed.run(simulated, scene_file, *arguments)
    assert (folder / "report.json").is_file(), output
    said = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert "fault" not in said, said.get("fault")
    return said


def test_frames_stand_over_the_camera_view_and_nothing_else_opens(report: dict[str, Any]):
    assert report["error"] == "None"
    assert report["perspective"] == "CAMERA", "the view goes to the camera, where the frames are"
    assert report["windows"] == 1
    assert "IMAGE_EDITOR" not in report["editors"]
    assert not report["image_while_running"], "no file is read for an editor that is not open"


def test_the_framebuffer_holds_the_pixels_of_the_frame_under_agx(
    report: dict[str, Any], colors: np.ndarray, folder: Path
):
    shown, expected, certain = overlaid(report, folder, "whole", colors)
    wrong = np.abs(shown - expected)[certain]
    print(f"overlay: {certain.sum()} pixels compared, at most {wrong.max():.2f} levels off")
    assert certain.mean() > 0.5
    assert wrong.max() <= 1


def test_opacity_mixes_in_linear_light(report: dict[str, Any], colors: np.ndarray, folder: Path):
    shown, expected, certain = overlaid(report, folder, "half", colors)
    below, _, _ = overlaid(report, folder, "none", colors)
    mixed = encoded((linear(expected) + linear(below)) / 2)
    assert np.abs(shown - mixed)[certain].max() <= 2  # the view itself was rounded before


def test_the_wipe_shows_the_view_beyond_its_edge(report: dict[str, Any], colors: np.ndarray, folder: Path):
    shown, expected, certain = overlaid(report, folder, "wiped", colors)
    below, _, _ = overlaid(report, folder, "none", colors)
    middle = shown.shape[1] // 2
    assert np.abs(shown - expected)[:, : middle - 3][certain[:, : middle - 3]].max() <= 1
    np.testing.assert_array_equal(shown[:, middle + 3 :], below[:, middle + 3 :])


def test_two_takes_share_the_view_at_the_wipe(report: dict[str, Any], colors: np.ndarray, folder: Path):
    from motion_bridge.media import png

    other = png.read(folder / "out" / "take_001" / "frame_0040.png")
    assert report["compared_wipe"] == 0.5
    shown, left, certain = overlaid(report, folder, "compared", colors)
    _, right, _ = overlaid(report, folder, "compared", other)
    middle = shown.shape[1] // 2
    assert np.abs(shown - left)[:, : middle - 3][certain[:, : middle - 3]].max() <= 1
    assert np.abs(shown - right)[:, middle + 3 :][certain[:, middle + 3 :]].max() <= 1
    assert np.abs(left - right).max() > 50, "two pictures"


def test_a_view_that_does_not_look_through_the_camera_is_left_alone(report: dict[str, Any], folder: Path):
    elsewhere, whole = (np.load(folder / f"{name}.npy") for name in ("elsewhere", "whole"))
    colorful = [(np.ptp(np.rint(each[..., :3] * 255), axis=-1) > 100).mean() for each in (elsewhere, whole)]
    assert colorful[0] < 0.01 < colorful[1]


def test_the_main_thread_spends_two_milliseconds_at_most(report: dict[str, Any]):
    ticks, draws, _ = (times(report, name) for name in ("ticks", "draws", "arrivals"))
    assert len(report["arrivals"]) >= 3 and len(report["draws"]) >= 10
    assert np.median(report["arrivals"], axis=0)[0] <= BUDGET
    assert ticks + draws <= BUDGET


def times(report: dict[str, Any], name: str) -> float:
    """Seconds of the thread's computing, 95th percentile; by the clock they are longer on a busy machine."""
    computing, clock = np.percentile(report[name], 95, axis=0)
    print(f"{name}, 95th percentile of {len(report[name])}: {computing * 1e3:.2f} ms, {clock * 1e3:.2f} by the clock")
    return float(computing)


def test_the_status_bar_counts_and_is_blenders_again_at_the_end(report: dict[str, Any]):
    assert any(text.startswith("Generating, ") and text.endswith(" of 40") for text in report["status"])
    assert report["status_after"] == ""


def test_the_playhead_follows_in_both_scenes(report: dict[str, Any]):
    assert len(report["playheads"]) >= 2
    assert report["frame"] == report["takes_frame"] == 40


def test_afterwards_the_view_shows_the_take_at_the_playhead(report: dict[str, Any]):
    assert report["scrubbed"]


def test_blender_has_nothing_to_ask_about_our_picture(report: dict[str, Any]):
    assert report["dirty_images"] == []
    assert report["newest"].endswith("frame_0040.png")


def test_the_sequencer_opens_in_a_workspace_that_is_made_once(report: dict[str, Any]):
    assert report["opened"] == ["FINISHED"]
    assert report["workspaces_made"] == 1 and report["workspace"] == "Video Editing"
    assert report["sequencer_scene"] == report["takes_scene"]
    assert report["window_scene"], "the window keeps its scene"


def test_the_image_opens_in_an_image_editor_that_is_there(report: dict[str, Any]):
    assert not report["open_image_before"], "there is nothing to open yet"
    assert report["opened_image"] == ["FINISHED"]
    assert report["image_editors"] == [True]
    assert report["windows_in_the_end"] == 1


def test_a_point_is_grabbed_dragged_and_let_go_with_the_mouse(report: dict[str, Any]):
    kind, moved = report["grabbed"]
    assert kind == "live"
    np.testing.assert_allclose(moved, (40, 16), atol=1)
    assert report["released"] == "grid"


def test_what_the_engine_has_not_used_is_told_apart_and_the_header_says_how_far_it_is(report: dict[str, Any]):
    assert report["amber"] > 0
    header, status = report["header"]
    assert re.fullmatch(r"chunk \d+  ·  \d+ fps  ·  \d+\.\d s behind", header), header
    assert status.startswith("Live, ")


def test_shift_click_pins_and_double_click_adds_and_x_removes(report: dict[str, Any]):
    assert report["pinned"] == "pinned"
    assert report["added"][:2] == [1, "live"]
    np.testing.assert_allclose(report["added"][2], (0, 0), atol=1)
    assert report["removed"]
    assert report["keys"] == [
        "motion_bridge.add_point LEFTMOUSE DOUBLE_CLICK",
        "motion_bridge.grab_point LEFTMOUSE PRESS",
        "motion_bridge.pin_point LEFTMOUSE PRESS",
        "motion_bridge.remove_point X PRESS",
    ]


def test_a_click_that_hits_no_point_changes_nothing(report: dict[str, Any]):
    assert report["selected_after_a_miss"] == 1, "the camera, which was selected, is still"
    assert report["kinds_after_a_miss"]


def test_drawing_the_points_is_quick_and_nothing_is_left_afterwards(report: dict[str, Any]):
    assert times(report, "live_draws") <= BUDGET
    assert report["after_live"] == [True, "", ""]


def overlaid(
    report: dict[str, Any], folder: Path, name: str, picture: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Levels (h, w, 3) that a framebuffer shows within the camera's frame, and those that the picture gives there.

    Third: (h, w) which of them are certain, because no sample is so near a border that rounding decides. The picture
    is sampled at four places a quarter of a pixel of the screen around its middle, averaged in linear light.
    """
    buffer = np.rint(np.load(folder / f"{name}.npy")[..., :3] * 255)
    (left, top), (right, bottom) = report[f"{name}_corners"]
    columns = np.arange(max(int(np.ceil(left)), 0), min(int(right), buffer.shape[1]))
    rows = np.arange(max(int(np.ceil(bottom)), 0), min(int(top), buffer.shape[0]))[::-1]
    height, width, _ = picture.shape
    sum_, certain = 0.0, np.ones((len(rows), len(columns)), bool)
    for across in (-0.25, 0.25):
        for up in (-0.25, 0.25):
            x = (columns + 0.5 + across - left) / (right - left) * width
            y = (top - rows - 0.5 - up) / (top - bottom) * height
            near_x, near_y = (np.abs(each - np.rint(each)) < BORDER for each in (x, y))
            certain &= ~(near_x[None] | near_y[:, None])
            sum_ = sum_ + linear(picture[y.astype(int)[:, None], x.astype(int)[None]])
    return buffer[rows[:, None], columns[None]], encoded(sum_ / 4), certain


def linear(levels: np.ndarray) -> np.ndarray:
    """sRGB levels 0 … 255 to linear light 0 … 1 (IEC 61966-2-1)."""
    value = np.asarray(levels, float) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def encoded(light: np.ndarray) -> np.ndarray:
    """Linear light to sRGB levels, not rounded."""
    return 255 * np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)
