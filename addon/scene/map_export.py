"""Depth, object index and flow of a whole Shot, drawn into its folder for programs that read pictures."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...backend.motion_bridge import shot as shots
from ...backend.motion_bridge.geometry.computed_maps import with_maps

MAPS = ("depth", "objects", "flow")  # fields of a Shot


def with_drawn_maps(
    shot: shots.Shot, names: frozenset[str], folder: Path, progress: Callable[[int, int], None]
) -> shots.Shot:
    """The Shot with those maps as arrays of its folder's own files. progress is told of every frame, and may raise.

    BadInput when the disk has no room for them.
    """
    computed = with_maps(shot, names)
    count, size = len(shot.frames), (shot.height, shot.width)
    fields = {}
    arrays = []
    if "depth" in names:
        fields["depth"] = shots.map_array(folder, "depth", (count, *size), np.float32)
        arrays.append((fields["depth"], computed.depth))
    if "objects" in names:
        assert computed.objects
        index = shots.map_array(folder, "objects.index", (count, *size), np.uint16)
        pose = shots.map_array(folder, "objects.pose", computed.objects.pose.shape, np.float64)
        for to, poses in zip(pose, computed.objects.pose, strict=True):
            to[:] = poses
        fields["objects"] = shots.Objects(index, pose, computed.objects.name)
        arrays.append((index, computed.objects.index))
    if "flow" in names:
        fields["flow"] = shots.map_array(folder, "flow", (count, *size, 2), np.float32)
        arrays.append((fields["flow"], computed.flow))
    for k in range(count):
        for to, drawn in arrays:
            to[k] = drawn[k]
        progress(k + 1, count)
    return replace(shot, **fields)
