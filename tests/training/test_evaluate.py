"""The evaluation tells a model that follows its tracks from one that does not, and the report is one command."""

import numpy as np
import pytest
import torch
from motion_bridge.engines.motionstream.checkpoints import load
from training.video import report
from training.video.evaluate import backward, carried, evaluate, latent_errors
from training.video.pack import pack
from training.video.rollout import Reach, forced, roll_out
from training.video.stages import load_codec, load_source, load_streamer, load_teacher, main

pytest.importorskip("cv2")
CLIPS = [0, 4]  # of two looks


@pytest.mark.slow
def test_the_true_clips_follow_their_tracks_and_a_still_one_does_not(folder):
    source, codec = load_source(folder), load_codec(folder)
    truth = source.batch(CLIPS, 9, torch.Generator(), complete=True).clean

    def cheat(batch, seed):
        return truth

    def stand_still(batch, seed):
        return truth[:, :, :1].expand_as(truth).clone()

    for tracker, true in evaluate(cheat, codec.decoder, source, CLIPS, 9).items():
        assert true.true < 0.5 * true.still and true.true == true.none == true.swapped, tracker
        assert true.counterfactual > 2 * true.true  # these clips know nothing of other tracks
        assert true.true < 2 * true.floor
        assert evaluate(stand_still, codec.decoder, source, CLIPS, 9)[tracker].true > 0.8 * true.still
        assert "carried alone" in true.sentence()


def test_features_carried_along_the_tracks_follow_them_without_any_network(folder):
    """The honest baseline of every model that propagates features: far better than a picture that stands still."""
    source, codec = load_source(folder), load_codec(folder)

    def carry(batch, seed):
        return batch.clean if batch.tracks[0] is None else carried(batch)

    found = evaluate(carry, codec.decoder, source, CLIPS, 9)
    assert set(found) == {"Lucas–Kanade", "DIS"}
    for one in found.values():
        assert one.true == one.carried < 0.7 * one.still
    true, swapped, none, still, alone = latent_errors(carry, source, CLIPS, 9)
    assert none == 0 < true == alone < 0.7 * still and alone < swapped


def test_counterfactual_tracks_go_the_other_way(folder):
    tracks = load_source(folder).tracks(0, slice(0, 33), torch.Generator())
    turned = backward(tracks)
    middle = (turned.points + tracks.points) / 2
    assert torch.allclose(middle, tracks.points[:, :1].expand_as(middle), atol=1e-6)
    outside = ((turned.points < 0) | (turned.points > 1)).any(-1)
    assert not turned.visible[outside].any() and torch.equal(turned.origin, tracks.origin)


@pytest.fixture
def streamer(folder, small, tmp_path):
    import shutil

    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    for stage in ("teacher", "causal"):
        main([stage, "--folder", str(tmp_path), "--steps", "1", "--threads", "1"])
    return load_streamer(tmp_path, load_teacher(tmp_path), "causal")


def test_what_a_chunk_is_given_to_look_back_at_is_what_it_would_have_made(streamer, folder, small):
    """Rolled out and forced passes are the same arithmetic: forced on a rolled-out clip, a chunk answers the same."""
    batch = load_source(folder).batch([0, 4], 9, torch.Generator().manual_seed(0))
    with torch.no_grad():
        made = roll_out(streamer, batch, small.levels, 0, torch.Generator().manual_seed(1), Reach())
        drawn = torch.Generator().manual_seed(1)
        noise = torch.cat([torch.randn(2, 16, 3, 16, 16, generator=drawn) for _ in range(3)], dim=2)
        velocity = forced(streamer, batch, noise, torch.ones(2, 3), made, Reach())
    assert torch.allclose(noise - velocity, made, atol=1e-4)


def test_only_the_last_step_of_a_roll_out_carries_the_gradient(streamer, folder, small):
    batch = load_source(folder).batch([0, 4], 6, torch.Generator().manual_seed(0))
    made = roll_out(streamer, batch, small.levels, 1, torch.Generator().manual_seed(1), Reach())
    made.square().sum().backward()
    reached = {name for name, tensor in streamer.named_parameters() if tensor.grad is not None}
    assert "student.proj_out.weight" in reached and not any(name.startswith("head.") for name in reached)


@pytest.mark.slow
@pytest.mark.usefixtures("streamer")
def test_the_report_has_a_row_for_each_way_to_run(small, tmp_path, monkeypatch, capsys):
    pack(tmp_path, tmp_path / "model", "causal")
    monkeypatch.setattr(report, "SHORT", 3)
    monkeypatch.setattr(report, "WHOLE", 6)
    monkeypatch.setattr(report, "LONG", 6)
    monkeypatch.setattr(report, "SKETCH", small)
    report.main(["--model", str(tmp_path / "model"), "--clips", "2", "--chunks", "12"])
    said = capsys.readouterr().out
    assert said.count("| student |") == 4 and "carried alone" in said  # by two trackers
    assert said.count("| sink ") == 3 and "12 chunks" in said
    assert load.load(str(tmp_path / "model")).generator.usage.sink == 1
    assert "nan" not in said.split("|---")[1]
    assert np.isfinite(float(said.split("student | 21 | DIS | ")[1].split(" ")[0]))
