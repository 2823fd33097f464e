"""Animated PNG (APNG): pictures in a row without any loss, which whatever reads PNG through Pillow takes as frames."""

import struct
from collections.abc import Iterable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from .png import SIGNATURE, chunk, packed

LEVEL = 1  # of zlib: such files live for minutes
WHOLE, REPLACE = 0, 0  # how a frame is disposed of, and blended


def encode(pictures: Iterable[NDArray[np.uint8]], fps: float) -> bytes:
    """Pictures (H, W, 3) uint8 sRGB of one size, one at least; read as a plain PNG it shows the first."""
    delay = (1 / Fraction(fps)).limit_denominator(65535)
    frames = [(picture.shape, packed(picture, LEVEL)) for picture in pictures]
    height, width, _ = frames[0][0]
    if any(shape != frames[0][0] for shape, _ in frames):
        raise ValueError("all frames of an animation have one size")
    chunks = [
        chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)),
        chunk(b"acTL", struct.pack(">2I", len(frames), 0)),
    ]
    number = 0
    for at, (_, rows) in enumerate(frames):
        place = struct.pack(">5I2H2B", number, width, height, 0, 0, delay.numerator, delay.denominator, WHOLE, REPLACE)
        chunks.append(chunk(b"fcTL", place))
        number += 1
        if at == 0:
            chunks.append(chunk(b"IDAT", rows))
        else:
            chunks.append(chunk(b"fdAT", struct.pack(">I", number) + rows))
            number += 1
    return SIGNATURE + b"".join([*chunks, chunk(b"IEND", b"")])
