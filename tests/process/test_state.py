"""What an engine keeps beside a frame is there whenever the frame is, whole, and is missed without harm."""

import numpy as np
import pytest
from motion_bridge.takes import writer
from motion_bridge.takes.frame import Frame
from motion_bridge.takes.writer import Identity

IDENTITY = Identity("digest", "testing", {})
NUMBERS = (1, 2, 3)


@pytest.fixture
def frame():
    state = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4) / 7
    return Frame(1, np.full((4, 6, 3), 9, np.uint8), {"seed": 4}, state)


def same(found, kept) -> bool:
    return found is not None and found.dtype == kept.dtype and np.array_equal(found, kept)


def test_a_frames_state_is_read_back_exactly_by_a_resumed_job(frame, tmp_path):
    with writer.take(tmp_path, IDENTITY, NUMBERS, resume=False) as take:
        take.save(frame)
    with writer.take(tmp_path, IDENTITY, NUMBERS, resume=True) as take:
        assert 1 in take and 0 not in take
        assert same(take.state(1), frame.state)
        assert take.state(0) is None


def test_a_state_is_on_disk_before_its_frame(frame, tmp_path, monkeypatch):
    with writer.take(tmp_path, IDENTITY, NUMBERS, resume=False) as take:
        monkeypatch.setattr(writer.png, "encode", lambda *_: pytest.fail("power cut"))
        with pytest.raises(BaseException, match="power cut"):
            take.save(frame)
        assert 1 not in take and same(take.state(1), frame.state)


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:90])])
def test_a_state_that_is_gone_or_cut_short_counts_as_none(frame, tmp_path, damage):
    with writer.take(tmp_path, IDENTITY, NUMBERS, resume=False) as take:
        take.save(frame)
        damage(tmp_path / writer.STATE / "frame_0002.npy")
        assert 1 in take and take.state(1) is None


@pytest.mark.parametrize("at", [10, 150, -12, -1])
def test_a_state_with_a_flipped_bit_counts_as_none(frame, tmp_path, at):
    with writer.take(tmp_path, IDENTITY, NUMBERS, resume=False) as take:
        path = take.save(frame) and tmp_path / writer.STATE / "frame_0002.npy"
        content = bytearray(path.read_bytes())
        content[at] ^= 1
        path.write_bytes(content)
        assert take.state(1) is None


def test_a_state_of_an_older_version_and_any_reader_of_numpys_files_are_served(frame, tmp_path):
    with writer.take(tmp_path, IDENTITY, NUMBERS, resume=False) as take:
        take.save(frame)
        path = tmp_path / writer.STATE / "frame_0002.npy"
        assert same(np.load(path), frame.state), "what numpy itself reads"
        np.save(path, frame.state)
        assert same(take.state(1), frame.state), "without a checksum"


def test_what_an_interrupted_write_left_is_written_over(frame, tmp_path):
    with writer.take(tmp_path, IDENTITY, NUMBERS, resume=False) as take:
        (tmp_path / writer.STATE).mkdir()
        (tmp_path / writer.STATE / "frame_0002.npy.part").write_bytes(b"half")
        take.save(frame)
        assert same(take.state(1), frame.state)
        assert [path.name for path in (tmp_path / writer.STATE).iterdir()] == ["frame_0002.npy"]
