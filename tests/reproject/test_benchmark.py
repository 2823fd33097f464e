"""The benchmark of reproject runs, and says what it measured."""

import json

from benchmarks.__main__ import main


def test_the_benchmark_measures_a_whole_job_and_its_parts(tmp_path, capsys):
    file = tmp_path / "numbers.json"
    arguments = ["reproject", "--size", "64x36", "--frames", "3", "--keys", "1", "2", "--json", str(file)]
    assert main(arguments) == 0
    assert "frames_per_second" in capsys.readouterr().out
    one, two = json.loads(file.read_text(encoding="utf-8"))
    assert (one["keys"], two["keys"]) == (1, 2) and one["triangles"] > 15_000
    assert all(row[name] > 0 for row in (one, two) for name in ("frames_per_second", "rasterize", "png_limit"))
