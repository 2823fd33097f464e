"""The benchmark of the preview runs anywhere, and says plainly when what it measured is not Klein."""

import re

import pytest
from benchmarks.__main__ import main


@pytest.mark.slow
def test_a_dry_run_says_that_it_is_one_and_measures_everything(capsys):
    assert main(["klein", "--shape", "small", "--frames", "2", "--size", "64", "--no-compile"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("A DRY RUN: no Klein on CUDA.")
    assert re.search(r"small, [\d.]+ million random weights in fp32 on cpu", said)
    for strength, evaluations in (("0.65", 2), ("0", 4)):
        assert f"kept {strength}: {evaluations} evaluations of the transformer a frame" in said
    for line in (r"2 frames in [\d.]+ s: [\d.]+ frames/s", r"peak memory: [\d.]+ GB", r"denoise +[\d.]+ ms +[\d.]+%"):
        assert len(re.findall(line, said)) == 2
    rates = [float(each) for each in re.findall(r"([\d.]+) frames/s at most", said)]
    assert len(rates) == 2 and min(rates) > 0
    assert "target" not in said


@pytest.mark.parametrize("asked", [["--frames", "1"], ["--size", "72"], ["--size", "32"]])
def test_what_cannot_be_measured_is_refused(asked, capsys):
    assert main(["klein", *asked]) == 2
    assert "--size a multiple of 16" in capsys.readouterr().err
