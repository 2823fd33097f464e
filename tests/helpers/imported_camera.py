"""Cameras that were imported, beside those that they came from."""

from pathlib import Path

import bpy
import numpy as np

PLACE, TURN, LENS = 1e-4, 0.002, 0.005  # scene units, degrees, millimeters: what a round trip may change


def load(path: Path, **options) -> bpy.types.Object:
    assert bpy.ops.motion_bridge.import_camera(filepath=str(path), **options) == {"FINISHED"}
    return bpy.context.view_layer.objects.active


def poses(scene, camera) -> np.ndarray:
    """Where a camera is at every frame of the scene: (T, 4, 4)."""
    found = []
    for frame in range(scene.frame_start, scene.frame_end + 1):
        scene.frame_set(frame)
        evaluated = camera.evaluated_get(bpy.context.evaluated_depsgraph_get())
        found.append(np.array(evaluated.matrix_world.normalized(), np.float64))
    return np.stack(found)


def lenses(scene, camera, name: str) -> np.ndarray:
    found = []
    for frame in range(scene.frame_start, scene.frame_end + 1):
        scene.frame_set(frame)
        evaluated = camera.evaluated_get(bpy.context.evaluated_depsgraph_get())
        found.append(getattr(evaluated.data, name))
    return np.array(found)


def apart(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """How far two cameras are apart at most: scene units, degrees."""
    place = np.linalg.norm(first[:, :3, 3] - second[:, :3, 3], axis=-1).max()
    chord = np.linalg.norm(first[:, :3, :3] - second[:, :3, :3], axis=(1, 2)).max()
    return float(place), float(np.degrees(2 * np.arcsin(chord / np.sqrt(8))))
