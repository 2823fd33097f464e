"""Time-to-Move on Wan image to video: two clocks, one for what is known and one for what is free."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from motion_bridge.engines.video.clip_inputs import ClipInputs
from motion_bridge.engines.video.pipelines.load import load
from motion_bridge.engines.video.pipelines.wan_time_to_move import known_cells, window
from motion_bridge.errors import BadInput


@pytest.fixture(scope="module")
def adapter(model_of):
    return load({"model": str(model_of("wan-i2v")), "device": "cpu", "lora": "", "refiner": ""})


def inputs_of(hole, **more):
    video = np.random.default_rng(2).integers(0, 256, (*hole.shape, 3), np.uint8)
    count, height, width = hole.shape
    told = ClipInputs(width, height, count, 16.0, "red", "", 3, 6, 3.5, 1.0, video[:1], video, hole)
    return replace(told, **more)


def silent(*_):
    pass


def test_with_all_known_down_to_no_noise_the_warped_pictures_come_back(adapter):
    inputs = inputs_of(np.zeros((9, 64, 96), bool), noise_free=1.0, noise_known=0.0)
    with torch.no_grad():
        made, signal = adapter.latents(inputs, silent), adapter.warped_latents(inputs)
    assert made.shape == signal.shape == (1, 16, 3, 8, 12)
    assert torch.equal(made, signal)


def test_only_what_is_known_comes_back_and_the_other_polarity_keeps_the_other_half(adapter):
    hole = np.zeros((9, 64, 96), bool)
    hole[:, :, 48:] = True
    inputs = inputs_of(hole, noise_free=1.0, noise_known=0.0)
    with torch.no_grad():
        made, signal = adapter.latents(inputs, silent), adapter.warped_latents(inputs)
        swapped = adapter.latents(replace(inputs, hole=~hole), silent)
    assert torch.equal(made[..., :6], signal[..., :6]) and not torch.allclose(made[..., 6:], signal[..., 6:], atol=0.1)
    assert torch.equal(swapped[..., 6:], signal[..., 6:])


def test_a_cell_is_known_when_all_its_pixels_in_all_its_frames_are():
    hole = np.zeros((9, 64, 96), bool)
    hole[0, 5, 5] = hole[6, 60, 90] = True
    known = known_cells(hole, 4, 8)
    assert known.shape == (3, 8, 12)
    assert {tuple(place) for place in np.argwhere(~known).tolist()} == {(0, 0, 0), (2, 7, 11)}


def test_the_clocks_begin_and_end_at_the_levels_that_are_nearest():
    levels = [1.0, 0.99, 0.98, 0.96, 0.9, 0.5, 0.0]
    assert window(levels, 0.986, 0.964) == (1, 3) or window(levels, 0.986, 0.964) == (2, 3)
    assert window(levels, 1.0, 0.0) == (0, 6)
    assert window(levels, 0.5, 0.5) == (5, 5)
    with pytest.raises(BadInput, match="lower noise_known"):
        window(levels, 0.9, 0.95)


def test_steps_before_the_first_clock_are_not_run(adapter):
    told = []
    inputs = inputs_of(np.ones((5, 64, 96), bool), noise_free=0.5, noise_known=0.5)
    with torch.no_grad():
        made = adapter.call(inputs, "warp", lambda *step: told.append(step))
    assert made.shape == (5, 64, 96, 3) and np.isfinite(made).all()
    steps = [step[1] for step in told if step[0] == "Denoising"]
    assert steps[-1] == 6 and 1 < steps[0] < 6 and steps == list(range(steps[0], 7))


def test_a_shot_becomes_frames(render, model_of, short_film):
    made = render(short_film.shot, model=str(model_of("wan-i2v")), length=5, steps=4)
    assert sorted(made.frames) == list(range(10))
    assert any("the last frame begins the next one" in sentence for sentence in made.notices)


def test_a_control_that_the_model_does_not_take_is_refused_by_name(render, model_of, short_film):
    with pytest.raises(BadInput, match=r"not told the scene's camera; it takes warp\. For camera choose SANA-WM"):
        render(short_film.shot, model=str(model_of("wan-i2v")), control="camera")
