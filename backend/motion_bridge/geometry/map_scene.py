"""A scene that is known by maps: the depth of each pixel, and which rigid object it shows."""

import numpy as np
from numpy.typing import NDArray

from ..shot import Shot
from .motion import Motion, motion_matrices
from .visible_surfaces import Surfaces, find_surfaces


class MapScene:
    """A Shot with depth. Without objects everything stands still; a pixel with depth then shows the one scene."""

    def __init__(self, shot: Shot) -> None:
        self.shot = shot

    def surfaces(self, k: int) -> Surfaces:
        """What frame k shows."""
        shot = self.shot
        assert shot.depth is not None
        depth = one_frame(shot.depth, k)
        with np.errstate(divide="ignore"):
            near = 1 / depth.astype(np.float32)
        index = np.zeros(near.shape, np.uint16) if shot.objects is None else one_frame(shot.objects.index, k)
        index = np.where(near > 0, index, np.uint16(0))
        precision = 4 * float(np.finfo(depth.dtype).eps)
        return find_surfaces(index, near, precision, shot.camera.intrinsics[k], bool(shot.camera.orthographic[k]))

    def motion(self, k: int, j: int, here: Surfaces) -> Motion:
        """How the pixels of frame k move to frame j."""
        shot = self.shot
        flat = bool(shot.camera.orthographic[k]), bool(shot.camera.orthographic[j])
        if shot.objects is None:
            return Motion(motion_matrices(shot, k, j, np.zeros((0, 4, 4))), np.zeros(1, np.int32), flat)
        now, then = shot.objects.pose[:, k], shot.objects.pose[:, j]
        moved = np.flatnonzero((now != then).any(axis=(1, 2)))
        row = np.zeros(len(now) + 1, np.int32)
        row[moved + 1] = np.arange(1, len(moved) + 1)
        carried = then[moved] @ np.linalg.inv(now[moved])
        return Motion(motion_matrices(shot, k, j, carried), row, flat)


def one_frame(array: NDArray, k: int) -> NDArray:
    """array[k] as its own array. A map of a file is read through the file, so that its pages do not pile up here."""
    if isinstance(array, np.memmap) and array.flags.c_contiguous and array.base is getattr(array, "_mmap", None):
        count = int(np.prod(array.shape[1:]))
        at = array.offset + k * count * array.dtype.itemsize
        return np.fromfile(array.filename, array.dtype, count, offset=at).reshape(array.shape[1:])  # type: ignore
    return np.array(array[k])
