"""`python -m benchmarks bridge`: it says what it measured and which targets were missed."""

import json
from dataclasses import replace

import pytest
from benchmarks.__main__ import main
from benchmarks.deforum import schedule_export_report as report
from benchmarks.deforum.schedule_export_run import Row

GOOD = Row("crane", 3.6, 3.3, 3.3, 3.3, 1.5, 0.2, 77.0, 30.0, 2.5, "3D", 30, 2.0)


def test_a_missed_target_is_named():
    assert report.misses([GOOD]) == ["the geometric mean 0.45 is above 0.30 of the peer"]
    worse = replace(GOOD, ours=2.0, guide=1.5)
    assert [line.split(" is above")[0] for line in report.misses([worse])[:2]] == [
        "crane: the schedules' 2.00",
        "crane: the guide's 1.50",
    ]


def test_without_opencv_the_guide_is_said_to_be_skipped():
    row = replace(GOOD, guide=None, guide_sum=None)
    assert report.table([row]).count("skipped") == 3
    assert not any("guide" in line for line in report.misses([row]))


@pytest.mark.slow
def test_the_command_measures_all_six_shots(capsys):
    code = main(["bridge", "--width", "104", "--height", "60", "--frames", "6", "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert [row["shot"] for row in printed["rows"]] == list(report.LIMITS)
    assert all(row["ours"] <= row["closed"] * 1.02 for row in printed["rows"])
    assert code == (1 if printed["missed"] else 0)
