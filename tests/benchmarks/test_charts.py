"""Pages show measurements as charts, and pictures as they are."""

import numpy as np
import pytest

pytest.importorskip("cv2")
pytest.importorskip("matplotlib")

from benchmarks.common import charts


def colors(picture):
    return {tuple(map(int, color)) for color in np.unique(picture.reshape(-1, 3), axis=0)}


def test_a_sheet_shows_each_picture_unchanged_under_its_head():
    rng = np.random.default_rng(1)
    rows = {name: rng.integers(0, 256, (3, 30, 30, 3), dtype=np.uint8) for name in ("true", "made here")}
    sheet = charts.contact_sheet(rows, ["first", "", "last"], side=30)
    assert sheet.shape == (charts.HEAD + 2 * 31, charts.LABEL + 3 * 31, 3) and sheet.dtype == np.uint8
    for row, pictures in enumerate(rows.values()):
        for column, picture in enumerate(pictures):
            top, left = charts.HEAD + 31 * row, charts.LABEL + 31 * column
            assert np.array_equal(sheet[top : top + 30, left : left + 30], picture)
    assert sheet[: charts.HEAD].min() < 128 and sheet[:, : charts.LABEL].min() < 128  # the heads and names


@pytest.mark.slow
def test_a_line_has_one_color_in_every_chart_and_in_the_legend():
    rising, falling = np.linspace(0, 1, 20), np.linspace(1, 0, 20)
    made = charts.line_charts({"both": {"up": rising, "down": falling}, "one": {"down": falling}})
    height, width = (side // 2 for side in made.shape[:2])
    both, one, legend = made[:height, :width], made[:height, width:], made[height:, :width]
    blue = (31, 119, 180)  # of the second line; the first is black, as text is
    assert all(blue in colors(part) for part in (both, one, legend))
    assert blue not in colors(made[height:, width:])


def test_what_stands_still_is_drawn_flat():
    made = charts.line_charts({"level": {"control": np.zeros(3), "still": np.full(3, 0.001)}}, columns=1)
    chart = made[: len(made) // 2]
    rows = np.flatnonzero((chart == (31, 119, 180)).all(-1).any(1))
    assert 1 <= len(rows) <= 3
