"""A Blender camera as the Shot's: pose, intrinsics in pixels, and what it clips.

Blender looks along -Z with Y up and takes the camera's scale away column by column; so a parent that mirrors mirrors
the picture, and one that shears leaves axes that are not at right angles. Both are linear, so they go into the
intrinsics exactly: the matrix from world to picture is split into a triangle and a rotation from its last row up (RQ).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.shot import LARGEST_SIDE
from .missing_data import REMEDY, missing_file

OPENCV = np.diag([1.0, -1.0, -1.0])  # Blender's camera axes, seen from OpenCV's


@dataclass(frozen=True)
class Lens:
    """What Blender stores of a camera, as plain numbers."""

    orthographic: bool
    focal: float  # mm
    scale: float  # of an orthographic view: the width of the picture, scene units
    sensor: tuple[float, float]  # mm
    fit: str  # AUTO, HORIZONTAL, VERTICAL
    shift: tuple[float, float]  # of the larger side


@dataclass(frozen=True)
class Picture:
    """The picture that a scene renders."""

    width: int  # pixels
    height: int
    aspect: tuple[float, float]  # of one pixel


@dataclass(frozen=True, slots=True)
class CameraFrame:
    """The camera at one frame."""

    name: str
    pose: NDArray[np.float64]  # (4, 4)
    intrinsics: NDArray[np.float64]  # (3, 3)
    orthographic: bool
    near: float
    far: float


def picture_of(render: Any) -> Picture:
    """The size that a scene renders at; BadInput when it is nothing or too large."""
    share = render.resolution_percentage
    width, height = render.resolution_x * share // 100, render.resolution_y * share // 100
    if not (1 <= width <= LARGEST_SIDE and 1 <= height <= LARGEST_SIDE):
        raise BadInput(
            f"The picture is {width}×{height} pixels; each side must be 1 to {LARGEST_SIDE}. "
            "Change the resolution or its percentage in the output properties."
        )
    return Picture(width, height, (render.pixel_aspect_x, render.pixel_aspect_y))


class Sample(NamedTuple):
    """What Blender says of the active camera at one frame; equal samples are equal cameras."""

    name: str
    frame: float
    matrix: tuple[tuple[float, ...], ...]  # 4×4, object to world
    lens: Lens
    picture: Picture
    near: float
    far: float


def read_camera(depsgraph: Any, frame: float) -> CameraFrame:
    """The active camera of an evaluated scene; BadInput when there is none or it cannot be told in a matrix."""
    return placed([sample(depsgraph, frame)])[0]


def sample(depsgraph: Any, frame: float) -> Sample:
    """What Blender says of the active camera; BadInput when there is none or it has no motion in a matrix."""
    scene = depsgraph.scene
    obj = scene.camera
    if obj is None:
        raise BadInput(f"The scene {scene.name!r} has no camera at frame {frame:g}; add one and make it active.")
    if missing := missing_file(obj):
        raise BadInput(f"The camera {obj.name!r} is linked from {missing}, which is not there. {REMEDY}")
    if obj.type != "CAMERA":
        raise BadInput(
            f"The active camera {obj.name!r} at frame {frame:g} is of type {obj.type.title()}; choose a camera."
        )
    obj = obj.evaluated_get(depsgraph)
    camera = obj.data
    if camera.type not in ("PERSP", "ORTHO"):
        raise BadInput(
            f"The camera {obj.name!r} at frame {frame:g} is {camera.type.lower()}; only perspective and orthographic "
            "cameras have a motion that the engines understand. Change its type in the camera properties."
        )
    lens = Lens(
        camera.type == "ORTHO",
        camera.lens,
        camera.ortho_scale,
        (camera.sensor_width, camera.sensor_height),
        camera.sensor_fit,
        (camera.shift_x, camera.shift_y),
    )
    matrix = tuple(row[:] for row in obj.matrix_world)
    name, picture = obj.original.name, picture_of(scene.render)
    return Sample(name, frame, matrix, lens, picture, camera.clip_start, camera.clip_end)


def placed(samples: Sequence[Sample]) -> list[CameraFrame]:
    """Pose and intrinsics of every sample; BadInput names the first whose matrix has no inverse."""
    matrices = np.array([sample.matrix for sample in samples], np.float64)
    flat = np.flatnonzero(is_flat(matrices))
    if len(flat):
        sample = samples[flat[0]]
        raise BadInput(
            f"The camera {sample.name!r} is flat at frame {sample.frame:g}: it or a parent has zero scale. "
            "Give it a scale."
        )
    orthographic = np.array([sample.lens.orthographic for sample in samples])
    pose, triangle = place(matrices, orthographic)
    intrinsics = np.stack([intrinsics_of(sample.lens, sample.picture) for sample in samples]) @ triangle
    intrinsics /= intrinsics[:, 2:, 2:]
    return [
        CameraFrame(sample.name, pose[at], intrinsics[at], sample.lens.orthographic, sample.near, sample.far)
        for at, sample in enumerate(samples)
    ]


def is_flat(matrix: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which cameras (T, 4, 4) have axes that span no space, or no numbers at all: (T,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        length = np.linalg.norm(matrix[:, :3, :3], axis=1)
        volume = np.abs(np.linalg.det(matrix[:, :3, :3] / length[:, None]))
        return ~(np.isfinite(matrix).all(axis=(1, 2)) & (length.min(axis=1) >= 1e-12) & (volume >= 1e-9))


def place(
    matrix: NDArray[np.float64], orthographic: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Poses (T, 4, 4) of cameras whose matrices in the world (T, 4, 4) may mirror, scale and shear, and the triangles
    (T, 3, 3) that the intrinsics take from the right. None may be flat.
    """
    axes = matrix[:, :3, :3] / np.linalg.norm(matrix[:, :3, :3], axis=1)[:, None] @ OPENCV
    to_picture = _inverse(axes)
    # Orthographic rays run along the camera's own z, wherever the picture plane leans.
    depth_axis = np.where(orthographic[:, None], axes[:, :, 2], _unit(to_picture[:, 2]))
    along = (to_picture[:, 1] * depth_axis).sum(axis=1)
    down = _unit(to_picture[:, 1] - along[:, None] * depth_axis)
    turn = np.stack([np.cross(down, depth_axis), down, depth_axis], axis=2)
    triangle = np.triu(to_picture @ turn)
    triangle[orthographic, :2, 2], triangle[orthographic, 2] = 0, (0, 0, 1)
    pose = np.tile(np.eye(4), (len(matrix), 1, 1))
    pose[:, :3, :3], pose[:, :3, 3] = turn, matrix[:, :3, 3]
    return pose, triangle


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverses (T, 3, 3) by Cramer's rule: LAPACK would wake its threads for each, which costs milliseconds."""
    first, second, third = (matrix[:, :, at] for at in range(3))
    rows = np.stack([np.cross(second, third), np.cross(third, first), np.cross(first, second)], axis=1)
    return rows / (first * rows[:, 0]).sum(axis=1)[:, None, None]


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def intrinsics_of(lens: Lens, picture: Picture) -> NDArray[np.float64]:
    """Pixels from camera axes; Blender's rules for sensor fit, shift and pixel aspect (its view plane), in float64."""
    tall = picture.aspect[1] / picture.aspect[0]
    vertical = lens.fit == "VERTICAL" or (lens.fit == "AUTO" and picture.width < tall * picture.height)
    side = tall * picture.height if vertical else picture.width  # what the sensor's size spans, in pixel widths
    sensor = lens.sensor[1] if lens.fit == "VERTICAL" else lens.sensor[0]
    focal = side / lens.scale if lens.orthographic else side * lens.focal / sensor
    x = picture.width / 2 - lens.shift[0] * side
    y = picture.height / 2 + lens.shift[1] * side / tall
    return np.array([[focal, 0, x], [0, focal / tall, y], [0, 0, 1]])
