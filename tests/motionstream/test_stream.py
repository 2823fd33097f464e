"""A stream is endless, constant in memory, deterministic, and obeys what changes between its chunks."""

import resource
from itertools import islice
from pathlib import Path

import pytest
import torch
from motion_bridge.errors import BadInput
from motion_bridge.motionstream.codec import Decoder
from motion_bridge.motionstream.condition import FirstFrame
from motion_bridge.motionstream.live import LiveTracks
from motion_bridge.motionstream.sampler import sigmas
from motion_bridge.motionstream.stream import Direction, Generator, stream
from motion_bridge.motionstream.student import Student
from motion_bridge.motionstream.track_head import TrackHead
from motion_bridge.motionstream.track_map import embed_ids
from motion_bridge.motionstream.usage import Usage

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
