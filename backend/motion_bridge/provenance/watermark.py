"""An invisible watermark in a picture's pixels, through invisible-watermark (wavelets, cosines and singular values)."""

from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput, ModelMissing

METHOD = "dwtDctSvd"
SMALLEST = 256 * 256  # pixels that the library asks for
LONGEST = 16  # bytes of a text

Picture = NDArray[np.uint8]


def check(text: str) -> None:
    """BadInput for a text that does not fit, ModelMissing where the library is not here."""
    if not 0 < len(text.encode()) <= LONGEST:
        raise BadInput(f"The watermark {text!r} must have 1 to {LONGEST} bytes.")
    if find_spec("imwatermark") is None or find_spec("cv2") is None:
        raise ModelMissing(
            "Watermarks need two packages: pip install --no-deps invisible-watermark PyWavelets (its own list names a "
            "second OpenCV, which would replace the one that is here)."
        )


def marked(picture: Picture, text: str) -> Picture:
    """The picture with a text in it, (H, W, 3) uint8."""
    import imwatermark

    if picture.shape[0] * picture.shape[1] < SMALLEST:
        raise BadInput(
            f"A watermark needs {SMALLEST:,} pixels; this picture has {picture.shape[0] * picture.shape[1]:,}."
        )
    encoder: Any = imwatermark.WatermarkEncoder()
    encoder.set_watermark("bytes", text.encode())
    return np.ascontiguousarray(encoder.encode(np.ascontiguousarray(picture[..., ::-1]), METHOD)[..., ::-1])


def holds(picture: Picture, text: str) -> bool:
    """Whether a text can be read out of a picture."""
    import imwatermark

    decoder: Any = imwatermark.WatermarkDecoder("bytes", 8 * len(text.encode()))
    return decoder.decode(np.ascontiguousarray(picture[..., ::-1]), METHOD) == text.encode()
