"""A live session of the engine: tracks go with the moved camera, hands keep what they hold, resumed bytes agree."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_motionstream as tiny
import torch
from backend_processes import REAL, Watched, events_until, live_latencies
from disk import Disk
from mesh_shots import CORNERS, FACES, shot_of
from motion_bridge import shot as shots
from motion_bridge.engines.base import frames_alone
from motion_bridge.engines.motionstream.engine import engine
from motion_bridge.engines.motionstream.streaming.following import Following
from motion_bridge.engines.motionstream.streaming.live_tracks import LiveTracks
from motion_bridge.geometry.live_motion import of_notes
from motion_bridge.ipc.events import FrameMade
from motion_bridge.shot import Tracks

WIDTH, HEIGHT = 48, 40
LENS = np.array([[40.0, 0, 24], [0, 40, 20], [0, 0, 1]])


def moved(x=0.0, z=0.0):
    pose = np.eye(4)
    pose[0, 3], pose[2, 3] = x, z
    return pose


def told(x, sample):
    return {"sample": sample, "camera": {"pose": moved(x).ravel().tolist(), "intrinsics": LENS.ravel().tolist()}}


@pytest.fixture(scope="module")
def shot(tmp_path_factory):
    torch.set_num_threads(1)
    model = tiny.save(tmp_path_factory.mktemp("model"))
    wall = [("wall", (0.5, 0.5, 0.5), [(CORNERS * (9, 9, 0.5), FACES, moved(z=8.5))])]
    picture = np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    made = shot_of(tmp_path_factory.mktemp("shot"), wall, [np.eye(4)], [LENS], WIDTH, HEIGHT, first=picture)
    xy = np.array([(8, 8), (24, 20), (40, 30)], np.float32)[:, None]
    tracks = Tracks(xy, np.ones((3, 1), bool), ("wall",) * 3, ("grid", "live", "grid"))
    return replace(made, tracks=tracks, settings={"model": str(model), "device": "cpu"})


def session(shot, frames, told_before, made=()):
    """The frames of a session: told_before[n] is what is told before its chunk n."""
    asked = iter(range(10**6))
    return list(frames_alone(engine.live(shot, frames, Disk(made), lambda: told_before.get(next(asked), []))))


def test_a_moved_camera_arrives_with_the_last_frame_of_the_chunk(shot):
    frames = session(shot, 33, {1: [told(0.4, 7)]})
    assert [frame.index for frame in frames] == list(range(33)), "a session is as long as it is asked for"
    poses = [of_notes(frame.notes["live"]).pose[0, 3] for frame in frames]
    np.testing.assert_allclose(poses[:9], 0)
    np.testing.assert_allclose(poses[9:21], 0.4 * np.arange(1, 13) / 12)
    np.testing.assert_allclose(poses[21:], 0.4)
    assert [frame.notes["live"]["sample"] for frame in frames] == [-1] * 9 + [7] * 24


def test_points_are_told_to_the_model_where_the_camera_sees_them(shot):
    following = Following(shot)
    size = torch.tensor([WIDTH, HEIGHT], dtype=torch.float32)
    tracks = LiveTracks(torch.tensor(shot.tracks.xy) / size, torch.tensor(shot.tracks.visible), torch.zeros(3, 4))
    following.advance(slice(0, 9), tracks)
    following.take(told(0.4, 0))
    following.advance(slice(9, 21), tracks)
    tracks.grab(2, torch.tensor([0.5, 0.5]))
    seen = tracks.advance(slice(9, 21))
    x = seen.points[:, -1, 0] * WIDTH
    np.testing.assert_allclose(x[:2], (8 - 0.4 * 40 / 8, 24 - 0.4 * 40 / 8), atol=1e-3)
    assert float(x[2]) == pytest.approx(24), "what a hand holds stays with it"
    assert seen.visible.all()


def test_a_session_that_was_interrupted_makes_the_same_bytes_again(shot):
    before = {1: [told(0.4, 1)], 2: [told(0.2, 2), {"tracks": [{"track": 1, "do": "grab", "at": [10, 10]}]}]}
    whole = session(shot, 33, before)
    rest = session(shot, 33, {}, [frame for frame in whole if frame.index not in (12, 13, 30)])
    assert [frame.index for frame in rest] == [12, 13, 30]
    for frame in rest:
        assert np.array_equal(frame.pixels, whole[frame.index].pixels) and frame.notes == whole[frame.index].notes


def test_the_camera_changes_what_is_drawn(shot):
    still, gone = session(shot, 21, {}), session(shot, 21, {1: [told(0.8, 1)]})
    assert all(np.array_equal(still[k].pixels, gone[k].pixels) for k in range(9))
    assert any(not np.array_equal(still[k].pixels, gone[k].pixels) for k in range(9, 21))


@pytest.mark.slow
def test_the_sketch_shows_a_change_one_chunk_after_it_was_sampled(shot, tmp_path):
    """The real process and the model of the package; 12 frames a chunk, 24 a second."""
    shots.save(replace(shot, settings={}), tmp_path / "shot")
    client = Watched((*REAL, "serve"))
    try:
        job = client.render(tmp_path / "shot", tmp_path / "live", "motionstream", False, live=1000)
        events_until(client, FrameMade, 120)
        latencies, chunks = live_latencies(client, job, lambda sample: told(0.0005 * sample, sample), 4)
        assert np.median(latencies) < 1.5 * np.median(chunks) + 0.3
    finally:
        client.close()
        assert client.join(20)
