"""A movie file with whichever encoder is installed."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput

Encoder = Callable[[Path, NDArray[np.uint8], float], None]
SENTENCE = (
    "Writing {path} needs PyAV or OpenCV (pip install av, or opencv-python-headless). "
    "Without them write a folder of PNG files or a .npy instead."
)


def mp4_encoder(path: Path) -> Encoder:
    """What writes pictures (T, H, W, 3) as a movie; BadInput says what to install where no encoder is."""
    for name, encoder in (("av", _with_av), ("cv2", _with_opencv)):
        try:
            return partial(encoder, import_module(name))
        except ImportError:
            continue
    raise BadInput(SENTENCE.format(path=path))


def _with_av(av: Any, path: Path, pictures: NDArray[np.uint8], fps: float) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=round(fps))
        stream.height, stream.width = pictures.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "8", "preset": "slow"}  # colours are positions: keep them
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def _with_opencv(cv2: Any, path: Path, pictures: NDArray[np.uint8], fps: float) -> None:
    height, width = pictures.shape[1:3]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), fps, (width, height))
    if not writer.isOpened():
        raise BadInput(f"OpenCV cannot write {path}; install PyAV (pip install av) or write a folder of PNG files.")
    for picture in pictures:
        writer.write(np.ascontiguousarray(picture[..., ::-1]))
    writer.release()
