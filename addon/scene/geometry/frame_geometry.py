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
from .static_geometry import Span, spans
from .triangle_soup import Soup, soups


@dataclass(frozen=True)
class Moment:
    """Frame `at` of a snapshot, by position."""

    at: int
    soup: Soup
    pose: Array  # (4, 4) camera to world
    view: View
    path: Array  # (T, 4, 4) the poses of all frames
    span: Span  # what stands still around it

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
        soup, still = self.soup, self.span.still.things
        if not still.any():
            return self.points, soup.triangles, soup.thing
        parts = [(thing, part) for thing, part in soup.parts.items() if not still[thing]]
        if not parts:
            return np.empty((0, 3)), np.empty((0, 3), np.int32), np.empty(0, np.int32)
        some = np.flatnonzero(~still[soup.thing])
        offset, count = np.zeros(len(still), np.int32), 0
        for thing, part in parts:
            offset[thing] = count - soup.start[thing]
            count += len(part)
        points = np.concatenate([part for _, part in parts])
        thing = soup.thing[some]
        return transform(self.to_camera, points), soup.triangles[some] + offset[thing, None], thing


def moments(geometry: Geometry, cameras: Sequence[CameraFrame], picture: Picture) -> Iterator[Moment]:
    """The frames of a snapshot, one after the other."""
    path = np.stack([camera.pose for camera in cameras])
    for at, ((soup, span), camera) in enumerate(zip(spans(geometry, soups(geometry)), cameras, strict=True)):
        yield Moment(at, soup, camera.pose, view_of(camera, picture), path, span)


def view_of(camera: CameraFrame, picture: Picture) -> View:
    """A camera as the rasteriser takes it."""
    return View(camera.intrinsics, picture.width, picture.height, camera.near, camera.far, camera.orthographic)
