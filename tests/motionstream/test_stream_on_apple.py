"""Apple's GPUs: the stream uses nothing that torch lacks there."""

import pytest
import tiny_motionstream as tiny
import torch
from apple_gpu import LacksWhatAppleLacks
from disk import Disk
from motion_bridge.engines.motionstream.engine import engine
from motion_bridge.engines.motionstream.network.feature_propagation import propagate


@pytest.mark.slow
def test_a_tiny_stream_runs(tmp_path):
    torch.set_num_threads(1)
    folder = str(tiny.save(tmp_path / "model"))
    shot = tiny.shot(frames=12, settings={"model": folder, "device": "cpu"})
    with LacksWhatAppleLacks():
        made = list(engine.frames(shot, Disk(), list))
    assert len([each for each in made if hasattr(each, "pixels")]) == 12


def test_features_beyond_the_outermost_cells_are_theirs():
    latent = torch.arange(12.0).view(1, 3, 4)
    origin = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.5, 0.5]])
    points, visible = origin[:, None], torch.eye(3, dtype=torch.bool)[:, :, None]
    with LacksWhatAppleLacks():
        found = [propagate(latent, origin, points, seen)[0].max() for seen in visible]
    assert [float(each) for each in found] == pytest.approx([0.0, 11.0, 5.5], abs=1e-5)


def test_the_sketch_streams():
    torch.set_num_threads(1)
    with LacksWhatAppleLacks():
        made = list(engine.frames(tiny.shot(frames=9, settings={"model": "sketch", "device": "cpu"}), Disk(), list))
    assert len([each for each in made if hasattr(each, "pixels")]) == 9
