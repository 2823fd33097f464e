"""The ablations are one command that leaves a page with tables and a picture."""

import shutil

import pytest
from benchmarks.__main__ import main
from training.video import stages as command
from training.video.pack import pack

cv2 = pytest.importorskip("cv2")
SETTINGS = {
    "": ("the true clips", "carried alone", "a still picture", "the usual setting"),
    "Chunk": ("the usual setting", "chunk 1"),
    "Steps": ("the usual setting", "1 step", "2 steps", "4 steps", "6 steps"),
    "Sink": ("the usual setting", "sink 0"),
    "Window": ("the usual setting", "window 2", "window 4", "window 6"),
    "Conditioning": ("the usual setting", "propagation alone", "track head alone", "no tracks"),
    "Guidance": ("the usual setting", "teacher, none", "teacher, text", "teacher, motion", "teacher, joint"),
}


@pytest.fixture
def tiny_model(folder, small, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    for stage in ("teacher", "causal"):
        command.main([stage, "--folder", str(tmp_path), "--steps", "0", "--threads", "1"])
    pack(tmp_path, tmp_path / "model", "causal")
    return tmp_path / "model"


@pytest.mark.slow
def test_every_ablation_has_its_rows_and_the_page_its_picture(tiny_model, tmp_path, monkeypatch):
    from benchmarks.ablations import report, run  # OpenCV

    for module in (run, report):
        monkeypatch.setattr(module, "SHORT", 9)
        monkeypatch.setattr(module, "LONG", 21)
    monkeypatch.setattr(run, "LENGTHS", (9, 21))
    monkeypatch.setattr(run, "DRAWN", 33)
    monkeypatch.setattr(run, "TURNS", 1)
    monkeypatch.setattr(run, "SMALL", (64, 64))  # Wan's own autoencoder takes seconds to make
    page = tmp_path / "docs" / "ablations.md"
    options = ["--model", str(tiny_model), "--clips", "1", "--output", str(page.parent)]
    assert main(["ablations", *options]) == 0
    parts = page.read_text().split("\n## ")
    for part, (title, names) in zip(parts, SETTINGS.items(), strict=False):
        assert part.startswith(title)
        rows = [[each.strip() for each in line.split("|")[1:-1]] for line in part.splitlines() if line[:2] == "| "]
        assert [row[0] for row in rows[1:]] == list(names)
        told = [row for row in rows[1:] if not row[0].startswith("teacher")]
        assert all(float(value) >= 0 for row in told for value in row[1:9])
    usual = next(line for line in page.read_text().splitlines() if line.startswith("| the usual setting"))
    assert float(usual.split("|")[10]) > 0
    picture = cv2.imread(str(page.with_suffix(".png")))
    assert picture is not None and picture.shape[1] > 900


def test_only_a_sketch_with_its_teacher_can_be_measured(tiny_model, tmp_path, capsys):
    shutil.rmtree(tiny_model / "teacher")
    assert main(["ablations", "--model", str(tiny_model), "--output", str(tmp_path)]) == 2
    assert "not a sketch model with its teacher" in capsys.readouterr().err
