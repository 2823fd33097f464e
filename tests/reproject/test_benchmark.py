"""The benchmark of reproject runs, and says what it measured."""

import json

import numpy as np
import pytest
from benchmarks.__main__ import main
from benchmarks.reproject import arcade
from motion_bridge import shot as shots
from motion_bridge.media import png


def test_the_benchmark_measures_a_whole_job_and_its_parts(tmp_path, capsys):
    file = tmp_path / "numbers.json"
    arguments = ["reproject", "--size", "64x36", "--frames", "3", "--keys", "1", "2", "--json", str(file)]
    assert main(arguments) == 0
    assert "frames_per_second" in capsys.readouterr().out
    one, two = json.loads(file.read_text(encoding="utf-8"))
    assert (one["keys"], two["keys"]) == (1, 2) and one["triangles"] > 15_000
    assert all(row[name] > 0 for row in (one, two) for name in ("frames_per_second", "rasterize", "png_limit"))


@pytest.mark.slow
def test_the_curve_over_key_pictures_is_a_page_with_its_picture(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    shot = arcade.make(tmp_path / "shot", 64, 36, 8)
    shots.save(shot, tmp_path / "shot")
    rendered = tmp_path / "rendered"
    rendered.mkdir()
    ramp = np.indices((36, 64)).sum(0).astype(np.uint8)
    for number in shot.frames:
        (rendered / f"frame_{number:04d}.png").write_bytes(png.encode(np.repeat(ramp[..., None] + number, 3, -1)))
    file = tmp_path / "numbers.json"
    arguments = ["keys", str(tmp_path / "shot"), str(rendered), "--most", "3", "--output", str(tmp_path)]
    assert main([*arguments, "--json", str(file)]) == 0
    rows = json.loads(file.read_text(encoding="utf-8"))
    assert "automatic" in capsys.readouterr().out and [row["automatic"] for row in rows].count(True) == 1
    assert [len(row["keys"]) for row in rows] == sorted(len(row["keys"]) for row in rows)
    assert rows[0]["psnr"] < 60 and rows[0]["frames"][0] is None and len(rows[0]["frames"]) == 8
    page = (tmp_path / "key-pictures.md").read_text(encoding="utf-8")
    assert page.count("| 1 |") == 1 and (tmp_path / "key-pictures.png").stat().st_size > 1000
    (rendered / "frame_0003.png").unlink()
    assert main(arguments) == 2 and "frame_0003.png" in capsys.readouterr().err
