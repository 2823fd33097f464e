"""The run for a graphics card climbs all its rungs in toy shapes on the processor, each with a line of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "gpu_run.py"
RUNGS = ["ceilings", "equality", "ladder", "stream", "klein", "sana-wm", "plans", "training"]


def climb(*options, cwd):
    done = subprocess.run([sys.executable, str(TOOL), *options], cwd=cwd, capture_output=True, text=True, timeout=1100)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.fixture(autouse=True)
def _needs_torch():
    pytest.importorskip("torch")
    pytest.importorskip("cv2")


@pytest.mark.slow
@pytest.mark.timeout(1200)  # two minutes of a processor that has nothing else to do
def test_every_rung_is_climbed_in_toy_shapes_and_leaves_a_line(tmp_path):
    code, lines, told = climb("--dry", "--output", "run.jsonl", "--folder", "state", cwd=tmp_path)
    by_name = {line["rung"]: line for line in lines}
    assert list(by_name) == RUNGS
    assert code == 0, [line for line in lines if "error" in line] or told
    assert [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()] == lines
    assert all(line["device"] == "cpu" and line["seconds"] > 0 for line in lines)
    assert by_name["equality"]["relative difference"]["best attention"] == 0
    assert by_name["ladder"]["steps"]["eager"]["pass, ms"] > 0
    assert by_name["stream"]["bf16"]["frames/s"] > 0 and by_name["plans"]["full decoder"]["peak, GiB"] > 0
    assert by_name["klein"]["64², 2 frames"]["frames/s"] > 0
    assert by_name["sana-wm"]["evaluation, ms"] > 0
    assert by_name["training"]["steps"]["follow"] == 2 and (tmp_path / "state" / "ids" / "follow" / "state.pt").exists()


def test_a_rung_that_takes_too_long_costs_itself_alone(tmp_path):
    code, lines, _ = climb("--dry", "--minutes", "0.001", "--only", "ceilings", "--only", "sana-wm", cwd=tmp_path)
    assert code == 1 and [line["rung"] for line in lines] == ["ceilings", "sana-wm"]
    assert all("no time was left" in line["error"] for line in lines)


def test_without_a_card_the_run_says_so(tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a card")
    code, (line,), _ = climb("--only", "ceilings", cwd=tmp_path)
    assert code == 1 and "there is no CUDA device here; --dry" in line["error"]
