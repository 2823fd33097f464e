"""PNG files are what others expect, and others' PNG files are read."""

import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from motion_bridge.errors import BadInput
from motion_bridge.media import png


def write(path, rows: bytes, width: int, height: int, bits: int = 8, color: int = 2, interlaced: int = 0, extra=b""):
    """A PNG by the book, from rows that are filtered already."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">2I5B", width, height, bits, color, 0, 0, interlaced))
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
    """Filters 0 to 4, written out from the PNG specification for one gray channel."""
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
    path = write(tmp_path / "a.png", rows, 6, 5, color=0)
    np.testing.assert_array_equal(png.read(path), np.repeat(pixels[..., None], 3, -1))


def test_sixteen_bits_alpha_and_palettes_are_read(tmp_path):
    deep = write(tmp_path / "deep.png", bytes([0, 200, 1, 100, 2, 50, 3]), 1, 1, bits=16)
    assert png.read(deep).tolist() == [[[200, 100, 50]]]
    clear = write(tmp_path / "clear.png", bytes([0, 9, 8, 7, 0]), 1, 1, color=6)
    assert png.read(clear).tolist() == [[[9, 8, 7]]]
    body = b"PLTE" + bytes([1, 2, 3, 4, 5, 6])
    palette = struct.pack(">I", 6) + body + struct.pack(">I", zlib.crc32(body))
    indexed = write(tmp_path / "indexed.png", bytes([0, 1, 0]), 2, 1, color=3, extra=palette)
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


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def gray(rows, width, height, *extra):
    """A gray PNG with more chunks before its pixels."""
    header = chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(rows))
    return png.SIGNATURE + header + b"".join(extra) + pixels + chunk(b"IEND", b"")


@pytest.mark.slow
def test_a_few_megabytes_that_unpack_without_end_cost_no_memory(tmp_path):
    bomb = gray(bytes(1 << 28), 4, 4)
    promised = gray(bytes(1 << 28), 16384, 16384)
    wide = gray(b"", 1 << 30, 1)
    several = png.SIGNATURE + gray(b"", 4, 4)[8:33] + 200 * chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
    for name, data, says in (
        ("bomb", bomb, "more than its header says"),
        ("promised", promised, "Make it smaller"),
        ("wide", wide, "Make it smaller"),
        ("several", several + chunk(b"IEND", b""), "damaged"),
    ):
        path = tmp_path / f"{name}.png"
        path.write_bytes(data)
        tracemalloc.start()
        with pytest.raises(BadInput, match=says):
            png.read(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < len(data) + (4 << 20), name


TURNS = {  # EXIF's number → how the stored picture becomes the seen one
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.T,
    6: lambda p: np.rot90(p, -1),
    7: lambda p: np.rot90(p, 2).T,
    8: lambda p: np.rot90(p, 1),
}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", TURNS)
def test_a_picture_stands_upright_however_the_camera_was_held(tmp_path, orientation, order):
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    exif = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}IH", 8, 2)
    exif += struct.pack(f"{order}HHIHH", 0x0100, 3, 1, 4, 0) + struct.pack(
        f"{order}HHIHH", 0x0112, 3, 1, orientation, 0
    )
    path = tmp_path / "a.png"
    path.write_bytes(gray(rows, 4, 3, chunk(b"eXIf", exif)))
    np.testing.assert_array_equal(png.read(path)[..., 0], TURNS[orientation](pixels))


@pytest.mark.parametrize("exif", [b"", b"II", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff", b"II*\0\x08\0\0\0"])
def test_exif_that_makes_no_sense_leaves_the_picture_as_it_is(tmp_path, exif):
    (tmp_path / "a.png").write_bytes(gray(bytes([0, 1, 2]), 2, 1, chunk(b"eXIf", exif)))
    assert png.read(tmp_path / "a.png")[..., 0].tolist() == [[1, 2]]


def test_text_that_other_programs_wrote_is_passed_over(tmp_path):
    packed = b"Comment\0\1\0\0\0" + zlib.compress(bytes(1 << 24))
    strange = [b"", b"Author", b"Author\0", b"Author\0\0", b"Author\0\0\0de", b"a\0\7\7x\0y\0z", packed]
    own = chunk(b"iTXt", b"motion_bridge" + bytes(5) + b'{"frame": 3}')
    texts = [chunk(b"iTXt", each) for each in strange] + [chunk(b"zTXt", b"\xff"), chunk(b"tEXt", b"\xff")]
    (tmp_path / "a.png").write_bytes(gray(bytes([0, 1]), 1, 1, *texts, own, chunk(b"iTXt", b"l" + bytes(5) + b"\xff")))
    found = png.read_text(tmp_path / "a.png")
    assert found == {"motion_bridge": '{"frame": 3}', "l": "\ufffd"}


@pytest.mark.parametrize(
    "broken",
    {
        "a palette of half a color": (3, [chunk(b"PLTE", b"1234")]),
        "no palette": (3, []),
        "a palette of a thousand colors": (3, [chunk(b"PLTE", bytes(3000))]),
        "an unknown color type": (5, []),
    }.values(),
)
def test_a_picture_is_refused_with(tmp_path, broken):
    color, extra = broken
    header = chunk(b"IHDR", struct.pack(">2I5B", 1, 1, 8, color, 0, 0, 0))
    body = header + b"".join(extra) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(png.SIGNATURE + body)
    with pytest.raises(BadInput, match=r"a\.png"):
        png.read(tmp_path / "a.png")


def test_a_row_filter_that_does_not_exist_and_a_picture_of_no_size_are_damage(tmp_path):
    for data in (gray(bytes([5, 1]), 1, 1), gray(b"", 0, 1), gray(b"", 1, 0), gray(bytes([0, 1]), 1, 2)):
        (tmp_path / "a.png").write_bytes(data)
        with pytest.raises(BadInput):
            png.read(tmp_path / "a.png")


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (40, 30)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_mixed_row_filters_are_undone_like_by_the_book(tmp_path, size, channels):
    """Against the specification pixel by pixel, with runs of every filter beside each other."""
    height, width = size
    chance = np.random.default_rng(height * 100 + width + channels)
    rows = chance.integers(0, 256, (height, 1 + width * channels), np.uint8)
    rows[:, 0] = chance.integers(0, 5, height)
    want = np.zeros((height + 1, channels + width * channels), int)
    for y, row in enumerate(rows.astype(int)):
        for x, value in enumerate(row[1:]):
            left, up, corner = want[y + 1, x], want[y, x + channels], want[y, x]
            guess = left + up - corner
            near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
            want[y + 1, x + channels] = (value + [0, left, up, (left + up) // 2, near][row[0]]) % 256
    color = {1: 0, 3: 2, 4: 6}[channels]
    path = write(tmp_path / "a.png", rows.tobytes(), width, height, color=color)
    pixels = want[1:, channels:].reshape(height, width, channels)
    np.testing.assert_array_equal(png.read(path), pixels[..., [0, 0, 0] if channels == 1 else [0, 1, 2]])
