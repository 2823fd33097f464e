"""How a camera was held: EXIF's orientation of picture files, and turning what they store upright.

Orientation, 1 … 8: EXIF 2.32, tag 0x0112. 1 is upright; 2 to 4 are mirrored or upside down; 5 to 8 swap the sides.
"""

import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

TAG = 0x0112

Picture = NDArray[np.uint8]


def of_exif(exif: bytes) -> int:
    """The orientation in a TIFF block; 1 where there is none, or none that makes sense."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None or len(exif) < 8:
        return 1
    (at,) = struct.unpack_from(f"{order}I", exif, 4)
    if at + 2 > len(exif):
        return 1
    (count,) = struct.unpack_from(f"{order}H", exif, at)
    for entry in range(at + 2, min(at + 2 + 12 * count, len(exif) - 11), 12):
        tag, kind, number, value = struct.unpack_from(f"{order}HHIH", exif, entry)
        if tag == TAG:
            return value if kind == 3 and number == 1 and 1 <= value <= 8 else 1
    return 1


def of_picture(data: bytes) -> int:
    """The orientation that a JPEG, WebP or TIFF file names; 1 for any other."""
    if data[:2] == b"\xff\xd8":
        return next((of_exif(body[6:]) for body in _segments(data) if body[:6] == b"Exif\0\0"), 1)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return next((of_exif(body.removeprefix(b"Exif\0\0")) for kind, body in _riff(data) if kind == b"EXIF"), 1)
    return of_exif(data)


def upright(pixels: Picture, orientation: int) -> Picture:
    """(H, W, C) as it is stored → as it was seen."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def turned(pixels: Picture, degrees: float) -> Picture:
    """A frame of a video whose file says by how much it is shown turned, counterclockwise; quarters alone count."""
    quarters = round(degrees / 90)
    return np.rot90(pixels, quarters) if quarters * 90 == degrees else pixels


def _segments(jpeg: bytes) -> Iterator[bytes]:
    """The bodies of a JPEG's application segments."""
    at = 2
    while jpeg[at : at + 1] == b"\xff" and at + 4 <= len(jpeg):
        kind, (length,) = jpeg[at + 1], struct.unpack_from(">H", jpeg, at + 2)
        if kind == 0xDA or length < 2:  # the picture itself
            return
        if kind == 0xE1:
            yield jpeg[at + 4 : at + 2 + length]
        at += 2 + length


def _riff(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
