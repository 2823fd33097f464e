"""PNG files are what others expect, and others' PNG files are read."""

import struct
import zlib

import numpy as np
import pytest
from motion_bridge.errors import BadInput
from motion_bridge.media import png


def write(path, rows: bytes, width: int, height: int, bits: int = 8, colour: int = 2, interlaced: int = 0, extra=b""):
    """A PNG by the book, from rows that are filtered already."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">2I5B", width, height, bits, colour, 0, 0, interlaced))
    path.write_bytes(png.SIGNATURE + header + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    return path


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (37, 53)])
def test_pixels_and_text_come_back(tmp_path, size):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    path = tmp_path / "a.png"
    path.write_bytes(png.encode(pixels, {"note": "weiß = 白"}))
    np.testing.assert_array_equal(png.read(path), pixels)
    assert png.read_text(path) == {"note": "weiß = 白"}
    assert png.encode(pixels) == png.encode(pixels), "the same bytes every time"


def test_every_row_filter_is_undone(tmp_path):
    """Filters 0 to 4, written out from the PNG specification for one grey channel."""
    pixels = np.random.default_rng(1).integers(0, 256, (5, 6), np.uint8).astype(int)
    rows = b""
    for number, row in enumerate(pixels):
        above = pixels[number - 1] if number else np.zeros(6, int)
        line = []
        for x, value in enumerate(row):
            left, up, corner = (row[x - 1] if x else 0), above[x], (above[x - 1] if x else 0)
            guess = left + up - corner
            near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
            line.append((value - [0, left, up, (left + up) // 2, near][number]) % 256)
        rows += bytes([number, *line])
    path = write(tmp_path / "a.png", rows, 6, 5, colour=0)
    np.testing.assert_array_equal(png.read(path), np.repeat(pixels[..., None], 3, -1))


def test_sixteen_bits_alpha_and_palettes_are_read(tmp_path):
    deep = write(tmp_path / "deep.png", bytes([0, 200, 1, 100, 2, 50, 3]), 1, 1, bits=16)
    assert png.read(deep).tolist() == [[[200, 100, 50]]]
    clear = write(tmp_path / "clear.png", bytes([0, 9, 8, 7, 0]), 1, 1, colour=6)
    assert png.read(clear).tolist() == [[[9, 8, 7]]]
    body = b"PLTE" + bytes([1, 2, 3, 4, 5, 6])
    palette = struct.pack(">I", 6) + body + struct.pack(">I", zlib.crc32(body))
    indexed = write(tmp_path / "indexed.png", bytes([0, 1, 0]), 2, 1, colour=3, extra=palette)
    assert png.read(indexed).tolist() == [[[4, 5, 6], [1, 2, 3]]]


def test_damage_is_named(tmp_path):
    whole = png.encode(np.zeros((4, 4, 3), np.uint8))
    path = tmp_path / "a.png"
    for broken in (b"", b"GIF89a", whole[:20], whole[:-1], whole[:45] + bytes([whole[45] ^ 1]) + whole[46:]):
        path.write_bytes(broken)
        with pytest.raises(BadInput, match=r"a\.png"):
            png.read(path)
    write(path, bytes(4), 4, 4)
    with pytest.raises(BadInput, match="damaged"):
        png.read(path)
    write(path, bytes(4), 1, 1, interlaced=1)
    with pytest.raises(BadInput, match="save it as 8-bit RGB"):
        png.read(path)
