"""A guide video: the Shot's surfaces under a drawn texture, for the webui's hybrid optical-flow motion to follow.

Where no schedule can express a shot, its motion can still be shown. Every surface carries a solid texture in its own
coordinates, with waves from 4 to 256 pixels wherever it stands, which is what optical flow needs. The picture itself is
never used, only how it moves.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput
from ...geometry.camera import pixel_centers, unproject
from ...geometry.cancellation import breathe
from ...shot import Shot
from .reference_flow import grid, still_frames, travel

Array = NDArray[np.floating]

SETTINGS: dict[str, Any] = {  # beside video_init_path: what makes the webui follow the guide and nothing else
    "animation_mode": "2D",
    "border": "replicate",
    "diffusion_cadence": 1,
    "hybrid_generate_inputframes": True,
    "hybrid_use_first_frame_as_init_image": False,
    "hybrid_motion": "Optical Flow",
    "hybrid_flow_method": "DIS Medium",
    "hybrid_motion_use_prev_img": False,
    "hybrid_flow_consistency": False,
    "hybrid_composite": "None",
    "hybrid_flow_factor_schedule": "0:(1)",
    "enable_perspective_flip": False,
    "angle": "0:(0)",
    "zoom": "0:(1)",
    "translation_x": "0:(0)",
    "translation_y": "0:(0)",
    "translation_z": "0:(0)",
    "rotation_3d_x": "0:(0)",
    "rotation_3d_y": "0:(0)",
    "rotation_3d_z": "0:(0)",
}
FLOW_NOISE = 0.15  # pixels that DIS Medium adds on this texture; measured by `python -m benchmarks bridge`

CONTRAST = 320  # grey levels per unit of noise

_SIDE = 64  # of the lattice of random values, which repeats
_FINEST = 4.0  # pixels per wave of the finest octave
_OCTAVES = 7
_SLOPE = 0.5  # how much stronger each octave is than the next finer, in powers of two


def pictures(shot: Shot) -> Iterator[NDArray[np.uint8]]:
    """The guide's frames (H, W, 3), always the same for the same Shot. BadInput without depth."""
    if shot.depth is None:
        raise BadInput("This Shot has no depth to draw a guide video from; read the scene with depth.")
    lattice = np.random.default_rng(1).random((_SIDE, _SIDE, _SIDE), np.float32)
    for k in range(len(shot.frames)):
        breathe()
        grey = _texture(*_surface(shot, k), lattice)
        shown = np.clip(128 + CONTRAST * grey, 0, 255).astype(np.uint8)
        yield np.repeat(shown[..., None], 3, axis=-1)


def expected_error(shot: Shot) -> Array:
    """What remains of a good guide, whose flow the webui reads at the wrong frame's pixels: (T,) mean pixels."""
    index = grid(shot.width, shot.height, 64, 36)
    error = np.zeros(len(shot.frames))
    still = still_frames(shot)
    for k in range(1, len(shot.frames)):
        breathe()
        if k in still:
            continue
        was, seen = travel(shot, k, k - 1, index)
        goes, _ = travel(shot, k - 1, k, index)
        ahead = goes - (index + 0.5)
        seen &= np.isfinite(ahead).all(-1)
        if seen.any():
            distance = np.linalg.norm((was - (index + 0.5)) + ahead, axis=-1)[seen]
            error[k] = np.hypot(distance, FLOW_NOISE).mean()
    return error


def _surface(shot: Shot, k: int) -> tuple[Array, Array]:
    """Where each pixel's surface is in its own coordinates (H, W, 3), and how much of it a pixel covers (H, W)."""
    camera, flat = shot.camera, bool(shot.camera.orthographic[k])
    depth = np.asarray(shot.depth[k], np.float64)  # type: ignore[index]
    endless = np.isinf(depth)
    far = np.where(endless, 1.0, depth)
    point = unproject(pixel_centers(shot.width, shot.height), far, camera.intrinsics[k], flat)
    place = point @ camera.pose[k, :3, :3].T + np.where(endless[..., None], 0.0, camera.pose[k, :3, 3])
    if shot.objects is not None:
        back = np.concatenate([np.eye(4)[None], np.linalg.inv(shot.objects.pose[:, k])])
        for thing in range(1, len(back)):
            mine = shot.objects.index[k] == thing
            place[mine] = place[mine] @ back[thing, :3, :3].T + back[thing, :3, 3]
    return place, (np.ones_like(far) if flat else far) / np.abs(camera.intrinsics[k, 0, 0])


def _texture(place: Array, footprint: Array, lattice: Array) -> Array:
    """Octaves of solid noise; which ones depends on how far away the surface is, and they fade in and out.

    Long waves are the stronger ones: a flow that jumps from frame to frame is found by them.
    """
    level = np.log2(_FINEST * footprint)
    first = np.floor(level)
    total, power = np.zeros(level.shape, np.float32), np.zeros(level.shape, np.float32)
    places = [np.ascontiguousarray(place[..., axis]) for axis in range(3)]
    for octave in range(_OCTAVES):
        above = first - level + octave
        share = (np.sin(np.pi * (above + 1) / (_OCTAVES + 1)) * np.exp2(_SLOPE * above)).astype(np.float32)
        per_unit = np.exp2(1 - first - octave)
        total += share * (_noise([axis * per_unit for axis in places], lattice.ravel()) - 0.5)
        power += share * share
    return total / np.sqrt(power)


def _noise(places: list[Array], lattice: Array) -> Array:
    """Values of a repeating lattice, trilinear, at x, y and z."""
    cells, parts = [], []
    for place in places:
        low = np.floor(place)
        part = (place - low).astype(np.float32)
        cell = low.astype(np.int64).astype(np.int32) & (_SIDE - 1)
        cells.append((cell, (cell + 1) & (_SIDE - 1)))
        parts.append((1 - part, part))
    value = np.zeros(places[0].shape, np.float32)
    for i in range(2):
        for j in range(2):
            row = (cells[0][i] * _SIDE + cells[1][j]) * _SIDE
            along = [parts[2][m] * lattice.take(row + cells[2][m]) for m in range(2)]
            value += parts[0][i] * parts[1][j] * (along[0] + along[1])
    return value
