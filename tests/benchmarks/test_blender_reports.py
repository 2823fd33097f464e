"""What the measurements in Blender print: the number beside its target."""

import pytest
from benchmarks.blender import report


def test_a_long_shot_is_compared_with_the_shortest():
    few = {"frames": 100, "seconds": 2.0, "megabytes": 10.0}
    many = {"frames": 400, "seconds": 12.0, "megabytes": 13.0}
    slower, growth = report.growing([few, many])
    assert slower == pytest.approx(1.5) and growth == pytest.approx(3 * 2**20 / 300)
    text = report.long_shots("tracks: every format", [few, many])
    assert text.splitlines()[0] == "tracks: every format"
    assert "1.50 times as long" in text and "10486 bytes" in text


def test_the_camera_is_told_beside_its_target():
    found = {"frames": 20, "vertices": 1000, "blender": "5.0", "frame_set_s": 2.0, "ours_s": 0.02, "times": 100.0}
    text = report.camera({**found, "different": 3})
    assert "100 times as fast (at least 50)" in text and "3 of 340 (0)" in text
