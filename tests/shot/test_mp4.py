"""A movie that was cut off is told from a whole one by its outermost boxes."""

from pathlib import Path

import pytest
from motion_bridge.errors import BadInput
from motion_bridge.media import mp4


def box(kind: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + kind + content


WHOLE = box(b"ftyp", b"isom") + box(b"free", b"") + box(b"mdat", bytes(1000)) + box(b"moov", bytes(300))


def test_a_whole_one_is_whole_also_with_lengths_of_64_bits(tmp_path: Path):
    path = tmp_path / "a.mp4"
    long = (1).to_bytes(4, "big") + b"mdat" + (1016).to_bytes(8, "big") + bytes(1000)
    for content in (WHOLE, box(b"ftyp", b"isom") + long + box(b"moov", b"")):
        path.write_bytes(content)
        assert mp4.is_whole(path)


def test_no_part_of_it_is(tmp_path: Path):
    path = tmp_path / "a.mp4"
    for length in range(0, len(WHOLE), 7):
        path.write_bytes(WHOLE[:length])
        assert not mp4.is_whole(path)


@pytest.mark.parametrize("content", [b"", bytes(64), b"\xff" * 64, (2).to_bytes(4, "big") + b"ftyp", WHOLE + b"xyz"])
def test_nonsense_is_not(tmp_path: Path, content: bytes):
    (tmp_path / "a.mp4").write_bytes(content)
    assert not mp4.is_whole(tmp_path / "a.mp4")


def test_what_is_not_there_is_a_sentence(tmp_path: Path):
    with pytest.raises(BadInput, match=r"a\.mp4"):
        mp4.is_whole(tmp_path / "a.mp4")
