"""The engine: exactly the Shot's frames, the same bytes however often it was interrupted, changes at borders."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_motionstream as tiny
import torch
from disk import Disk, made_and_told
from motion_bridge import shot as shots
from motion_bridge.engines import base as engines
from motion_bridge.engines import runner as jobs
from motion_bridge.engines.base import frames_alone
from motion_bridge.engines.motionstream.checkpoints import load as models
from motion_bridge.engines.motionstream.engine import engine
from motion_bridge.errors import BackendFailed, BadInput, Cancelled
from motion_bridge.ipc.events import FrameMade, Notice
from motion_bridge.shot import Tracks


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.set_num_threads(1)
    return str(tiny.save(tmp_path_factory.mktemp("model")))


@pytest.fixture
def shot(folder):
    def make(settings=None, **more):
        return tiny.shot(settings={"model": folder, "device": "cpu", **(settings or {})}, **more)

    return make


def run(shot, made=(), changes: Callable[[], list] = list):
    return list(frames_alone(engine.frames(shot, Disk(made), changes)))


def run_and_listen(shot, changes: Callable[[], list] = list):
    """The frames, and each notice with the frame that it comes before."""
    return made_and_told(engine.frames(shot, Disk(), changes))


def at_border(number, *fields):
    """`changes` that brings something just before the chunk of that number is begun."""
    asked = iter(range(10**6))
    return lambda: list(fields) if next(asked) == number else []


def same(made, other):
    return [frame.index for frame in made] == [frame.index for frame in other] and all(
        np.array_equal(one.pixels, two.pixels) and one.notes == two.notes for one, two in zip(made, other, strict=True)
    )


def test_the_engine_is_there_by_name_and_can_be_asked_about_without_torch():
    assert engines.find("motionstream") is engine
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from motion_bridge.engines.motionstream.engine import engine\n"
        "print(engine.needs(engine.defaults), engine.defaults['model'])"
    )
    backend = Path(engines.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=backend, capture_output=True, text=True, check=True)
    assert "sketch" in done.stdout


@pytest.mark.parametrize("frames", [1, 2, 9, 10, 21, 30])
def test_exactly_the_shots_frames_are_made_whatever_the_chunk_size(shot, frames):
    made = run(shot(frames=frames))
    assert [frame.index for frame in made] == list(range(frames))
    assert all(frame.pixels.shape == (40, 48, 3) and frame.pixels.dtype == np.uint8 for frame in made)


def test_a_shorter_shot_is_the_beginning_of_a_longer_one(shot):
    long, short = run(shot(frames=30)), run(shot(frames=14))
    assert all(np.array_equal(one.pixels, two.pixels) for one, two in zip(short[:9], long, strict=False))
    # within its last chunk a shorter shot goes on as it last moved, which here is what the longer one does too
    assert max(np.abs(one.pixels.astype(int) - two.pixels).max() for one, two in zip(short, long, strict=False)) <= 2


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(shot):
    made = run(shot(frames=12))
    assert same(made, run(shot(frames=12)))
    assert not np.array_equal(made[3].pixels, run(shot(frames=12, seed=6))[3].pixels)


@pytest.mark.slow
@pytest.mark.parametrize("stop", [1, 8, 9, 15, 21, 29])
def test_a_job_interrupted_anywhere_continues_byte_for_byte(shot, stop):
    whole = run(shot())
    assert same(run(shot(), whole[:stop]), whole[stop:])


def test_a_hole_in_the_middle_is_filled_with_what_was_there(shot):
    whole = run(shot())
    assert same(run(shot(), [frame for frame in whole if frame.index not in (4, 12)]), [whole[4], whole[12]])


CHANGES = [
    {"tracks": [{"track": 4, "do": "grab", "at": [20, 20]}, {"track": 4, "do": "drag", "to": [44, 4]}]},
    {"prompts": {"22": "green star"}},
    {"settings": {"refresh_sink": True}},
    {"tracks": [{"do": "add", "at": [20, 20], "from": [30, 10]}, {"track": 9, "do": "drag", "to": [44, 4]}]},
]


def test_an_interrupted_job_remembers_what_was_changed_while_it_ran(shot):
    whole = run(shot(), changes=at_border(1, *CHANGES))
    assert whole[9].notes["changes"] == CHANGES and whole[21].notes["changes"] == []
    for stop in (10, 20, 25):
        assert same(run(shot(), whole[:stop]), whole[stop:])


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_shows_in_the_next_chunk_and_not_before(shot, change):
    quiet, changed = run(shot()), run(shot(), changes=at_border(2, change))
    assert all(np.array_equal(quiet[k].pixels, changed[k].pixels) for k in range(21))
    assert not np.array_equal(quiet[21].pixels, changed[21].pixels)


def test_what_arrives_late_is_done_at_the_next_border_and_said(shot):
    path = {"track": 0, "do": "plan", "from": 3, "xy": [[k, 20] for k in range(20)], "visible": [True] * 20}
    made, told = run_and_listen(shot(), at_border(1, {"prompts": {"3": "green star"}, "tracks": [path]}))
    assert [each for each in told if "came late" in each[0]] == [
        ("The prompt for frame 3 came late; it holds from frame 10 on.", 9),
        ("The new path of track 0 came late; it is followed from frame 10 on.", 9),
    ]
    assert made[9].notes["prompt"] == "green star" and not any("said" in frame.notes for frame in made)
    planned = {**path, "from": 10, "xy": path["xy"][7:], "visible": []}
    in_time, told = run_and_listen(shot(), at_border(1, {"tracks": [planned]}))
    assert not any("late" in sentence for sentence, _ in told)
    quiet = run(shot())
    assert not np.array_equal(quiet[9].pixels, in_time[9].pixels)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"tracks": [{"track": 99, "do": "grab", "at": [1, 1]}]}, "There is no track 99; this shot has 9"),
        ({"tracks": [{"track": 1, "do": "drag", "to": [1, 1]}]}, "Track 1 is not held; grab it first"),
        ({"tracks": [{"track": 1, "do": "pin", "at": [float("nan"), 1]}]}, "a place that is not a number"),
        ({"tracks": [{"track": 1, "do": "pin", "at": [1]}]}, "two numbers, x and y"),
        ({"tracks": [{"track": 1, "do": "throw", "at": [1, 1]}]}, "'throw' cannot be done to a track"),
        ({"tracks": [{"track": 99, "do": "remove"}]}, "There is no track 99"),
        ({"tracks": [{"do": "add", "at": [1]}]}, "two numbers, x and y"),
        ({"tracks": [{"track": 1, "do": "plan", "from": 8, "xy": [[1, 1]] * 12}]}, "this shot has 3 frames"),
        ({"tracks": [{"track": 1, "do": "plan", "from": 8, "xy": [[1, 1]], "visible": [1, 0]}]}, "2 visibilities"),
        ({"tracks": [{"track": 1, "do": "plan", "from": 77, "xy": [[1, 1]]}]}, "frame 77, which this shot does not"),
        ({"tracks": 3}, "A change of tracks was left out"),
        ({"prompts": {"soon": "x"}}, "A change of prompts was left out"),
        ({"settings": {"chunk": 1}}, "chunk cannot be changed while the job runs"),
    ],
)
def test_a_change_that_cannot_be_carried_out_is_said_and_the_job_goes_on(shot, change, says):
    made, told = run_and_listen(shot(frames=10), at_border(1, change))
    assert len(made) == 10
    (sentence,) = [sentence for sentence, at in told if at == 9]
    assert says in sentence


def test_a_pause_holds_the_video_and_what_follows_is_as_if_there_had_been_none(shot):
    answers = [[], [{"settings": {"paused": True}}], [], [], [{"settings": {"paused": False}}]]
    made = run(shot(frames=21), changes=lambda: answers.pop(0) if answers else [])
    assert not answers, "the pause was not waited through"
    quiet = run(shot(frames=21))
    assert all(np.array_equal(one.pixels, two.pixels) for one, two in zip(made, quiet, strict=True))
    assert same(run(shot(frames=21), made[:12]), made[12:])


def test_a_job_can_be_cancelled_while_it_is_paused(shot):
    answers = [[], [{"settings": {"paused": True}}], []]

    def changes():
        if not answers:
            raise Cancelled("stop")
        return answers.pop(0)

    with pytest.raises(Cancelled):
        run(shot(frames=21), changes=changes)


def test_a_first_frame_of_another_size_is_fitted_and_said(shot):
    made, told = run_and_listen(shot(frames=1, width=200, height=90))
    assert made[0].pixels.shape == (90, 200, 3)
    assert "draws 32x32 pixels; the first frame of 200x90 is squeezed" in told[0][0] and told[0][1] == 0
    assert run_and_listen(shot(frames=1, width=32, height=32))[1] == []


def test_without_tracks_the_text_and_the_first_frame_are_followed_and_it_says_so(shot):
    plain = shot(frames=2)
    none = replace(plain, tracks=Tracks(np.zeros((0, 2, 2), np.float32), np.zeros((0, 2), bool), (), ()))
    made, told = run_and_listen(none)
    assert np.array_equal(run(replace(plain, tracks=None))[1].pixels, made[1].pixels)
    assert "has no tracks: the video follows text and first frame alone" in told[-1][0]
    hidden = replace(plain, tracks=replace(plain.tracks, visible=np.zeros((9, 2), bool)))
    blind, told = run_and_listen(hidden)
    assert "All 9 tracks are hidden in every frame" in told[-1][0]
    assert np.array_equal(made[1].pixels, blind[1].pixels)
    assert not np.array_equal(made[1].pixels, run(plain)[1].pixels)


def test_a_shot_without_tracks_can_be_given_one_while_it_runs(shot):
    silent = replace(shot(), tracks=None)
    added = {"tracks": [{"do": "add", "at": [20, 20], "from": [30, 10]}, {"track": 0, "do": "drag", "to": [44, 4]}]}
    quiet, (moved, told) = run(silent), run_and_listen(silent, at_border(1, added))
    assert ("Track 0 was added.", 9) in told
    assert all(np.array_equal(quiet[k].pixels, moved[k].pixels) for k in range(9))
    assert not np.array_equal(quiet[9].pixels, moved[9].pixels)


def test_tracks_outside_the_picture_count_as_hidden_and_are_said(shot):
    plain = shot(frames=12)
    xy = np.array(plain.tracks.xy)
    xy[2, 5:] += 500
    outside = replace(plain, tracks=replace(plain.tracks, xy=xy))
    hidden = replace(outside, tracks=replace(outside.tracks, visible=plain.tracks.visible & (xy[..., 0] < 48)))
    (made, told), expected = run_and_listen(outside), run(hidden)
    assert "1 of 9 tracks are marked visible outside the picture" in told[-1][0]
    assert all(np.array_equal(one.pixels, two.pixels) for one, two in zip(made, expected, strict=True))


def test_more_tracks_than_identities_are_refused(shot):
    count = 100_001
    many = Tracks(np.ones((count, 1, 2), np.float32), np.ones((count, 1), bool), ("a",) * count, ("grid",) * count)
    with pytest.raises(BadInput, match="100001 tracks are more than the 100000 identities"):
        run(replace(shot(frames=1), tracks=many))


def test_tracks_of_another_length_or_with_no_numbers_are_refused(shot):
    plain = shot(frames=4)
    longer = Tracks(np.zeros((9, 5, 2), np.float32), np.zeros((9, 5), bool), ("a",) * 9, ("grid",) * 9)
    with pytest.raises(BadInput, match="for 9 tracks and 4 frames"):
        run(replace(plain, tracks=longer))
    broken = np.array(plain.tracks.xy)
    broken[3, 2] = np.nan
    with pytest.raises(BadInput, match="Track 3 has a position at frame 2 that is not a number"):
        run(replace(plain, tracks=replace(plain.tracks, xy=broken)))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"model": "sora"}, "no video model 'sora'; choose one of sketch"),
        ({"decoder": "huge"}, "decoder is 'huge'; choose one of "),
        ({"decoder": "full"}, "no full decoder"),
        ({"steps": -1}, "steps is -1; it must be a whole number of at least 1, or 0 for automatic"),
        ({"sink": -2}, "sink is -2"),
        ({"chunk": True}, "chunk is True"),
        ({"device": "meadow"}, "device is 'meadow'; choose one of "),
        ({"speed": 1}, "Unknown setting 'speed'"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_made(shot, settings, says):
    with pytest.raises(BadInput, match=says):
        run(shot(settings))


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"steps": 1}, {"chunk": 1}, {"chunk": 2, "sink": 0}, {"window": 3}, {"sink": 0}])
def test_steps_chunk_sink_and_window_can_be_chosen(shot, settings):
    made = run(shot(settings, frames=34))
    assert len(made) == 34
    assert not np.array_equal(made[-1].pixels, run(shot(frames=34))[-1].pixels)


def test_values_that_are_no_numbers_fail_with_the_frames_number(shot, folder, monkeypatch):
    real = models.load

    def broken(*arguments):
        loaded = real(*arguments)
        loaded.generator.student.proj_out.bias.data.fill_(float("nan"))
        return loaded

    monkeypatch.setattr(models, "load", broken)
    with pytest.raises(BackendFailed, match="Frame 1 failed: the model gave values that are no numbers"):
        run(shot())


def test_a_job_writes_its_frames_and_a_resumed_one_makes_only_what_is_missing(shot, tmp_path):
    shots.save(shot(frames=12), tmp_path / "shot")
    order = jobs.JobRequest(1, tmp_path / "shot", str(tmp_path / "take"), "motionstream", resume=False)
    list(jobs.run(order, list, lambda: False))
    names = [f"frame_{k + 1:04d}.png" for k in range(12)]
    before = {name: (tmp_path / "take" / name).read_bytes() for name in names}
    for name in names[5:]:
        (tmp_path / "take" / name).unlink()
    events = list(jobs.run(replace(order, resume=True), list, lambda: False))
    assert [event.index for event in events if isinstance(event, FrameMade)] == list(range(5, 12))
    assert {name: (tmp_path / "take" / name).read_bytes() for name in names} == before


def test_what_is_said_reaches_whoever_ordered_the_job(shot, tmp_path):
    shots.save(shot(frames=2), tmp_path / "shot")
    order = jobs.JobRequest(1, tmp_path / "shot", str(tmp_path / "take"), "motionstream", resume=False)
    said = [event.sentence for event in jobs.run(order, list, lambda: False) if isinstance(event, Notice)]
    assert len(said) == 1 and "squeezed" in said[0]


def test_the_sketch_is_the_default_lies_in_the_package_and_follows_the_tracks():
    """Points that drift to the right by half a pixel a frame: the picture goes with them, and stays without them."""
    assert engine.defaults["model"] == "sketch"
    files = [path for path in models.folder_of("sketch").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 40e6
    frames, side = 21, 64
    grid = np.stack(np.meshgrid(np.arange(2, side, 4), np.arange(2, side, 4)), -1).reshape(-1, 1, 2)
    drift = (grid + 0.5 * np.arange(frames)[None, :, None] * (1, 0)).astype(np.float32)
    blocks = np.random.default_rng(2).integers(40, 215, (8, 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)

    def made(xy):
        inside = ((xy >= 0) & (xy < side)).all(axis=-1)
        tracks = Tracks(xy, inside, ("a",) * len(xy), ("grid",) * len(xy))
        shot = tiny.shot(frames, side, side, settings={"device": "cpu"}, first_frame=blocks, tracks=tracks)
        return run(shot)[-1].pixels.astype(float)

    moved, still = made(drift), made(np.broadcast_to(drift[:, :1], drift.shape).copy())
    expected = np.roll(blocks, 10, axis=1).astype(float)[:, 12:]
    assert np.abs(moved[:, 12:] - expected).mean() < 0.7 * np.abs(still[:, 12:] - expected).mean()
    assert np.abs(still - blocks).mean() < 0.7 * np.abs(moved - blocks).mean()
