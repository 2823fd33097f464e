"""What the known Blender exporter (micwalk/blender-export-diffusion 1.1.4) writes for a camera, from its formulas.

Rotations in the opposite order, each motion one key early, the motion into the last frame lost, no field of view. It
is given the camera's own horizontal field of view, which its users set by hand, and its best constant scale.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

_FLIP = np.diag([1.0, -1.0, -1.0])  # OpenCV camera axes to Blender's


def channels(pose: Array, scale: float, *, right_timing: bool = False) -> Array:
    """Its six channels at every frame, in the order of CHANNELS_3D: (T, 4, 4) → (T, 6)."""
    turn = pose[:, :3, :3]
    step = turn[:-1].transpose(0, 2, 1) @ turn[1:]
    step = _FLIP @ step @ _FLIP
    away = np.einsum("tji,tj->ti", turn[1:], np.diff(pose[:, :3, 3], axis=0)) @ _FLIP
    value = np.zeros((len(pose) - 1, 6))
    value[:, :3] = scale * away * (1, 1, -1)
    value[:, 3] = np.arctan2(step[:, 2, 1], step[:, 2, 2])
    value[:, 4] = np.arcsin(np.clip(step[:, 2, 0], -1, 1))
    value[:, 5] = -np.arctan2(step[:, 1, 0], step[:, 0, 0])
    value[:, 3:] = np.degrees(value[:, 3:])
    if right_timing:
        return np.concatenate([np.zeros((1, 6)), value])
    kept = value[:-1] if len(value) > 1 else value
    return np.concatenate([kept, np.repeat(kept[-1:], len(pose) - len(kept), axis=0)])
