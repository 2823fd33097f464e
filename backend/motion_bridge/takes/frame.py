"""A finished picture, and what a resumed job finds of those that were made before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Frame:
    """One finished picture."""

    index: int  # position in the Shot, from 0
    pixels: NDArray[np.uint8]  # (H, W, 3), sRGB, top row first
    notes: Mapping[str, Any] = field(default_factory=dict)  # what a resumed job must know of it; kept in the file
    state: NDArray[np.generic] | None = None  # what a resumed job must have that is no text; kept beside the file
    deep: NDArray[np.uint16] | None = None  # the same picture with 16 bits, 257 times the values; written instead


class Finished(Protocol):
    """The frames of this job that are on disk already, so that a resumed job goes on exactly where it was."""

    def __contains__(self, index: int) -> bool: ...
    def pixels(self, index: int) -> NDArray[np.uint8]: ...
    def notes(self, index: int) -> Mapping[str, Any]: ...
    def state(self, index: int) -> NDArray[np.generic] | None: ...  # None where there is none, or it was deleted
