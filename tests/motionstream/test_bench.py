"""The measurement of a stream runs, and its arithmetic is the paper's."""

import json
from types import SimpleNamespace

import pytest
from benchmarks.__main__ import main
from benchmarks.streaming import kernels
from benchmarks.streaming.roofline import work_of
from benchmarks.streaming.run import FULL, RANDOM


def test_the_arithmetic_of_a_chunk_is_known():
    """480x832, three latent frames, sink and window of one chunk each: 4,680 queries, 14,040 keys."""
    work = work_of(SimpleNamespace(**FULL), 4680, 14040, 512 + 257)
    assert work.products == pytest.approx(11.7e12, rel=0.01)
    assert work.attention == pytest.approx(12.1e12, rel=0.01)
    assert work.words == pytest.approx(0.66e12, rel=0.02)
    assert 12 * 989e12 / (4 * work.total) == pytest.approx(121, abs=1)


@pytest.mark.slow
def test_a_stream_is_measured_in_tiny_shapes_by_the_command_that_measures_full_ones(capsys):
    options = ["--model", "toy", "--chunks", "12", "--threads", "1", "--device", "cpu", "--json"]
    code = main(["motionstream", *options])
    found = json.loads(capsys.readouterr().out)
    assert found["p50"] <= found["p95"] <= found["largest"] and found["first_frame"] > 0
    assert set(found["memory"]) == {"10", "12"}
    assert {"tracks to channels", "one denoising step", "decoding"} < set(found["stages"])
    assert 0 < found["frames_a_second"] < found["limit_frames"]
    assert code in (0, 1)  # whether it was steady; a busy machine is not


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--chunks", "3"], "it takes 12 to have an early and a late part"),
        (["--model", "toy", "--size", "big"], "write it like 832x480"),
        (["--model", "toy", "--fp8"], "has no torchao"),
        (["--model", "toy", "--graphs"], "graphs need an NVIDIA card"),
        (["--model", "nowhere"], "no video model 'nowhere'"),
    ],
)
def test_what_cannot_be_measured_is_said(capsys, options, says):
    assert main(["motionstream", "--device", "cpu", *options]) == 2
    assert says in capsys.readouterr().err


def test_a_pass_puts_nothing_together_and_casts_little():
    """Counted at 1.3B without a card, in bfloat16; the first implementation had 63 concatenations."""
    shape, width, height, words = RANDOM["1.3b"]
    count = kernels.of_a_pass({**shape, "num_layers": 3}, width, height, words)
    whole = kernels.of_a_pass({**shape, "num_layers": 2}, width, height, words)
    each = count.total - whole.total  # of a layer
    assert count.concatenations == whole.concatenations  # of the time's sines and cosines, none of a layer
    assert 30 < each < 90 and count.casts - whole.casts <= 21
    assert count.kernels["attention"] == 6 and 0 < whole.moved < count.moved
