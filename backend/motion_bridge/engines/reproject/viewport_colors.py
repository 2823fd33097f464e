"""The color of a surface that no picture shows: its material's viewport color, lit roughly."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry.mesh_scene import MeshScene, MeshSurfaces
from ...geometry.visible_surfaces import Surfaces
from .frame_buffer import Source

Array = NDArray[Any]

AMBIENT = 0.35  # of the light, from everywhere
SAMPLES = 4096  # pixels of a key picture that tell how bright the scene is
BRIGHTNESS = 0.05, 8.0  # at least, at most
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
GRAY = 0.8  # linear, of a surface without a material


class ViewportColors:
    """Rough colors for a scene with geometry, as bright as its first key picture."""

    def __init__(self, scene: MeshScene, key: Source) -> None:
        self._scene, self._key = scene, key

    def of(self, k: int, here: Surfaces, pixels: NDArray[np.intp]) -> NDArray[np.float32]:
        """(n, 3) sRGB, 0 to 255, of pixels (n,) of frame k that show something."""
        return srgb(self._lit(k, here, pixels) * self._brightness)

    @cached_property
    def _brightness(self) -> float:
        clean = np.flatnonzero((self._key.surfaces.index > 0) & ~self._key.surfaces.fringe)
        if not len(clean):
            return 1.0
        some = clean[:: max(1, len(clean) // SAMPLES)]
        depth = 255 if self._key.pixels.dtype == np.uint8 else 65535
        colors = self._key.pixels.reshape(-1, 3)[some].astype(np.float64)
        picture = linear(colors / depth) @ LUMINANCE
        rough = self._lit(self._key.index, self._key.surfaces, some) @ LUMINANCE
        return float(np.clip(np.median(picture / np.maximum(rough, 1e-3)), *BRIGHTNESS))

    def _lit(self, k: int, here: Surfaces, pixels: NDArray[np.intp]) -> Array:
        """Linear colors (n, 3): Lambert's law, with a lamp above and behind the camera."""
        assert isinstance(here, MeshSurfaces) and self._scene.shot.geometry is not None
        geometry, layout = self._scene.shot.geometry, here.world.layout
        triangle = here.triangle.ravel()[pixels]
        table = np.array([each.color for each in geometry.materials] or [(GRAY,) * 3])
        color = table[geometry.meshes.material[here.world.faces(triangle)]]
        first, second, third = (here.world.points[layout.triangles[triangle, corner]] for corner in range(3))
        normal = np.cross(second - first, third - first)
        pose = self._scene.shot.camera.pose[k]
        lamp = np.array([0, 0, 1.0]) - 0.8 * pose[:3, 2] - 0.3 * pose[:3, 0]
        toward = -pose[:3, 2] if self._scene.shot.camera.orthographic[k] else pose[:3, 3] - first
        side = np.sign((normal * toward).sum(-1))
        size = np.linalg.norm(normal, axis=-1) * np.linalg.norm(lamp)
        cosine = side * (normal @ lamp) / np.where(size > 0, size, 1)
        return color * (AMBIENT + (1 - AMBIENT) * np.maximum(cosine, 0))[:, None]


def linear(values: Array) -> Array:
    """sRGB to light, both 0 to 1 (IEC 61966-2-1)."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def srgb(light: Array) -> NDArray[np.float32]:
    """Light to sRGB in 0 to 255, clipped."""
    light = np.clip(light, 0, 1)
    return (255 * np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)).astype(np.float32)
