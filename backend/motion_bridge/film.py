"""A take's frames as an H.264 movie, through PyAV."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import BadInput, ModelMissing


def check(path: Path) -> None:
    """Raise what `write` would raise, before hours are spent on frames."""
    if path.suffix.lower() != ".mp4":
        raise BadInput(f"The movie {path} must be a file whose name ends in .mp4.")
    try:
        import av  # noqa: F401  only an engine's Python has it
    except ImportError:
        raise ModelMissing(f"Writing {path} needs the package av: pip install av. Frames need it not.") from None


def write(path: Path, pictures: Iterable[NDArray[np.uint8]], fps: float) -> None:
    """Pictures (H, W, 3) uint8 one after the other; a side of an odd number of pixels loses its last."""
    import av  # pyright: ignore[reportMissingImports]

    with av.open(str(path), "w", format="mp4") as container:
        stream = None
        for picture in pictures:
            height, width = (side // 2 * 2 for side in picture.shape[:2])
            if stream is None:
                stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
                stream.options = {"crf": "15"}
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[:height, :width]), format="rgb24")
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode())
