"""What one call of a model is given: arrays in the Shot's conventions, which each adapter turns into its model's."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Step:
    """How far a clip is."""

    what: str  # is being done, in words
    done: int
    total: int


@dataclass(frozen=True)
class ClipInputs:
    """F frames of width × height pixels; an array that the control does not need is None."""

    width: int
    height: int
    count: int  # F
    fps: float
    prompt: str
    negative: str
    seed: int
    steps: int
    guidance: float
    strength: float  # of the control
    start: NDArray[np.uint8]  # (C, H, W, 3) sRGB, C ≥ 1: the first frames, known whole
    video: NDArray[np.uint8] | None = None  # (F, H, W, 3): warped pictures, depth, edges or tracks
    hole: NDArray[np.bool_] | None = None  # (F, H, W): pixels of `video` that nobody knows
    pose: Array | None = None  # (F, 4, 4) float64, camera to world, the clip's first the identity
    intrinsics: Array | None = None  # (F, 3, 3) float64, pixels of this size
    noise_free: float = 1.0  # Time-to-Move: shares of noise
    noise_known: float = 1.0
