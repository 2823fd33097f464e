"""The weights that lie in the package give the same bytes, whichever way the frames are asked for."""

import subprocess
import sys
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import tiny_motionstream as tiny
import torch
from disk import Disk
from motion_bridge import shot as shots
from motion_bridge.engines.base import frames_alone
from motion_bridge.engines.motionstream.checkpoints import load
from motion_bridge.engines.motionstream.engine import engine
from motion_bridge.engines.motionstream.streaming import resize, track_inputs
from motion_bridge.engines.motionstream.streaming.session import Session
from motion_bridge.media import png

FRAMES = 33  # three chunks


@pytest.fixture(scope="module")
def shot():
    return tiny.shot(FRAMES, 64, 64, count=25, prompts={1: "red disc"}, settings={"device": "cpu"})


@pytest.fixture(scope="module")
def from_engine(shot):
    torch.set_num_threads(1)
    return np.stack([frame.pixels for frame in frames_alone(engine.frames(shot, Disk(), list))])


def streamed(shot):
    """The frames of a session, and the latents that its decoder was given."""
    loaded, latents = load.load("sketch"), []
    generator = loaded.generator

    def listening(clean, memory=None):
        latents.append(clean)
        return generator.decoder(clean, memory)

    tracks, _ = track_inputs.tracks_of(shot, generator.head.temporal_conv.in_channels, 12)
    picture = resize.squeezed(shot.first_frame, 64, 64)
    session = Session(
        replace(generator, decoder=listening),
        loaded.encode(picture),
        tracks,
        loaded.read(shot.prompts[1], None),
        shot.seed,
        finish=lambda pictures: resize.to_bytes(pictures, 64, 64),
    )
    return np.concatenate([chunk.pictures.numpy() for chunk in islice(session, 3)]), latents, generator.decoder


@pytest.mark.slow
def test_a_session_and_the_engine_give_the_same_bytes(shot, from_engine):
    assert np.array_equal(streamed(shot)[0], from_engine)


@pytest.mark.slow
def test_another_process_gives_the_same_bytes(shot, from_engine, tmp_path):
    shots.save(shot, tmp_path / "shot")
    order = ["render", str(tmp_path / "shot"), "--engine", "motionstream", "--output", str(tmp_path / "take")]
    code = "import sys, torch; torch.set_num_threads(1); from motion_bridge.cli.main import main; sys.exit(main())"
    subprocess.run([sys.executable, "-c", code, *order], check=True, timeout=120)
    made = [png.read(path) for path in sorted((tmp_path / "take").glob("frame_*.png"))]
    assert np.array_equal(np.stack(made), from_engine)


def test_decoding_chunk_by_chunk_and_at_once_give_the_same_pictures(shot, from_engine):
    _, latents, decoder = streamed(shot)
    with torch.no_grad():
        whole, _ = decoder(torch.cat(latents, dim=2), None)
    at_once = resize.to_bytes(whole[0], 64, 64).numpy().astype(int)
    apart = np.abs(at_once - from_engine)
    assert apart.max() <= 1 and (apart > 0).mean() < 1e-4  # sums of other lengths are rounded in another order
