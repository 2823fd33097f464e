"""One frame of a snapshot: the surfaces, and the camera that looks at them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...backend.motion_bridge.motion.camera import transform
from ...backend.motion_bridge.motion.raster import Array, View
from .camera import CameraFrame, Picture
from .geometry import Geometry
from .soup import Soup, soups


@dataclass(frozen=True)
class Moment:
    """Frame `at` of a snapshot, by position."""

    at: int
    soup: Soup
    pose: Array  # (4, 4) camera to world
    view: View
    path: Array  # (T, 4, 4) the poses of all frames

    @cached_property
    def to_camera(self) -> Array:
        """World to camera (4, 4)."""
        return np.linalg.inv(self.pose)

    @cached_property
    def points(self) -> Array:
        """The soup's points (V, 3) in camera space."""
        return transform(self.to_camera, self.soup.points)


def moments(geometry: Geometry, cameras: Sequence[CameraFrame], picture: Picture) -> Iterator[Moment]:
    """The frames of a snapshot, one after the other."""
    path = np.stack([camera.pose for camera in cameras])
    for at, (soup, camera) in enumerate(zip(soups(geometry), cameras, strict=True)):
        yield Moment(at, soup, camera.pose, view_of(camera, picture), path)


def view_of(camera: CameraFrame, picture: Picture) -> View:
    """A camera as the rasteriser takes it."""
    return View(camera.intrinsics, picture.width, picture.height, camera.near, camera.far, camera.orthographic)
