"""PNG files with zlib alone, so that Blender's own Python and any backend write the same bytes.

Writes 8-bit RGB with text beside it; reads 8- and 16-bit, grey, RGB or palette, with or without alpha, not interlaced.
"""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
LEVEL = 4  # of zlib: a third of the time of 6 and a twentieth larger

Picture = NDArray[np.uint8]


def encode(pixels: Picture, text: Mapping[str, str] | None = None) -> bytes:
    """A PNG of (H, W, 3) uint8 sRGB pixels, top row first, with UTF-8 text chunks."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)
    rows[:, 1:] = pixels.reshape(height, 3 * width)
    rows[1:, 0] = 2  # the filter "up": each row minus the row above
    rows[1:, 1:] -= pixels[:-1].reshape(height - 1, 3 * width)
    chunks = [_chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)), _chunk(b"sRGB", b"\0")]
    for key, value in (text or {}).items():
        chunks.append(_chunk(b"iTXt", key.encode("latin-1") + b"\0\0\0\0\0" + value.encode()))
    chunks.append(_chunk(b"IDAT", zlib.compress(rows.tobytes(), LEVEL)))
    chunks.append(_chunk(b"IEND", b""))
    return SIGNATURE + b"".join(chunks)


def read(path: Path) -> Picture:
    """The picture in a file as (H, W, 3) uint8; alpha is dropped. BadInput when it is damaged or of another kind."""
    chunks = _chunks(path, path.read_bytes())
    header = next((body for kind, body in chunks if kind == b"IHDR"), b"")
    if len(header) != 13:
        raise BadInput(f"{path} has no PNG header; write it again.")
    width, height, bits, colour, _, _, interlaced = struct.unpack(">2I5B", header)
    if bits not in (8, 16) or interlaced or colour not in CHANNELS:
        raise BadInput(f"{path} is an unusual PNG ({bits} bits, interlaced: {interlaced}); save it as 8-bit RGB.")
    channels = CHANNELS[colour]
    stride = width * channels * bits // 8
    try:
        raw = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
        rows = np.frombuffer(raw, np.uint8).reshape(height, 1 + stride)
    except (zlib.error, ValueError) as fault:
        raise BadInput(f"{path} is damaged: {fault}.") from None
    flat = _unfilter(rows, channels * bits // 8)
    pixels = flat.reshape(height, width, channels, bits // 8)[..., 0]  # the high byte of 16 bits
    if colour == 3:
        palette = next((body for kind, body in chunks if kind == b"PLTE"), b"")
        table = np.zeros((256, 3), np.uint8)
        table[: len(palette) // 3] = np.frombuffer(palette, np.uint8).reshape(-1, 3)
        return table[pixels[..., 0]]
    return np.repeat(pixels[..., :1], 3, axis=-1) if channels < 3 else np.ascontiguousarray(pixels[..., :3])


def read_text(path: Path) -> dict[str, str]:
    """The UTF-8 text chunks of a file; BadInput when the file is not a whole PNG."""
    found = {}
    for kind, body in _chunks(path, path.read_bytes()):
        if kind == b"iTXt":
            key, _, rest = body.partition(b"\0")
            found[key.decode("latin-1")] = rest[2:].split(b"\0", 2)[2].decode()
    return found


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _chunks(path: Path, data: bytes) -> list[tuple[bytes, bytes]]:
    if not data.startswith(SIGNATURE):
        raise BadInput(f"{path} is not a PNG file.")
    found, at = [], len(SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if data[at + 8 + length : at + 12 + length] != struct.pack(">I", zlib.crc32(kind + body)):
            break
        found.append((kind, body))
        if kind == b"IEND":
            return found
        at += 12 + length
    raise BadInput(f"{path} is cut short or damaged after byte {at}.")


def _unfilter(rows: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    """Undo PNG's row filters: (H, 1 + stride) with the filter's number first → (H, stride)."""
    out = np.zeros((rows.shape[0], rows.shape[1] - 1), np.uint8)
    above = np.zeros(out.shape[1], np.uint8)
    for row, line, target in zip(rows[:, 0], rows[:, 1:], out, strict=True):
        if row == 0:
            target[:] = line
        elif row == 1:
            target[:] = np.cumsum(line.reshape(-1, step), axis=0, dtype=np.uint8).reshape(-1)
        elif row == 2:
            target[:] = line + above
        else:
            _predict(int(row), line, above, target, step)
        above = target
    return out


def _predict(filter_type: int, line: Picture, above: Picture, target: Picture, step: int) -> None:
    """The two filters that look left and up, pixel by pixel: 3 is their mean, 4 is Paeth's choice."""
    left = np.zeros(step, np.int32)
    corner = np.zeros(step, np.int32)
    for at in range(0, len(line), step):
        up = above[at : at + step].astype(np.int32)
        if filter_type == 3:
            guess = (left + up) // 2
        else:
            nearest = left + up - corner
            to_left, to_up, to_corner = abs(nearest - left), abs(nearest - up), abs(nearest - corner)
            guess = np.where(
                (to_left <= to_up) & (to_left <= to_corner), left, np.where(to_up <= to_corner, up, corner)
            )
        left = (line[at : at + step] + guess) & 255
        target[at : at + step] = left
        corner = up
