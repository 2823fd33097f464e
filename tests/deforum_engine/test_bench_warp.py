"""The benchmark of the warp runs, and its two sides agree."""

from benchmarks.__main__ import main


def test_the_benchmark_shows_the_same_picture_on_both_sides(capsys):
    assert main(["warp", "--size", "256", "--rounds", "2", "--threads", "1"]) == 0
    said = capsys.readouterr().out
    assert "wall, ms" in said and "processor, ms" in said
