"""Drawn clips have exact tracks, and one first frame comes with several motions."""

import numpy as np
import pytest
import torch
from motion_bridge.errors import BadInput
from training.video.bank import read_bank, write_bank
from training.video.clips import MOTIONS, draw_look, draw_motion, drawn, render


def test_a_drawn_clips_points_keep_the_color_they_had():
    """Tracks are exact: what a visible point shows stays nearly the same, what hidden ones' places show does not."""
    shown, elsewhere = [], []
    for seed in range(6):
        make = torch.Generator().manual_seed(seed)
        look = draw_look(make)
        clip = render(look, draw_motion(len(look.texture), 9, make), 64, torch.rand(200, 2, generator=make))
        pixel = (clip.points * 64).long().clamp(0, 63)
        color = torch.stack([clip.frames[:, t, pixel[:, t, 1], pixel[:, t, 0]] for t in range(9)])  # (T, 3, N)
        off = (color - color[:1]).abs().mean(1).T  # (N, T)
        shown.append(off[clip.visible])
        elsewhere.append(off[~clip.visible])
    assert torch.cat(shown).median() < 0.1
    assert torch.cat(elsewhere).median() > 2 * torch.cat(shown).median()


def test_one_first_frame_comes_with_several_motions(tmp_path):
    bank = write_bank(tmp_path, drawn(9, 64, seed=3), 2 * MOTIONS)
    first = bank.frames[:, 0]
    assert np.array_equal(first[0], first[MOTIONS - 1]) and not np.array_equal(first[0], first[MOTIONS])
    assert not np.array_equal(bank.frames[0, 8], bank.frames[1, 8])
    assert list(bank.look) == [0] * MOTIONS + [1] * MOTIONS
    again = write_bank(tmp_path / "again", drawn(9, 64, seed=3), MOTIONS)
    assert np.array_equal(again.frames, bank.frames[:MOTIONS]) and np.array_equal(again.points, bank.points[:MOTIONS])


def test_a_motion_never_strays_far_however_long_it_is():
    motion = draw_motion(3, 2000, torch.Generator().manual_seed(0))
    assert motion.isfinite().all() and motion[0, :, :2, 2].abs().max() < 4
    assert torch.allclose(motion[:, 0], torch.eye(3).expand(3, 3, 3), atol=1e-6)


def test_a_bank_says_what_does_not_fit(tmp_path):
    with pytest.raises(BadInput, match="run the stage clips first"):
        read_bank(tmp_path)
    few = [clip for clip, _ in zip(drawn(9, 64, seed=0), range(2), strict=False)]
    with pytest.raises(BadInput, match="2 clips for a bank of 3"):
        write_bank(tmp_path, few, 3)
    longer = next(drawn(13, 64, seed=0))
    with pytest.raises(BadInput, match="Clip 2 has frames"):
        write_bank(tmp_path, [*few, longer], 3)
