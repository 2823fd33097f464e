"""The benchmark of the warp runs, and its two sides agree."""

from motion_bridge.bench import warp


def test_the_benchmark_shows_the_same_picture_on_both_sides(capsys):
    assert warp.main(["--size", "256", "--turns", "2"]) == 0
    said = capsys.readouterr().out
    assert "as the webui does it" in said and "times as fast" in said
