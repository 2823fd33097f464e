"""One frame of a snapshot: the surfaces, and the camera that looks at them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ....backend.motion_bridge.geometry.camera import transform
from ....backend.motion_bridge.geometry.rasterizer import Array, View
from ..camera import CameraFrame, Picture
from .instances import Geometry
from .static_geometry import StaticRange, static_ranges
from .triangle_soup import Soup, soups


@dataclass(frozen=True)
class FrameGeometry:
    """Frame `at` of a snapshot, by position."""

    at: int
    soup: Soup
    pose: Array  # (4, 4) camera to world
    view: View
    path: Array  # (T, 4, 4) the poses of all frames
    static_range: StaticRange  # what stands still around it

    @cached_property
    def to_camera(self) -> Array:
        """World to camera (4, 4)."""
        return np.linalg.inv(self.pose)

    @cached_property
    def points(self) -> Array:
        """The soup's points (V, 3) in camera space."""
        return transform(self.to_camera, self.soup.points)

    @cached_property
    def moving(self) -> tuple[Array, NDArray[np.int32], NDArray[np.int32]]:
        """Of what does not stand still: points (V, 3) in camera space, triangles (F, 3), and whose each is (F,)."""
        soup, static = self.soup, self.static_range.static.instances
        if not static.any():
            return self.points, soup.triangles, soup.instance
        parts = [(instance, part) for instance, part in soup.parts.items() if not static[instance]]
        if not parts:
            return np.empty((0, 3)), np.empty((0, 3), np.int32), np.empty(0, np.int32)
        some = np.flatnonzero(~static[soup.instance])
        offset, count = np.zeros(len(static), np.int32), 0
        for instance, part in parts:
            offset[instance] = count - soup.start[instance]
            count += len(part)
        points = np.concatenate([part for _, part in parts])
        instance = soup.instance[some]
        return transform(self.to_camera, points), soup.triangles[some] + offset[instance, None], instance


def frame_geometries(geometry: Geometry, cameras: Sequence[CameraFrame], picture: Picture) -> Iterator[FrameGeometry]:
    """The frames of a snapshot, one after the other."""
    path = np.stack([camera.pose for camera in cameras])
    for at, ((soup, static_range), camera) in enumerate(
        zip(static_ranges(geometry, soups(geometry)), cameras, strict=True)
    ):
        yield FrameGeometry(at, soup, camera.pose, view_of(camera, picture), path, static_range)


def view_of(camera: CameraFrame, picture: Picture) -> View:
    """A camera as the rasterizer takes it."""
    return View(camera.intrinsics, picture.width, picture.height, camera.near, camera.far, camera.orthographic)
