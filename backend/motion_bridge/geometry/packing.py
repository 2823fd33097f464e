"""How far a vertex may be off before anybody could measure it: for `GeometryWriter.add_mesh`."""

import numpy as np
from numpy.typing import NDArray

PIXELS = 0.006  # half a step of 16 bits, so that flow, two positions' difference, stays within 0.01 px on average
DEPTH = 2.5e-5  # relative, of a depth that has to be right within 1e-4


def packing_tolerance(
    points: NDArray[np.floating],
    pose: NDArray[np.floating],
    intrinsics: NDArray[np.floating],
    near: float,
    orthographic: bool = False,
) -> float:
    """The greatest error of a coordinate in the object's own space that the camera of a frame cannot tell from none.

    points (V, 3) in camera space; pose (4, 4) object to world; near: the camera's clipping distance. 0 for no points.
    """
    if not len(points):
        return 0.0
    depth = max(float(points[:, 2].min()), near)
    pixels_per_unit = np.abs(np.linalg.svd(intrinsics[:2, :2], compute_uv=False)).max()
    if not orthographic:
        pixels_per_unit /= depth
    scale = np.linalg.svd(pose[:3, :3], compute_uv=False).max()
    return float(min(PIXELS / pixels_per_unit, DEPTH * depth) / scale) if scale > 0 else 0.0
