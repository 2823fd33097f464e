"""Pictures as an H.264 movie, through PyAV."""

from collections.abc import Iterable
from fractions import Fraction
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput, ModelMissing, MotionBridgeError
from ..files import writing
from . import mp4

BT709 = 1  # how colors become luma and chroma, said in the file: without it players guess, by the picture's size


def check(path: Path) -> None:
    """Raise what `write` would raise, before hours are spent on frames."""
    if path.suffix.lower() != ".mp4":
        raise BadInput(f"The movie {path} must be a file whose name ends in .mp4.")
    if find_spec("av") is None:
        raise ModelMissing(f"Writing {path} needs the package av: pip install av. Frames are written without it.")


def write(path: Path, pictures: Iterable[NDArray[np.uint8]], fps: float, crf: int = 15, xmp: str = "") -> None:
    """Pictures (H, W, 3) uint8 of one size, one after the other as they come; an odd side loses a pixel.

    crf: H.264's constant rate factor, 0 (exact) to 51. xmp: what it was made with, a packet.
    """
    from av.error import FFmpegError

    coming = iter(pictures)
    first = next(coming)
    height, width = (side // 2 * 2 for side in first.shape[:2])
    try:
        with writing.replacing_named(path) as file:
            _encode(file, chain((first,), coming), (height, width), fps, crf)
            if xmp:
                file.seek(0, 2)
                file.write(mp4.uuid_box(mp4.XMP, xmp.encode()))
    except FFmpegError as fault:
        first_of_all = fault.__context__ or fault  # closing the file fails too, in PyAV's own words
        if isinstance(first_of_all, MotionBridgeError):
            raise first_of_all from None
        why = getattr(first_of_all, "strerror", None) or first_of_all
        raise BadInput(f"{path} cannot be written: {why}. Choose another place.") from None


def _encode(file: BinaryIO, pictures: Iterable[NDArray[np.uint8]], size: tuple[int, int], fps: float, crf: int) -> None:
    """The movie itself into an open file. size: height and width, both even."""
    import av

    height, width = size
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        stream.width, stream.height = width, height
        stream.pix_fmt, stream.options = "yuv420p", {"crf": str(crf)}
        stream.colorspace = stream.color_primaries = stream.color_trc = BT709
        for picture in pictures:
            whole = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[:height, :width]), format="rgb24")
            container.mux(stream.encode(whole.reformat(format="yuv420p", dst_colorspace=BT709)))
        container.mux(stream.encode())
