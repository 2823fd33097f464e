"""Guided images: pictures at certain frames that the job is drawn towards, as the webui's "guided images" do it.

Before a frame is generated, the picture that holds then is mixed into it; after it, its colors are drawn towards a
mixture of the two. How much is mixed swings between two pictures' frames:

    blend = max - slope·cos(2·(k mod tweening) / tweening)        in the first `tweening` frames after a picture
    blend = 0.07                                                  elsewhere
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from ....schedules import Context
from .. import input_files
from . import images
from .images import from_bytes

OUTSIDE = 0.07  # the share of a picture where no tweening is going on
APART = 25  # frames between two pictures where there is only one


class GuidedImages:
    """The pictures of a job and the frames (from 0) at which they begin."""

    def __init__(self, files: Mapping[int, Tensor]):
        self.files = dict(sorted(files.items()))

    def __bool__(self) -> bool:
        return bool(self.files)

    def at(self, k: int) -> Tensor:
        """The picture that holds at frame k, (1, 3, H, W)."""
        begun = [frame for frame in self.files if frame <= k]
        return self.files[max(begun) if begun else min(self.files)]

    def weight(self, k: int, schedules: Callable[[str, int], float]) -> float:
        """How much of it is mixed in at frame k. schedules: a schedule's value at a frame."""
        frames = list(self.files)
        spans = zip(frames, frames[1:], strict=False)
        apart = next((later - earlier for earlier, later in spans if earlier <= k <= later), APART)
        tweening = max(schedules("tweening_frames_schedule", k), 1e-6)
        if k % max(apart, 1) > tweening:
            return OUTSIDE
        turn = math.cos((k % tweening) / (tweening / 2))
        return min(max(schedules("blendFactorMax", k) - schedules("blendFactorSlope", k) * turn, 0.0), 1.0)


def read(given: Any, context: Context, size: tuple[int, int], device: str) -> GuidedImages:
    """The guided images of a setting: {frame or expression: file}, or its JSON. size: width and height.

    One that holds at no frame is not looked for; its frame still counts for how the others swing.
    """
    shown = {
        frame: from_bytes(images.fitted(images.read(path, "guided_images"), *size), device)
        for frame, path in input_files.shown(given, context).items()
    }
    if not shown:
        return GuidedImages({})
    unread = next(iter(shown.values()))  # in place of those that hold at no frame
    return GuidedImages({frame: shown.get(frame, unread) for frame in input_files.guided(given, context)})
