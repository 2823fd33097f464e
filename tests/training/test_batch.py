"""What training leaves out of what a model is told, and at which noise levels it compares."""

from dataclasses import replace

import pytest
import torch
from motion_bridge.engines.motionstream.network.conditioning import whole_clip
from motion_bridge.engines.motionstream.network.track_head import picture_frames
from motion_bridge.engines.motionstream.network.track_map import embed_ids
from training.video import dmd
from training.video.batch import NOTHING, USUAL, leave_out
from training.video.recipe import FULL, SKETCH
from training.video.teacher import disturbed


@pytest.fixture
def tracks():
    points = torch.rand(200, 1, 2, generator=torch.Generator().manual_seed(0)).expand(-1, 57, -1).contiguous()
    return whole_clip(points, torch.ones(200, 57, dtype=torch.bool), embed_ids(torch.arange(200)))


def test_whole_stretches_of_eight_frames_are_masked_each_with_its_own_chance(tracks):
    """Nothing cuts a latent frame in two, and the first frame is never masked."""
    chances, drawn, masked = replace(NOTHING, stretch=0.2), torch.Generator().manual_seed(1), []
    for _ in range(300):
        visible = leave_out(tracks, chances, drawn).visible
        assert visible[:, 0].all() and (visible == visible[:1]).all()
        by_latent = [visible[0, picture_frames(k, k + 1)] for k in range(15)]
        assert all(one.all() or not one.any() for one in by_latent)
        hidden = torch.tensor([not one.any() for one in by_latent[1:]]).view(-1, 2)
        assert (hidden[:, 0] == hidden[:, 1]).all()
        masked.append(hidden[:, 0].float())
    share = torch.stack(masked).mean(0)
    assert share.shape == (7,) and ((share > 0.12) & (share < 0.28)).all()


def test_nothing_is_left_out_where_everything_is_asked_for(tracks):
    told = leave_out(tracks, NOTHING, torch.Generator().manual_seed(0))
    assert told.visible.all() and len(told.points) == 200


def test_the_usual_batch_sometimes_has_no_tracks_and_sometimes_few(tracks):
    drawn = torch.Generator().manual_seed(2)
    counts = [
        0 if told is None else len(told.points) for told in (leave_out(tracks, USUAL, drawn) for _ in range(1500))
    ]
    none, few = counts.count(0) / 1500, sum(0 < count < 65 for count in counts) / 1500
    assert 0.12 < none < 0.18 and 0.29 < few < 0.39


def test_the_first_teacher_at_full_size_sees_whole_tracks_and_the_second_masked_ones():
    assert FULL.teacher.omissions.stretch == 0 and FULL.teacher2.omissions.stretch == 0.2
    assert (FULL.teacher.rate, FULL.teacher2.rate) == (1e-5, 1e-6)


def test_noise_levels_are_shifted_first_and_then_held_within_their_span():
    clean, drawn = torch.zeros(4, 1, 1, 1, 1), torch.Generator().manual_seed(0)
    time = torch.tensor([0.0, 0.001, 0.5, 1.0])
    sigma = disturbed(clean, time, FULL, drawn, dmd.SPAN)[1]
    assert sigma.tolist() == pytest.approx([0.02, 0.02, 6 * 0.5 / (1 + 5 * 0.5), 0.98])
    assert disturbed(clean, time, FULL, drawn)[1].tolist() == pytest.approx([0, 0.006 / 1.005, 6 / 7, 1])


def test_distribution_matching_is_set_up_as_the_reference_has_it(monkeypatch, tmp_path):
    seen = {}
    monkeypatch.setattr(dmd, "train", lambda *_, **given: seen.update(given))
    teacher = torch.nn.ModuleDict({"transformer": torch.nn.Linear(1, 1)})
    teacher.transformer = teacher["transformer"]
    dmd.train_dmd(tmp_path, SKETCH, torch.nn.Linear(1, 1), teacher, None, 1, 1.0)
    assert seen["betas"] == (0.0, 0.999) and seen["constant"] and SKETCH.every == FULL.every == 5
