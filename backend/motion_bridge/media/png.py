"""PNG files with zlib alone, so that Blender's own Python and any backend write the same bytes.

Writes 8-bit RGB with text beside it. Reads 8- and 16-bit, gray, RGB or palette, with or without alpha, not interlaced,
turned upright where EXIF says how the camera was held. No file costs more memory than its header admits to, and none
more than LARGEST_RAW.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from ..files.regular import read_bytes
from .orientation import of_exif, upright

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
LEVEL = 1  # of zlib: two thirds of the time of 4 and a twentieth larger
LARGEST_SIDE = 16384  # pixels, as of a Shot
LARGEST_RAW = 96 << 20  # bytes of unpacked rows: 22 megapixels with alpha
LARGEST_FILE = 128 << 20  # bytes
LONGEST_TEXT = 1 << 20  # bytes of a text chunk that is read
PIECE = 1 << 20  # bytes unpacked at a time

Picture = NDArray[np.uint8]
Chunk = tuple[bytes, memoryview]


def encode(pixels: Picture | NDArray[np.uint16], text: Mapping[str, str] | None = None) -> bytes:
    """A PNG of (H, W, 3) uint8 or uint16 sRGB pixels, top row first, with UTF-8 text chunks."""
    height, width, _ = pixels.shape
    bits = 8 * pixels.dtype.itemsize
    chunks = [chunk(b"IHDR", struct.pack(">2I5B", width, height, bits, 2, 0, 0, 0)), chunk(b"sRGB", b"\0")]
    for key, value in (text or {}).items():
        chunks.append(chunk(b"iTXt", key.encode("latin-1") + b"\0\0\0\0\0" + value.encode()))
    chunks.append(chunk(b"IDAT", packed(pixels, LEVEL)))
    chunks.append(chunk(b"IEND", b""))
    return SIGNATURE + b"".join(chunks)


def read(path: Path, *, links: bool = True) -> Picture:
    """The picture in a file as (H, W, 3) uint8; alpha is dropped. BadInput when it is damaged or of another kind."""
    return decode(read_bytes(path, LARGEST_FILE, links=links), str(path))


def read_deep(path: Path) -> Picture | NDArray[np.uint16]:
    """The same as (H, W, 3) uint16 where the file has 16 bits."""
    data = read_bytes(path, LARGEST_FILE)
    pixels = decode(data, str(path))
    deep = data[24] == 16  # the header's bits
    return (
        pixels
        if not deep
        else (pixels.astype(np.uint16) << 8 | decode(data, str(path), low=True)).astype(np.uint16, copy=False)
    )


def eight_bits(pixels: NDArray[np.generic]) -> Picture:
    """A picture of 8 or 16 bits in 8, rounded."""
    return pixels if pixels.dtype == np.uint8 else np.rint(pixels / 257).astype(np.uint8)  # type: ignore[return-value]


def decode(data: bytes, where: str, *, low: bool = False) -> Picture:
    """The same of a file's bytes. where: what to call it; low: of 16 bits, the lower eight."""
    chunks = list(_chunks(data, where))
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13:
        raise BadInput(f"{where} has no PNG header; write it again.")
    width, height, bits, color, packing, filtering, interlaced = struct.unpack(">2I5B", chunks[0][1])
    if bits not in (8, 16) or interlaced or color not in CHANNELS or (color == 3 and bits == 16):
        raise BadInput(f"{where} is an unusual PNG ({bits} bits, interlaced: {interlaced}); save it as 8-bit RGB.")
    if packing or filtering:
        raise BadInput(f"{where} is damaged: no PNG is packed in way {packing}, {filtering}.")
    step = CHANNELS[color] * bits // 8  # bytes of a pixel
    size = height * (1 + width * step)
    if not (1 <= width <= LARGEST_SIDE and 1 <= height <= LARGEST_SIDE) or size > LARGEST_RAW:
        raise BadInput(
            f"{where} is {width} × {height} pixels of {step} bytes; sides from 1 to {LARGEST_SIDE} and "
            f"{LARGEST_RAW >> 20} MiB are read. Make it smaller."
        )
    rows = _unpack([body for kind, body in chunks if kind == b"IDAT"], size, where).reshape(height, -1)
    if rows[:, 0].max() > 4:
        raise BadInput(f"{where} is damaged: there is no row filter {rows[:, 0].max()}.")
    flat = _unfilter(rows, step)
    pixels = upright(flat.reshape(height, width, step)[..., int(low) :: bits // 8], _orientation(chunks))
    if color == 3:
        return _palette(chunks, where)[pixels[..., 0]]
    if CHANNELS[color] < 3:
        return np.repeat(pixels[..., :1], 3, axis=-1)
    return np.ascontiguousarray(pixels[..., :3])


def read_text(path: Path) -> dict[str, str]:
    """The UTF-8 text chunks of a file that are not compressed; BadInput when the file is not a whole PNG."""
    return text_of(read_bytes(path, LARGEST_FILE), str(path))


def text_of(data: bytes, where: str) -> dict[str, str]:
    """The same of a file's bytes. Chunks that other programs made in other ways are passed over."""
    found: dict[str, str] = {}
    for kind, body in _chunks(data, where):
        if kind == b"iTXt" and len(body) <= LONGEST_TEXT:
            key, _, rest = bytes(body).partition(b"\0")
            packed, words = rest[:2], rest[2:].split(b"\0", 2)  # words: language, the key in it, the text
            if packed == b"\0\0" and len(words) == 3:
                found[key.decode("latin-1")] = words[2].decode(errors="replace")
    return found


def packed(pixels: Picture | NDArray[np.uint16], level: int) -> bytes:
    """The rows of a picture as an IDAT chunk holds them. level: of zlib."""
    samples = pixels.astype(pixels.dtype.newbyteorder(">"), copy=False).view(np.uint8).reshape(len(pixels), -1)
    step = pixels.shape[2] * pixels.dtype.itemsize
    rows = np.empty((len(pixels), 1 + samples.shape[1]), np.uint8)
    rows[:, 0] = 1  # the filter "sub": each pixel minus the one to its left
    rows[:, 1 : 1 + step] = samples[:, :step]
    np.subtract(samples[:, step:], samples[:, :-step], out=rows[:, 1 + step :])
    return zlib.compress(rows.tobytes(), level)


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _chunks(data: bytes, where: str) -> Iterator[Chunk]:
    """Every chunk as it stands, its checksum compared; BadInput where the file ends before its end."""
    if not data.startswith(SIGNATURE):
        raise BadInput(f"{where} is not a PNG file.")
    view, at = memoryview(data), len(SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 8 + length
        if end + 4 > len(data) or zlib.crc32(view[at + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            break
        kind = bytes(view[at + 4 : at + 8])
        yield kind, view[at + 8 : end]
        if kind == b"IEND":
            return
        at = end + 4
    raise BadInput(f"{where} is cut short or damaged after byte {at}.")


def _unpack(bodies: list[memoryview], size: int, where: str) -> NDArray[np.uint8]:
    """The rows in compressed pieces, exactly so many bytes, (size,) uint8; nothing beyond that is unpacked."""
    inflate = zlib.decompressobj()
    out = np.empty(size, np.uint8)
    at = 0
    try:
        for body in bodies:
            waiting: bytes | memoryview = body
            while len(waiting):
                piece = inflate.decompress(waiting, min(PIECE, size - at + 1))
                if at + len(piece) > size:
                    raise BadInput(f"{where} is damaged: it holds more than its header says.")
                out[at : at + len(piece)] = np.frombuffer(piece, np.uint8)
                at += len(piece)
                waiting = inflate.unconsumed_tail
                if not piece and inflate.eof:
                    break
    except zlib.error as fault:
        raise BadInput(f"{where} is damaged: {fault}.") from None
    if at < size or not inflate.eof:
        raise BadInput(f"{where} is damaged: it holds {at} of {size} bytes.")
    return out


def _unfilter(rows: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    """Undo PNG's row filters: (H, 1 + stride) with the filter's number first → (H, stride), in place.

    Filters 0, 1 and 2 are undone a row at a time. A pixel of filters 3 and 4 needs the ones to its left and above it,
    so rows with them are undone along diagonals, all at once.
    """
    kinds, lines = rows[:, 0], rows[:, 1:]
    at, height = 0, len(rows)
    while at < height:
        if kinds[at] < 3:
            line = lines[at]
            if kinds[at] == 1:
                line[:] = np.cumsum(line.reshape(-1, step), axis=0, dtype=np.uint8).reshape(-1)
            elif kinds[at] == 2 and at:
                line += lines[at - 1]
            at += 1
            continue
        end = at + 1
        while end < height and kinds[end] >= 3:
            end += 1
        above = lines[at - 1] if at else np.zeros_like(lines[0])
        _predict(kinds[at:end], lines[at:end], above, step)
        at = end
    return lines


def _predict(kinds: NDArray[np.uint8], lines: Picture, above: Picture, step: int) -> None:
    """The two filters that look left and up: 3 is their mean, 4 is Paeth's choice of the nearest to left+up-corner.

    Diagonal d holds pixel d - r of row r: it needs only diagonals d - 1 and d - 2.
    """
    height, width = len(lines), lines.shape[1] // step
    source = np.lib.stride_tricks.as_strided(lines, (height, width, step), (lines.strides[0], step, 1))
    top = above.reshape(width, step)
    mean = (kinds == 3)[:, None]
    before = np.zeros((height + 1, step), np.int16)  # diagonal d - 1, a row late: [r + 1] is row r, [0] is `above`
    earlier = np.zeros((height + 1, step), np.int16)  # diagonal d - 2
    for diagonal in range(height + width - 1):
        first, last = max(0, diagonal - width + 1), min(height, diagonal + 1)
        rows = np.arange(first, last)
        left = before[first + 1 : last + 1]
        up, corner = before[first:last].copy(), earlier[first:last].copy()
        if first == 0:  # the row above the first is not on these diagonals: it is known as a whole
            up[0] = top[diagonal]
            corner[0] = top[diagonal - 1] if diagonal else 0
        if last == diagonal + 1:  # the pixel at the left edge has nothing to its left
            left = left.copy()
            left[-1] = 0
            corner[-1] = 0
        to_left, to_up = up - corner, left - corner
        to_corner = np.abs(to_left + to_up)
        np.abs(to_left, to_left)
        np.abs(to_up, to_up)
        paeth = np.where((to_left <= to_up) & (to_left <= to_corner), left, np.where(to_up <= to_corner, up, corner))
        guess = np.where(mean[first:last], (left + up) >> 1, paeth)
        value = (source[rows, diagonal - rows] + guess) & 255
        source[rows, diagonal - rows] = value
        earlier, before = before, np.empty_like(before)
        before[first + 1 : last + 1] = value


def _palette(chunks: list[Chunk], where: str) -> Picture:
    colors = bytes(next((body for kind, body in chunks if kind == b"PLTE"), b""))
    if not colors or len(colors) % 3 or len(colors) > 768:
        raise BadInput(f"{where} is damaged: its palette has {len(colors)} bytes.")
    table = np.zeros((256, 3), np.uint8)
    table[: len(colors) // 3] = np.frombuffer(colors, np.uint8).reshape(-1, 3)
    return table


def _orientation(chunks: list[Chunk]) -> int:
    """How the camera was held, 1 … 8 as EXIF counts; 1, upright, where the file does not say."""
    return of_exif(bytes(next((body for kind, body in chunks if kind == b"eXIf"), b"")))
