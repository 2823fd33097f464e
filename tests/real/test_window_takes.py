"""Takes in the window: strips show the bytes of their files, in Sequencers that are opened later, too."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blender_program import HERE, Blender, of_environment


@pytest.fixture(scope="module")
def colors() -> np.ndarray:
    return np.random.default_rng(11).integers(0, 256, (72, 128, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def report(
    blender: Blender, scene_file: Path, colors: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What happened in the window."""
    from motion_bridge.media import png

    folder = tmp_path_factory.mktemp("takes")
    (folder / "colors.png").write_bytes(png.encode(colors))
    windowed = Blender(of_environment("BLENDER_WINDOW"), blender.user_folder)
    arguments = ("-P", HERE / "takes_in_window.py", "--", folder / "report.json", folder / "out", folder / "colors.png")
    _, output = windowed.run(scene_file, *arguments)
    assert (folder / "report.json").is_file(), output
    said = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert "fault" not in said, said.get("fault")
    return said


def test_while_the_first_frame_is_rendered_the_panel_counts_and_no_window_opens(report: dict[str, Any]):
    assert report["first_frame_error"] == "None"
    assert report["windows"] == 1
    assert any(done > 0 and total == 40 for _, done, total in report["counted"])
    assert report["counted"][-1][0] > report["counted"][0][0], "the seconds stood still"


def test_the_strip_marks_the_file_and_the_picture_does_not(report: dict[str, Any]):
    assert report["error"] == "None" and report["saved"]
    assert report["marked"]
    assert report["dirty_images"] == []


def test_a_sequencer_that_is_opened_later_shows_the_takes(report: dict[str, Any]):
    assert report["shown"] == report["takes_scene"]


def test_the_preview_shows_the_bytes_of_the_file(report: dict[str, Any], colors: np.ndarray):
    if not report["screen"]:
        pytest.skip("nothing here takes pictures of the screen (ImageMagick's import)")
    from motion_bridge.media import png

    screen = png.read(Path(report["screen"]))
    corner = colors[:24, :40]  # at a zoom of 1 the Sequencer may still leave out a column further on
    assert places_of(corner, screen), "the take is nowhere on the screen as its file has it"


def places_of(picture: np.ndarray, screen: np.ndarray) -> list[tuple[int, int]]:
    """Where a picture stands on the screen, pixel by pixel: rows and columns."""
    height, width, _ = picture.shape
    corners = np.argwhere((screen == picture[0, 0]).all(-1))
    return [
        (row, column)
        for row, column in corners.tolist()
        if np.array_equal(screen[row : row + height, column : column + width], picture)
    ]
