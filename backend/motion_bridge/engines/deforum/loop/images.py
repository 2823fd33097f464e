"""Pictures in bytes, as they lie on disk, and in floats, as the steps need them."""

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....errors import BadInput
from ....files import regular
from ....media.png import LARGEST_FILE

Picture = NDArray[np.uint8]


def from_bytes(pixels: Picture, device: str) -> Tensor:
    """(H, W, 3) uint8 to (1, 3, H, W) float from 0 to 1."""
    return (torch.from_numpy(np.array(pixels)).to(device).float() / 255).permute(2, 0, 1)[None]


def to_bytes(picture: Tensor) -> Picture:
    """(1, 3, H, W) to (H, W, 3) uint8, rounded."""
    return (picture[0].permute(1, 2, 0).clamp(0, 1) * 255).round().byte().cpu().contiguous().numpy()


def read(path: str, name: str) -> Picture:
    """The picture in a file of any format that OpenCV reads, (H, W, 3) uint8. name: of the setting that asks for it."""
    if not Path(path).is_file():
        raise BadInput(f"{name}: {path} is not there.")
    content = np.frombuffer(regular.read_bytes(Path(path), LARGEST_FILE), np.uint8)
    try:
        pixels = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    except cv2.error:
        pixels = None
    if pixels is None:
        raise BadInput(f"{name}: {path} is not a picture that can be read.")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


def fitted(pixels: Picture, width: int, height: int) -> Picture:
    """The picture stretched to a size, as the field does with every picture that it is given."""
    if pixels.shape[:2] == (height, width):
        return pixels
    smaller = pixels.shape[0] * pixels.shape[1] > width * height
    kernel = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=kernel), np.uint8)
