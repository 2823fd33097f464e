"""A stream is endless, constant in memory, deterministic, and obeys what changes between its chunks."""

import resource
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch
from motion_bridge.engines.motionstream.checkpoints import load
from motion_bridge.engines.motionstream.checkpoints.generator import Generator
from motion_bridge.engines.motionstream.checkpoints.inference_config import Usage
from motion_bridge.engines.motionstream.network.conditioning import FirstFrame
from motion_bridge.engines.motionstream.network.cuda_graphs import Graphs
from motion_bridge.engines.motionstream.network.sampler import sigmas
from motion_bridge.engines.motionstream.network.sketch_vae import Decoder
from motion_bridge.engines.motionstream.network.student import Student
from motion_bridge.engines.motionstream.network.track_head import TrackHead
from motion_bridge.engines.motionstream.network.track_map import embed_ids
from motion_bridge.engines.motionstream.streaming.live_tracks import LiveTracks
from motion_bridge.engines.motionstream.streaming.session import Session
from motion_bridge.engines.motionstream.streaming.sink_refresh import FAR, distance
from motion_bridge.engines.motionstream.streaming.stream import Direction, handed_out, stream
from motion_bridge.errors import BadInput
from training.video.clips import MOTIONS
from training.video.clips import drawn as drawn_clips

USAGE = Usage(32, 32, any_size=False, text="words", levels=tuple(sigmas(3)), carries=True)
SHAPE = dict(patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=24, in_channels=16, out_channels=4)


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    student = Student(**SHAPE, text_dim=16, freq_dim=32, ffn_dim=64, num_layers=2, rope_max_seq_len=64).eval()
    return Generator(student, TrackHead(64, 4), Decoder(4, width=24), USAGE)


def tracks(count=6, frames=40):
    make = torch.Generator().manual_seed(1)
    points = torch.rand(count, 1, 2, generator=make).expand(-1, frames, -1).clone()
    return LiveTracks(points, torch.ones(count, frames, dtype=torch.bool), embed_ids(torch.arange(count)))


def run(generator, chunks, before=lambda number, live: None, live=None):
    torch.manual_seed(5)
    live = live or tracks()
    first = FirstFrame(torch.randn(4, 8, 8), torch.zeros(4, 8, 8))
    text = generator.student.read_text(torch.zeros(1, 4, 16))
    numbers = iter(range(10**9))

    def direct(frames):
        before(next(numbers), live)
        return Direction(live.advance(frames), text)

    return list(islice(stream(generator, first, direct, seed=7), chunks))


def test_the_first_chunk_is_nine_frames_and_every_later_one_twelve(generator):
    made = run(generator, 4)
    assert [chunk.pictures.shape[1] for chunk in made] == [9, 12, 12, 12]
    assert [chunk.frames.start for chunk in made] == [0, 9, 21, 33]


def test_the_same_seed_gives_the_same_video(generator):
    for one, other in zip(run(generator, 4), run(generator, 4), strict=True):
        assert torch.equal(one.pictures, other.pictures)


def test_a_change_shows_in_the_next_chunk_and_not_before(generator):
    def grab_before_the_third(number, live):
        if number == 2:
            live.grab(0, torch.tensor([0.2, 0.2]))
            live.drag(0, torch.tensor([0.9, 0.9]))

    quiet, moved = run(generator, 3), run(generator, 3, grab_before_the_third)
    assert torch.equal(quiet[1].pictures, moved[1].pictures)
    assert not torch.equal(quiet[2].pictures, moved[2].pictures)


def test_a_dragged_point_arrives_with_the_chunks_last_frame_and_a_released_one_falls_silent():
    live = tracks()
    live.grab(2, torch.tensor([0.0, 0.5]))
    live.drag(2, torch.tensor([1.0, 0.5]))
    seen = live.advance(slice(9, 21))
    torch.testing.assert_close(seen.points[2, :, 0], torch.arange(1, 13) / 12)
    live.release(2)
    assert not live.advance(slice(21, 33)).visible[2].any()
    live.grab(2, torch.tensor([0.5, 0.5]))
    again = live.advance(slice(33, 45))
    assert again.visible[2].all() and torch.equal(again.identity, seen.identity)
    with pytest.raises(BadInput, match="no track 99"):
        live.pin(99, torch.zeros(2))


def test_past_the_plan_nothing_is_asked(generator):
    live = tracks(frames=10)
    assert live.advance(slice(0, 9)).visible.all()
    assert live.advance(slice(9, 21)).visible.sum(1).tolist() == [1] * 6


@pytest.mark.slow
def test_three_hundred_chunks_cost_no_more_memory_than_thirty(generator):
    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    live = tracks(frames=9)
    first = FirstFrame(torch.randn(4, 8, 8), torch.zeros(4, 8, 8))
    text = generator.student.read_text(torch.zeros(1, 4, 16))
    endless = stream(generator, first, lambda frames: Direction(live.advance(frames), text), seed=0)
    for _ in islice(endless, 30):
        pass
    early = resident()
    for _ in islice(endless, 270):
        pass
    assert resident() - early < 4 << 20


def session(generator, first=None, **more):
    torch.manual_seed(5)
    first = first or FirstFrame(torch.randn(4, 8, 8), torch.zeros(4, 8, 8))
    text = generator.student.read_text(torch.zeros(1, 4, 16))
    return Session(generator, first, tracks(), text, seed=7, **more)


def drawn(chunks, count):
    return [chunk.pictures for chunk in islice(chunks, count)]


def test_what_a_hand_does_between_two_chunks_is_in_the_very_next_one(generator):
    quiet, moved = drawn(session(generator), 4), []
    live = session(generator)
    moved += drawn(live, 2)
    live.tracks.grab(0, torch.tensor([0.2, 0.2]))
    live.tracks.drag(0, torch.tensor([0.9, 0.9]))
    live.tracks.pin(3, torch.tensor([0.5, 0.5]))
    moved += drawn(live, 1)
    live.tracks.release(0)
    live.say(generator.student.read_text(torch.ones(1, 4, 16)))
    moved += drawn(live, 1)
    same = [torch.equal(one, other) for one, other in zip(quiet, moved, strict=True)]
    assert same == [True, True, False, False]


def test_a_pause_is_not_to_ask_and_changes_made_in_it_are_taken_up(generator):
    paused, straight = session(generator), session(generator)
    first = drawn(paused, 2)
    drawn(session(generator), 3)  # another stream runs meanwhile
    paused.tracks.grab(1, torch.tensor([0.1, 0.1]))
    rest = drawn(paused, 2)
    expected = drawn(straight, 2)
    straight.tracks.grab(1, torch.tensor([0.1, 0.1]))
    expected += drawn(straight, 2)
    assert all(torch.equal(one, other) for one, other in zip([*first, *rest], expected, strict=True))


def test_a_chunk_is_handed_out_when_the_next_one_is_begun_and_none_is_lost():
    begun = []

    def chunks():
        for number in range(4):
            begun.append(number)
            yield number

    assert [(number, len(begun)) for number in handed_out(chunks(), overlapping=True)] == [
        (0, 2),
        (1, 3),
        (2, 4),
        (3, 4),
    ]
    begun.clear()
    assert [(number, len(begun)) for number in handed_out(chunks(), overlapping=False)] == [
        (n, n + 1) for n in range(4)
    ]


def test_pictures_leave_the_stream_as_they_are_wanted(generator):
    plain = drawn(session(generator), 3)
    half = drawn(session(generator, finish=lambda pictures: pictures[:, :, ::2, ::2]), 3)
    assert all(torch.equal(one[:, :, ::2, ::2], other) for one, other in zip(plain, half, strict=True))


def test_the_sink_is_renewed_on_request_and_only_what_comes_after_it_changes(generator):
    quiet, live = drawn(session(generator), 6), session(generator)
    chunks = []
    for number, chunk in enumerate(islice(live, 6)):
        chunks.append(chunk)
        if number == 3:
            live.refresh_sink()
    assert [chunk.refreshed for chunk in chunks] == [False] * 4 + [True, False]
    same = [torch.equal(one, chunk.pictures) for one, chunk in zip(quiet, chunks, strict=True)]
    assert same == [True] * 4 + [False] * 2


def test_the_sink_is_renewed_by_itself_when_the_picture_has_moved_far_from_it(generator):
    assert not any(chunk.refreshed for chunk in islice(session(generator, refresh_beyond=2.0), 6))
    assert any(chunk.refreshed for chunk in islice(session(generator, refresh_beyond=0.01), 6))


def test_without_a_sink_there_is_nothing_to_renew(generator):
    bare = Generator(generator.student, generator.head, generator.decoder, replace(USAGE, sink=0))
    live = session(bare, refresh_beyond=0.01)
    drawn(live, 1)
    live.refresh_sink()
    assert not any(chunk.refreshed for chunk in islice(live, 3))


def test_three_recordings_of_the_forward_pass_make_the_same_video_for_ever(generator):
    """The recording itself needs a GPU; here the work is done again, with its answers in the same memory as before."""
    recorded = []

    def repeat(work):
        made = work()
        recorded.append(made)

        def replay():
            for place, now in zip(flat(made), flat(work()), strict=True):
                place.copy_(now)

        return replay, made

    def flat(made):
        return [made[0], *(tensor for kv in made[1] for tensor in (kv.key, kv.value))]

    def steered():
        live = session(generator)
        made = drawn(live, 3)
        live.tracks.grab(0, torch.tensor([0.2, 0.2]))
        live.say(generator.student.read_text(torch.ones(1, 4, 16)))
        live.refresh_sink()
        return made + drawn(live, 2)

    plain = steered()
    generator.student.chunk = Graphs(generator.student.chunk, repeat)
    try:
        replayed = steered() + steered()
    finally:
        del generator.student.chunk
    assert all(torch.equal(one, other) for one, other in zip(plain + plain, replayed, strict=True))
    assert len(recorded) == 3


def test_distance_is_nothing_to_itself_and_one_to_a_stranger():
    one, other = torch.randn(2, 16, 16, 16, generator=torch.Generator().manual_seed(0))
    other += 3 * torch.randn(16, 1, 1, generator=torch.Generator().manual_seed(1))
    assert distance(one, one) == 0
    assert distance(one, one.flip(1)) < 1e-3  # whatever moves where
    assert distance(one, other) == pytest.approx(1, abs=0.1)


@pytest.mark.slow
def test_the_sinks_limit_lies_between_a_scene_that_goes_on_and_another_one():
    """Drawn clips, encoded by the sketch's codec: chunk ends beside their own first chunk, and beside others'."""
    loaded, ends = load.load("sketch"), []
    for _, clip in islice(drawn_clips(33, 64, seed=5), 0, 12 * MOTIONS, MOTIONS):
        ends.append([loaded.encode(clip.frames[:, at]).latent for at in (8, 20, 32)])
    stays = [distance(now, clip[0]) > FAR for clip in ends for now in clip[1:]]
    moves = [distance(one[2], other[0]) > FAR for one in ends for other in ends if one is not other]
    assert sum(stays) <= 0.1 * len(stays)
    assert sum(moves) >= 0.85 * len(moves)


@pytest.mark.parametrize(
    ("sink", "window", "first_chunk", "recalled"), [(1, 1, 1, 2), (0, 1, 1, 2), (1, 2, 2, 1), (2, 1, 3, 3)]
)
def test_models_of_other_habits_are_streamed_as_they_were_trained(generator, sink, window, first_chunk, recalled):
    usage = replace(USAGE, sink=sink, window=window, first_chunk=first_chunk, recalled=recalled)
    other = Generator(generator.student, generator.head, generator.decoder, usage)
    seen = []
    real = other.student.chunk

    def watched(given, sigma, text, context):
        seen.append(0 if context[0] is None else context[0].tokens // 16)
        return real(given, sigma, text, context)

    other.student.chunk = watched
    try:
        made = drawn(session(other), 5)
    finally:
        del other.student.chunk
    assert [pictures.shape[1] for pictures in made] == [4 * first_chunk - 3] + [12] * 4
    expected = []
    for number in range(5):
        kept = sum(first_chunk if chunk == 0 else 3 for chunk in range(min(sink, number)))
        kept += sum(
            min(recalled, first_chunk if chunk == 0 else 3) for chunk in range(max(sink, number - window), number)
        )
        expected.append(kept)
    assert seen[::4] == expected  # three steps and the commit see the same


def test_tracks_that_do_not_fit_together_or_are_no_numbers_are_refused():
    points, visible = torch.rand(3, 5, 2), torch.ones(3, 5, dtype=torch.bool)
    identity = embed_ids(torch.arange(3))
    with pytest.raises(BadInput, match="do not fit together"):
        LiveTracks(points, visible[:, :4], identity)
    with pytest.raises(BadInput, match="do not fit together"):
        LiveTracks(points, visible, identity[:2])
    points[1, 2, 0] = float("inf")
    with pytest.raises(BadInput, match="Track 1 has a position at frame 2 that is not a number"):
        LiveTracks(points, visible, identity)


def test_a_new_path_is_followed_from_its_frame_on_and_makes_the_plan_longer():
    live = tracks(frames=12)
    live.grab(2, torch.tensor([0.5, 0.5]))
    live.plan(2, 10, torch.full((6, 2), 0.25), torch.ones(6))
    before, after = live.advance(slice(0, 9)), live.advance(slice(9, 21))
    assert not (before.points[2] == 0.25).any()
    assert (after.points[2, 1:7] == 0.25).all() and after.visible[2].tolist() == [True] * 7 + [False] * 5
    assert after.visible[3].tolist() == [True] * 3 + [False] * 9
    with pytest.raises(BadInput, match="2 positions and 3 visibilities"):
        live.plan(0, 3, torch.zeros(2, 2), torch.ones(3))
    with pytest.raises(BadInput, match="a position that is not a number"):
        live.plan(0, 3, torch.full((2, 2), float("nan")), torch.ones(2))


def test_a_track_is_added_moved_and_removed_while_the_video_runs(generator):
    spare = torch.tensor([70_000, 70_001])
    quiet, live = session(generator), session(generator)
    live.tracks = LiveTracks(live.tracks._points, live.tracks._visible, live.tracks._identity, spare)
    before = len(live.tracks)
    same = [torch.equal(next(quiet).pictures, next(live).pictures)]
    track = live.tracks.add(torch.tensor([0.3, 0.4]))
    assert track == before == len(live.tracks) - 1
    live.tracks.drag(track, torch.tensor([0.6, 0.4]))
    same.append(torch.equal(next(quiet).pictures, next(live).pictures))
    assert same == [True, False]
    told = live.tracks.advance(slice(21, 33))  # where it was dragged to, under an identity of its own
    assert torch.allclose(told.points[track, -1], torch.tensor([0.6, 0.4])) and told.visible[track].all()
    assert torch.equal(told.identity[track], embed_ids(spare[:1])[0]) and not told.known[track]
    live.tracks.remove(track)
    assert not live.tracks.advance(slice(33, 45)).visible[track].any()
    with pytest.raises(BadInput, match="was removed"):
        live.tracks.grab(track, torch.tensor([0.5, 0.5]))
    again = live.tracks.add(torch.tensor([0.5, 0.5]), origin=torch.tensor([0.1, 0.2]))
    told = live.tracks.advance(slice(45, 57))
    assert again == track + 1 and told.known[again] and told.origin[again].tolist() == pytest.approx([0.1, 0.2])
    assert not torch.equal(told.identity[again], told.identity[track])
    with pytest.raises(BadInput, match="no identity left"):
        live.tracks.add(torch.tensor([0.5, 0.5]))
