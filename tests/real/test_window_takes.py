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
    seconds = [each[0] for each in report["counted"]]
    assert seconds == sorted(seconds) and seconds[-1] > 0, "the seconds stood still"


def test_the_strip_marks_the_file_and_the_picture_does_not(report: dict[str, Any]):
    assert report["error"] == "None" and report["saved"]
    assert report["marked"]
    assert report["dirty_images"] == []


def test_a_sequencer_that_is_opened_later_shows_the_takes(report: dict[str, Any]):
    assert report["shown"] == report["takes_scene"]


def test_the_preview_shows_the_bytes_of_the_file(report: dict[str, Any], colors: np.ndarray):
    assert_shown(report["screen"], colors)


def test_the_image_editor_shows_the_bytes_of_the_newest_file(report: dict[str, Any]):
    from motion_bridge.media import png

    assert report["newest"].endswith("frame_0002.png")
    assert_shown(report["image_screen"], png.read(Path(report["newest"])))


def assert_shown(screenshot: str | None, picture: np.ndarray) -> None:
    """A screenshot shows every pixel of a picture, each of them exactly."""
    if not screenshot:
        pytest.skip("nothing here takes pictures of the screen (ImageMagick's import)")
    from motion_bridge.media import png

    screen = png.read(Path(screenshot))
    height, width, _ = picture.shape
    found = [place for corner in corners_of(picture, screen) if (place := shown_at(picture, screen, *corner))]
    assert found, "the picture is nowhere on the screen"
    (rows, row), (columns, column) = found[0]
    shown = screen[row : row + len(rows), column : column + len(columns)]
    wrong = int(np.abs(shown.astype(int) - picture[rows][:, columns]).max())
    print(f"screen: {len(set(rows))} rows and {len(set(columns))} columns of the file, at most {wrong} levels off")
    assert wrong == 0
    assert set(rows) == set(range(height)) and set(columns) == set(range(width)), "a part of the file is not shown"


def corners_of(picture: np.ndarray, screen: np.ndarray) -> list[list[int]]:
    """Where the picture's first pixel may stand on the screen, its first row and column in a line with it."""
    same = (screen == picture[0, 0]).all(-1)
    first = same & ~np.pad(same, ((1, 0), (0, 0)))[:-1] & ~np.pad(same, ((0, 0), (1, 0)))[:, :-1]
    return np.argwhere(first).tolist()


def shown_at(
    picture: np.ndarray, screen: np.ndarray, row: int, column: int
) -> tuple[tuple[list[int], int], tuple[list[int], int]] | None:
    """The rows and columns of the picture that the screen shows from a corner on; None where it does not show it."""
    columns = followed(picture[0], screen[row, column:])
    rows = followed(picture[:, 0], screen[row:, column])
    return ((rows, row), (columns, column)) if len(rows) >= len(picture) and len(columns) >= len(picture[0]) else None


def followed(line: np.ndarray, shown: np.ndarray) -> list[int]:
    """Which pixel of a line each shown one is, as long as they come in order; a zoom shows some of them again."""
    found, at = [], 0
    for pixel in shown:
        if at + 1 < len(line) and np.array_equal(pixel, line[at + 1]):
            at += 1
        elif not np.array_equal(pixel, line[at]):
            break
        found.append(at)
    return found
