"""A live session at the backend: changes in, the next frames out; and what of them can be made again."""

import time
from dataclasses import replace

import numpy as np
import pytest
from backend_processes import REAL, a_shot, events_until, live_latencies
from hypothesis import given, settings
from hypothesis import strategies as st
from mesh_shots import CORNERS, FACES, shot_of
from motion_bridge import shot as shots
from motion_bridge.engines.changes import MOST_OBJECTS, checked
from motion_bridge.engines.runner import JobRequest, run
from motion_bridge.errors import Cancelled
from motion_bridge.geometry.live_motion import LiveMotion, between, of_notes
from motion_bridge.geometry.live_points import LivePoints
from motion_bridge.ipc.client import Failed, FrameMade, Started
from motion_bridge.ipc.events import Notice
from motion_bridge.shot import Camera, Tracks

WIDTH, HEIGHT = 64, 36
LENS = np.array([[60, 0, 32], [0, 60, 18], [0, 0, 1.0]])


def moved(x=0.0, y=0.0, z=0.0):
    pose = np.eye(4)
    pose[:3, 3] = x, y, z
    return pose


def turned(angle, axis=1):
    a, b = [at for at in range(3) if at != axis]
    pose = np.eye(4)
    pose[[a, a, b, b], [a, b, a, b]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
    return pose


def a_scene(folder, poses=None, ball=None):
    """A wall and a small box before it; camera poses and the box's, a frame each."""
    poses = [np.eye(4)] if poses is None else poses
    ball = [moved(z=5) @ np.diag([0.5, 0.5, 0.5, 1])] * len(poses) if ball is None else ball
    wall = [(CORNERS * (8, 8, 0.5), FACES, moved(z=9))] * len(poses)
    things = [("wall", (0.5, 0.5, 0.5), wall), ("box", (0.8, 0.2, 0.1), [(CORNERS, FACES, pose) for pose in ball])]
    picture = (
        np.random.default_rng(2).integers(0, 256, (HEIGHT // 4, WIDTH // 4, 3), np.uint8).repeat(4, 0).repeat(4, 1)
    )
    return shot_of(folder, things, poses, [LENS] * len(poses), WIDTH, HEIGHT, first=picture)


def tracked(shot, places, names=None):
    xy = np.array(places, np.float32)[:, None].repeat(len(shot.frames), 1)
    names, kinds = names or ("background",) * len(places), ("grid",) * len(places)
    return replace(shot, tracks=Tracks(xy, np.ones(xy.shape[:2], bool), names, kinds))


def told(pose, lens=LENS, **more):
    return {"camera": {"pose": pose.ravel().tolist(), "intrinsics": lens.ravel().tolist()}, **more}


def made(shot_folder, output, changes=None, frames=0, resume=False, engine="reproject"):
    """The events of a session: changes[k] is what is told before frame k is asked for."""
    waiting = iter(changes or [])
    request = JobRequest(1, shot_folder, str(output), engine, resume, frames)
    return list(run(request, lambda: next(waiting, []), lambda: False))


def frames_of(events):
    return [event for event in events if isinstance(event, FrameMade)]


@pytest.fixture
def scene_folder(tmp_path):
    folder = tmp_path / "shot"
    shots.save(replace(a_scene(folder), fps=1000.0), folder)
    return folder


def test_a_session_shows_what_a_shot_with_the_same_motion_shows(scene_folder, tmp_path):
    poses = [moved(0.05 * k) @ turned(0.01 * k) for k in range(6)]
    box = [moved(x=0.1 * k, z=5) @ np.diag([0.5, 0.5, 0.5, 1]) for k in range(6)]
    changes = [[], *([told(poses[k], objects={"box": box[k].ravel().tolist()})] for k in range(1, 6))]
    live = frames_of(made(scene_folder, tmp_path / "live", changes, 6))
    planned = tmp_path / "planned"
    shots.save(a_scene(planned, poses, box), planned)
    rendered = frames_of(made(planned, tmp_path / "rendered"))
    assert [frame.number for frame in live] == [1, 2, 3, 4, 5, 6]
    for one, other in zip(live, rendered, strict=True):
        apart = np.abs(one.pixels.astype(int) - other.pixels).max(axis=-1)
        assert (apart <= 1).mean() > 0.98, "only silhouettes of what stands still may differ"
    assert np.abs(live[5].pixels.astype(int) - live[0].pixels).mean() > 3
    for k in range(1, 6):
        np.testing.assert_allclose(of_notes(live[k].live).pose, poses[k], atol=1e-12)


def test_a_session_that_lost_frames_makes_them_again_byte_for_byte(scene_folder, tmp_path):
    changes = [[], *([told(moved(0.05 * k, 0.02 * k), sample=k)] for k in range(1, 8))]
    frames_of(made(scene_folder, tmp_path / "live", changes, 8))
    before = {path.name: path.read_bytes() for path in (tmp_path / "live").glob("frame_*.png")}
    for lost in ("frame_0004.png", "frame_0006.png"):
        (tmp_path / "live" / lost).unlink()
    events = made(scene_folder, tmp_path / "live", resume=True)
    assert Started(1, 8, 2) in events, "a session is as long as its last frame"
    assert {path.name: path.read_bytes() for path in (tmp_path / "live").glob("frame_*.png")} == before


def test_what_a_change_says_wrongly_is_left_out_and_said(scene_folder, tmp_path):
    wrong = [
        {"camera": {"pose": [0.0] * 16, "intrinsics": LENS.ravel().tolist()}},
        {"camera": 3},
        {"objects": {"box": [float("inf")] * 16}},
        {"objects": {"nobody": np.eye(4).ravel().tolist()}},
        {"objects": {str(k): np.eye(4).ravel().tolist() for k in range(MOST_OBJECTS + 1)}},
        {"sample": -1},
        {"unheard of": True},
    ]
    events = made(scene_folder, tmp_path / "live", [[], wrong], 3)
    sentences = [event.sentence for event in events if isinstance(event, Notice)]
    assert len(sentences) == 6 and "'nobody' is not in this shot" in " ".join(sentences)
    first, *others = frames_of(events)
    assert all(np.array_equal(first.pixels, other.pixels) for other in others), "nothing moved"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=17) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["camera", "objects", "sample", "tracks", "prompts", "settings"]), json_values))
def test_no_change_at_all_gets_past_the_check_as_nonsense(fields):
    kept, said = checked(fields)
    assert len(kept) + len(said) == len(fields)
    if "camera" in kept:
        assert np.isfinite(kept["camera"]["pose"]).all()


def test_half_way_between_two_poses_is_half_the_turn_and_half_the_way():
    for angle in (0.001, 1.0, np.pi):
        half = between(np.eye(4), moved(2) @ turned(angle), 0.5)
        quarter = turned(angle / 2)
        same = np.allclose(half[:3, :3], quarter[:3, :3], atol=1e-7)
        assert same or (angle == np.pi and np.allclose(half[:3, :3], quarter[:3, :3].T, atol=1e-7))
        np.testing.assert_allclose(half[:3, 3], (1, 0, 0))
    stretched = between(np.diag([1.0, 2, 1, 1]), turned(1.0, 2) @ np.diag([3.0, 2, 1, 1]), 0.5)
    np.testing.assert_allclose(np.linalg.norm(stretched[:3, :3], axis=0), (2, 2, 1), atol=1e-9)
    mirrored = np.diag([-1.0, 1, 1, 1])
    np.testing.assert_allclose(between(mirrored, moved(2) @ mirrored, 0.5)[:3, :3], mirrored[:3, :3], atol=1e-12)


def test_live_points_are_where_the_geometry_says(tmp_path):
    shot = tracked(a_scene(tmp_path / "shot"), [(32, 18), (4, 4), (60, 30)])
    points, motion = LivePoints(shot), LiveMotion(shot)
    box = moved(x=1.0, z=5) @ np.diag([0.5, 0.5, 0.5, 1])
    motion.take(told(moved(0.2), objects={"box": box.ravel().tolist()}))
    (moment,) = motion.advance(1)
    pixels, visible = points.with_visibility(moment)
    near, far = 5 - 0.5, 9 - 0.5  # the faces that the points lie on
    np.testing.assert_allclose(pixels[0], (32 + 60 * (1.0 - 0.2) / near, 18), atol=1e-4)
    np.testing.assert_allclose(pixels[1], (4 - 60 * 0.2 / far, 4), atol=1e-4)
    assert visible.tolist() == [True, True, True]
    motion.take({"objects": {"box": (moved(x=-2.8 * 4 / 8 + 0.2, z=4.0) @ np.diag([2.0, 2, 0.1, 1])).ravel().tolist()}})
    (moment,) = motion.advance(1)
    assert points.with_visibility(moment)[1].tolist() == [True, False, True], "the box hides what is behind it"


def test_ten_thousand_points_are_followed_in_a_few_milliseconds(tmp_path):
    places = np.stack(np.meshgrid(np.linspace(0.5, 63.5, 100), np.linspace(0.5, 35.5, 100)), -1).reshape(-1, 2)
    shot = tracked(a_scene(tmp_path / "shot"), places)
    points, motion = LivePoints(shot), LiveMotion(shot)
    motion.take(told(moved(0.2)))
    (moment,) = motion.advance(1)
    begun = time.thread_time()
    for _ in range(5):
        assert points.at(moment).shape == (10_000, 2)
    assert (time.thread_time() - begun) / 5 < 0.05


@pytest.mark.slow
def test_a_change_is_shown_one_chunk_after_it_was_sampled(start, scene_folder, tmp_path):
    """The real process, the reproject engine, ten frames a second: a frame is a chunk."""
    folder = tmp_path / "paced"
    shots.save(replace(shots.load(scene_folder), fps=10.0), folder)
    client = start((*REAL, "serve"))
    job = client.render(folder, tmp_path / "live", "reproject", False, live=1000)
    events_until(client, FrameMade)
    latencies, chunks = live_latencies(client, job, lambda sample: told(moved(0.0005 * sample)), 12)
    assert np.median(latencies) < np.median(chunks) + 0.3, "0.05 where the machine has time: docs/live.md"
    client.cancel(job)
    assert isinstance(events_until_end(client).error, Cancelled)
    assert (tmp_path / "live" / "frame_0005.png").is_file(), "what is finished stays"


@pytest.mark.slow
def test_an_engine_of_known_speed_shows_a_change_after_one_of_its_chunks(start, tmp_path):
    """It takes 0.15 s for a frame, and knows nothing of cameras: it has only said that it takes changes."""
    folder, client = tmp_path / "shot", start()
    shots.save(replace(a_shot(count=1, pause=0.15, at=-1), fps=1000.0), folder)
    job = client.render(folder, tmp_path / "live", "testing", False, live=1000)
    events_until(client, FrameMade)
    latencies, _ = live_latencies(client, job, lambda sample: {"prompts": {"1": "x" * (sample % 9)}}, 12)
    assert 0.15 < np.median(latencies) < 0.15 + 0.3
    client.cancel(job)


def events_until_end(client):
    client.unseen = [event for event in client.unseen if not isinstance(event, FrameMade)]
    end = time.monotonic() + 10
    while time.monotonic() < end:
        for event in client.poll():
            if isinstance(event, Failed):
                return event
        time.sleep(0.005)
    raise AssertionError("the session did not end")


@pytest.mark.slow
def test_a_paused_session_makes_nothing_until_it_goes_on(start, scene_folder, tmp_path):
    client = start((*REAL, "serve"))
    job = client.render(scene_folder, tmp_path / "live", "reproject", False, live=1000)
    events_until(client, FrameMade)
    client.change(job, {"settings": {"paused": True}})
    end, quiet = time.monotonic() + 10, time.monotonic()
    while time.monotonic() - quiet < 0.5:
        assert time.monotonic() < end, "it does not pause"
        if any(isinstance(event, FrameMade) for event in client.poll()):
            quiet = time.monotonic()
        time.sleep(0.005)
    client.change(job, {"settings": {"paused": False}})
    events_until(client, FrameMade)
    client.cancel(job)


def test_an_engine_that_takes_no_changes_cannot_be_directed(tmp_path):
    from motion_bridge.engines import base as engines
    from motion_bridge.errors import BadInput

    folder = tmp_path / "shot"
    shots.save(replace(a_shot(count=1), prompts={1: "a"}), folder)
    still = next(name for name, engine in engines.loadable().items() if not engine.accepts)
    with pytest.raises(BadInput, match=r"cannot be directed live|cannot run here|needs"):
        made(folder, tmp_path / "live", frames=5, engine=still)


def test_what_is_not_said_of_the_camera_stays(tmp_path):
    shot = a_scene(tmp_path / "shot")
    motion = LiveMotion(replace(shot, camera=Camera(*(vars(shot.camera)[name] for name in vars(shot.camera)))))
    motion.take({"sample": 4})
    (moment,) = motion.advance(1)
    np.testing.assert_array_equal(moment.pose, np.eye(4))
    assert moment.sample == 4 and of_notes(moment.notes()).sample == 4
