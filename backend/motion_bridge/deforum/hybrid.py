"""Hybrid video: a guide video moves the picture, and is mixed into it.

Motion is a backward flow in pixels, like every motion here: measured densely (optical flow), or as one robust global
transform (perspective or affine, by RANSAC on matched features). The latter is the animation mode that this project
calls RANSAC.
"""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .legacy import flow_of

MOTIONS = ("Optical Flow", "Perspective", "Affine")
REPROJECTION = 5.0  # pixels that a matched point may be off
CORNERS = 400
FEWEST = 8  # matched points below which no transform is believed

Picture = NDArray[np.uint8]


def motion(before: Picture, after: Picture, kind: str) -> Tensor:
    """How the guide moved from one frame (H, W, 3) to the next, as a backward flow (1, H, W, 2)."""
    if kind == "Optical Flow":
        return optical_flow(before, after)
    return flow_of(global_motion(before, after, kind), torch.zeros(before.shape[:2]))


def optical_flow(before: Picture, after: Picture) -> Tensor:
    """Dense flow by DIS, from the later frame to the earlier, which is where a backward warp looks: (1, H, W, 2)."""
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return torch.from_numpy(flow.calc(_grey(after), _grey(before), None))[None]


def global_motion(before: Picture, after: Picture, kind: str) -> NDArray[np.float64]:
    """The 3×3 matrix that carries pixels of the earlier frame to the later; the identity where nothing can be matched.

    Corners are followed by pyramidal Lucas-Kanade and back; RANSAC then ignores whatever moves on its own.
    """
    corners = cv2.goodFeaturesToTrack(_grey(before), CORNERS, 0.01, 7)
    if corners is None or len(corners) < FEWEST:
        return np.eye(3)
    there, found, _ = cv2.calcOpticalFlowPyrLK(_grey(before), _grey(after), corners, None)
    back, returned, _ = cv2.calcOpticalFlowPyrLK(_grey(after), _grey(before), there, None)
    same = np.linalg.norm(back - corners, axis=-1).ravel() < 0.5
    good = (found.ravel() == 1) & (returned.ravel() == 1) & same
    if good.sum() < FEWEST:
        return np.eye(3)
    cv2.setRNGSeed(0)  # RANSAC draws by chance; a resumed job must draw the same
    if kind == "Perspective":
        matrix, _ = cv2.findHomography(corners[good], there[good], cv2.RANSAC, REPROJECTION)
        return np.eye(3) if matrix is None else matrix
    part, _ = cv2.estimateAffinePartial2D(
        corners[good], there[good], method=cv2.RANSAC, ransacReprojThreshold=REPROJECTION
    )
    return np.eye(3) if part is None else np.vstack([part, [0, 0, 1]])


def composite(picture: Tensor, guide: Tensor, alpha: float, mask: Tensor | None = None) -> Tensor:
    """The guide's frame mixed into the picture: alpha of it where there is no mask, alpha · mask of it elsewhere."""
    share = alpha if mask is None else alpha * mask
    return picture + (guide - picture) * share


def blend_mask(picture: Tensor, guide: Tensor, alpha: float) -> Tensor:
    """The mask "Blend": how light a mixture of picture and guide is, (B, 1, H, W)."""
    return torch.lerp(guide, picture, alpha).mean(1, keepdim=True)


def difference_mask(picture: Tensor, guide: Tensor) -> Tensor:
    """The mask "Difference": how much the two differ, (B, 1, H, W)."""
    return (picture - guide).abs().mean(1, keepdim=True)


def stretched(mask: Tensor, low: float, high: float, contrast: float = 1.0) -> Tensor:
    """A mask with its cutoffs (0 to 100 percent of its range) drawn to black and white, then its contrast changed."""
    least, most = mask.amin((1, 2, 3), keepdim=True), mask.amax((1, 2, 3), keepdim=True)
    even = (mask - least) / (most - least).clamp(min=1e-6)
    drawn = (even - low / 100) / max((high - low) / 100, 1e-6)
    return ((drawn.clamp(0, 1) - 0.5) * contrast + 0.5).clamp(0, 1)


def _grey(picture: Picture) -> Picture:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
