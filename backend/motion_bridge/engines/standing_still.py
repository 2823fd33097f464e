"""A Shot that goes on as its first frame."""

from dataclasses import fields, replace
from typing import Any

import numpy as np

from ..errors import BadInput
from ..shot import Shot, Tracks

MAPS = ("depth", "flow")


def standing_still(shot: Shot, frames: int) -> Shot:
    """So many frames in which all stays as it is in the first; nothing is copied, and nothing may be written to.

    BadInput for a Shot with maps of objects, which says where things are in another way.
    """
    if shot.objects is not None:
        raise BadInput("This Shot holds maps of its objects; a live session needs geometry. Write the Shot again.")

    def held(array: Any, axis: int) -> Any:
        first = np.take(array, [0], axis)
        return np.broadcast_to(first, (*first.shape[:axis], frames, *first.shape[axis + 1 :]))

    camera = {each.name: getattr(shot.camera, each.name) for each in fields(shot.camera)}
    tracks = shot.tracks
    return replace(
        shot,
        frames=tuple(range(shot.frames[0], shot.frames[0] + frames)),
        camera=replace(shot.camera, **{name: held(value, 0) for name, value in camera.items() if value is not None}),
        tracks=tracks and Tracks(held(tracks.xy, 1), held(tracks.visible, 1), tracks.name, tracks.kind),
        cuts=(),
        times=None,
        **{name: held(getattr(shot, name), 0) for name in MAPS if getattr(shot, name) is not None},
    )
