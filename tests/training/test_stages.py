"""Training stages run from one command each, and an interrupted run goes on as if nothing had happened."""

import json

import pytest
import torch
from motion_bridge.errors import BadInput
from motion_bridge.training import batch, codec, loop, teacher
from motion_bridge.training.__main__ import main
from motion_bridge.training.clips import draw_look, draw_motion, render
from safetensors.torch import load_file


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def test_a_run_that_breaks_off_goes_on_as_if_it_had_not(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_EVERY", 0.0)

    def run(folder, breaks_at=None):
        torch.manual_seed(0)
        model = torch.nn.Linear(8, 3)

        def loss(step, generator):
            if step == breaks_at:
                raise KeyboardInterrupt
            given = torch.randn(16, 8, generator=generator)
            return (model(given) - given[:, :3]).square().mean()

        return loop.train(folder, model, loss, steps=60, rate=1e-2)

    whole = run(tmp_path / "whole").state_dict()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts", breaks_at=23)
    again = run(tmp_path / "parts").state_dict()
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    lines = (tmp_path / "whole" / "log.jsonl").read_text().splitlines()
    losses = [json.loads(line)["loss"] for line in lines]
    assert losses[-1] < losses[0]


def test_a_stage_leaves_weights_that_the_next_one_finds(tmp_path, monkeypatch):
    monkeypatch.setattr(codec, "CLIPS", batch.MOTIONS)
    monkeypatch.setattr(teacher, "CLIPS", batch.MOTIONS)
    monkeypatch.setattr(teacher, "FRAMES", 13)
    for stage in ("codec", "teacher"):
        main([stage, "--folder", str(tmp_path), "--steps", "1", "--threads", "1"])
        assert load_file(tmp_path / f"{stage}.safetensors")


def test_a_stage_says_which_one_must_come_before_it(tmp_path):
    with pytest.raises(BadInput, match="run the stage codec first"):
        main(["teacher", "--folder", str(tmp_path), "--steps", "1"])


def test_a_drawn_clips_points_keep_the_colour_they_had():
    """Tracks are exact: what a visible point shows stays nearly the same, what hidden ones' places show does not."""
    shown, elsewhere = [], []
    for seed in range(6):
        make = torch.Generator().manual_seed(seed)
        look = draw_look(make)
        clip = render(look, draw_motion(len(look.texture), 9, make), 64, torch.rand(200, 2, generator=make))
        pixel = (clip.points * 64).long().clamp(0, 63)
        colour = torch.stack([clip.frames[:, t, pixel[:, t, 1], pixel[:, t, 0]] for t in range(9)])  # (T, 3, N)
        off = (colour - colour[:1]).abs().mean(1).T  # (N, T)
        shown.append(off[clip.visible])
        elsewhere.append(off[~clip.visible])
    assert torch.cat(shown).median() < 0.1
    assert torch.cat(elsewhere).median() > 2 * torch.cat(shown).median()


def test_one_first_frame_comes_with_several_motions():
    drawn = batch.draw_batch(8, 9, torch.Generator().manual_seed(0), complete=True)
    first = drawn.frames[:, :, 0]
    assert torch.equal(first[0], first[3]) and not torch.equal(first[3], first[4])
    assert not torch.equal(drawn.frames[0, :, 8], drawn.frames[3, :, 8])
