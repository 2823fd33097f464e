"""Camera poses to Deforum's motion channels, and back; both closed form.

Poses are camera-to-world in OpenCV axes (x right, y down, z forward). A point X of the old camera, as a row, is seen
by the new one at X·P + T, with P = Rx(rx)·Ry(ry)·Rz(rz) and T = (-tx, +ty, -tz) / 200. So +tx moves the camera right,
+ty up, +tz forward; +rx tilts it up, +ry pans right, +rz rolls it clockwise; degrees, and 1/200 of a depth unit.
The motion from frame k-1 to frame k is the value at key k; key 0 stands still. See docs/deforum-conventions.md.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

TRANSLATION = ("translation_x", "translation_y", "translation_z")
ROTATION = ("rotation_3d_x", "rotation_3d_y", "rotation_3d_z")
CHANNELS_3D = TRANSLATION + ROTATION
CHANNELS_2D = ("translation_x", "translation_y", "angle", "zoom")
STEP = np.array([-200.0, 200.0, -200.0])  # translation schedule per depth unit of T


def relative(pose: Array) -> Array:
    """The motion of the world from frame to frame, seen from the later camera: (T, 4, 4) → (T-1, 4, 4)."""
    return np.linalg.inv(pose[1:]) @ pose[:-1]


def motion(pose: Array, units: float = 1.0, still: Collection[int] = ()) -> Array:
    """Deforum's six motion channels at every frame, in the order of CHANNELS_3D: (T, 4, 4) → (T, 6).

    units: Deforum depth units per scene unit. still: frames (from 0) without motion, such as cuts.
    """
    move = relative(pose)
    turn = move[:, :3, :3].transpose(0, 2, 1)
    value = np.zeros((len(pose), 6))
    value[1:, :3] = units * move[:, :3, 3] * STEP
    value[1:, 3] = np.arctan2(-turn[:, 1, 2], turn[:, 2, 2])
    value[1:, 4] = np.arctan2(turn[:, 0, 2], np.hypot(turn[:, 0, 0], turn[:, 0, 1]))
    value[1:, 5] = np.arctan2(-turn[:, 0, 1], turn[:, 0, 0])
    value[:, 3:] = np.degrees(value[:, 3:])
    value[list(still)] = 0
    return value + 0.0  # no negative zeros in text


def matrices(value: Array, units: float = 1.0) -> Array:
    """The inverse of `motion`: what each frame's channels do to points of the camera before it: (T, 6) → (T, 4, 4)."""
    move = np.zeros((len(value), 4, 4))
    move[:, :3, :3] = turns(value[:, 3:]).transpose(0, 2, 1)
    move[:, :3, 3] = value[:, :3] / STEP / units
    move[:, 3, 3] = 1
    return move


def poses(value: Array, units: float = 1.0) -> Array:
    """The camera that moves as the channels say, starting at the origin: (T, 6) → (T, 4, 4)."""
    back = np.linalg.inv(matrices(value, units))
    pose = np.empty_like(back)
    pose[0] = np.eye(4)
    for k in range(1, len(back)):
        pose[k] = pose[k - 1] @ back[k]
    return pose


def turns(degrees: Array) -> Array:
    """P = Rx·Ry·Rz for rotations (..., 3) in degrees: (..., 3, 3), to be applied to rows."""
    x, y, z = _axes(degrees)
    return x @ y @ z


def turns_and_slopes(degrees: Array) -> tuple[Array, Array]:
    """P and its derivatives by each of the three rotations, per degree: (..., 3, 3) and (3, ..., 3, 3)."""
    x, y, z = _axes(degrees)
    # d R / d angle = R · G, with the generator of the axis
    slope = np.stack([x @ _GENERATOR[0] @ y @ z, x @ y @ _GENERATOR[1] @ z, x @ y @ z @ _GENERATOR[2]])
    return x @ y @ z, np.radians(1.0) * slope


def horizontal_fov(intrinsics: Array, width: int) -> Array:
    """The angle between the left and right edge of a centerd picture: (..., 3, 3) → (...) degrees."""
    return np.degrees(2 * np.arctan(width / 2 / np.abs(intrinsics[..., 0, 0])))


_GENERATOR = np.array(
    [
        [[0, 0, 0], [0, 0, -1], [0, 1, 0]],
        [[0, 0, 1], [0, 0, 0], [-1, 0, 0]],
        [[0, -1, 0], [1, 0, 0], [0, 0, 0]],
    ],
    dtype=np.float64,
)


def _axes(degrees: Array) -> list[Array]:
    angle = np.radians(degrees)[..., None, None]
    sine, cosine = np.sin(angle), np.cos(angle)
    square = _GENERATOR @ _GENERATOR
    return [np.eye(3) + sine[..., i, :, :] * _GENERATOR[i] + (1 - cosine[..., i, :, :]) * square[i] for i in range(3)]
