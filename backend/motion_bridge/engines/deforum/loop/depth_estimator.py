"""Depth of single pictures, and the 3D warp by it, for Python programs: `from motion_bridge import DepthEstimator`.

Doors to models/depth.py and webui_motion.py, which the engine itself uses.
"""

from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ....errors import BadInput
from ....models import depth as estimators
from ....models import device
from ..pixels import Picture, as_pixels
from . import depth as depths
from . import images, warp, webui_motion

MIDAS = {
    "DPT_Large": "midas-dpt-large",
    "DPT_Hybrid": "midas-dpt-hybrid",
    "MiDaS_small": "midas-small",
}  # its own names
FOV = 40.0  # degrees


class DepthEstimator:
    """An estimator of depth. model: MiDaS' own name, a registered one, or a folder; device: empty for the best."""

    def __init__(self, model: str = "DPT_Large", device: str = ""):
        self.model = MIDAS.get(model, model)
        self.device = device

    def estimate(self, image: Any) -> NDArray[np.float32]:
        """Inverse depth from 0, farthest, to 1, nearest: (H, W). image: (H, W, 3) uint8, or a picture of Pillow's.

        ModelMissing says what to fetch.
        """
        picture = images.from_bytes(as_pixels(image), self._device)
        return depths.normalize(self._loaded(picture))[0].cpu().numpy()

    def warp_with_depth(
        self, image: Any, depth: NDArray[np.floating], translation_z: float, fov: float = FOV
    ) -> Picture:
        """The picture after a step forward, as Deforum's 3D motion takes it: (H, W, 3) uint8.

        depth: (H, W) as `estimate` gives it. translation_z: 200ths of a depth unit. fov: degrees.
        """
        pixels = as_pixels(image)
        if np.shape(depth) != pixels.shape[:2]:
            raise BadInput(f"The depth has shape {np.shape(depth)}; it must be the picture's, {pixels.shape[:2]}.")
        z = webui_motion.equalize(torch.tensor(np.asarray(depth, np.float32))[None], "midas")
        step = webui_motion.Step3D((0.0, 0.0, float(translation_z)), (0.0, 0.0, 0.0), float(fov), 1.0)
        flow = webui_motion.flow_3d(step, z)
        return images.to_bytes(warp.warp(images.from_bytes(pixels, "cpu"), flow, "border", "spline"))

    @cached_property
    def _device(self) -> str:
        return device.resolve(self.device)

    @cached_property
    def _loaded(self) -> Any:
        return estimators.load(self.model, self._device)
