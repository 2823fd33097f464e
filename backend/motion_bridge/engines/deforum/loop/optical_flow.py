"""How one picture became another: what a guide video's motion, redo and cadence are followed by.

Motion is a backward flow in pixels, like every motion here: measured densely (optical flow), or as one robust global
transform (perspective or affine, by RANSAC on matched features). The latter is the animation mode that this project
calls RANSAC.
"""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .sharpen_and_noise import blur
from .warp import warp
from .webui_motion import flow_of

METHODS = ("DIS Medium", "DIS Fine", "Farneback")
FINE = {"GradientDescentIterations": 192, "FinestScale": 0, "PatchSize": 8, "PatchStride": 4}  # of "DIS Fine"
AGREE = 1.0  # pixels, and this much of the flow's length in tenths, by which a way there and back may miss
REPROJECTION = 5.0  # pixels that a matched point may be off
CORNERS = 400
FEWEST = 8  # matched points below which no transform is believed

Picture = NDArray[np.uint8]


def motion(before: Picture, after: Picture, kind: str, method: str = "DIS Medium") -> Tensor:
    """How one picture (H, W, 3) moved to the next, as a backward flow (1, H, W, 2). method: of optical flow."""
    if kind == "Optical Flow":
        return optical_flow(before, after, method)
    return flow_of(global_motion(before, after, kind), torch.zeros(before.shape[:2]))


def optical_flow(before: Picture, after: Picture, method: str = "DIS Medium") -> Tensor:
    """Dense flow, from the later picture to the earlier, which is where a backward warp looks: (1, H, W, 2)."""
    one, two = _gray(after), _gray(before)
    if method == "Farneback":
        flow = cv2.calcOpticalFlowFarneback(one, two, np.zeros((*one.shape, 2), np.float32), 0.5, 3, 15, 3, 5, 1.2, 0)
        return torch.from_numpy(flow)[None]
    dense = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    for name, value in FINE.items() if method == "DIS Fine" else ():
        getattr(dense, f"set{name}")(value)
    return torch.from_numpy(dense.calc(one, two, np.zeros((*one.shape, 2), np.float32)))[None]


def consistent(flow: Tensor, back: Tensor, blurred: int = 0) -> Tensor:
    """Where a flow (1, H, W, 2) leads there and back, from 0 to 1: (1, 1, H, W), with `blurred` pixels of transition.

    back: the flow the other way, on the other picture's pixels.
    """
    returned = flow + warp(back.permute(0, 3, 1, 2), flow, kernel="bilinear").permute(0, 2, 3, 1)
    allowed = AGREE + 0.1 * flow.norm(dim=-1)
    share = (returned.norm(dim=-1) < allowed).float()[:, None]
    return blur(share, 2 * blurred + 1, max(blurred / 2, 0.5)) if blurred > 0 else share


def global_motion(before: Picture, after: Picture, kind: str) -> NDArray[np.float64]:
    """The 3×3 matrix that carries pixels of the earlier frame to the later; the identity where nothing can be matched.

    Corners are followed by pyramidal Lucas-Kanade and back; RANSAC then ignores whatever moves on its own.
    """
    corners = cv2.goodFeaturesToTrack(_gray(before), CORNERS, 0.01, 7)
    if corners is None or len(corners) < FEWEST:
        return np.eye(3)
    there, found, _ = cv2.calcOpticalFlowPyrLK(_gray(before), _gray(after), corners, np.empty_like(corners))
    back, returned, _ = cv2.calcOpticalFlowPyrLK(_gray(after), _gray(before), there, np.empty_like(there))
    same = np.linalg.norm(back - corners, axis=-1).ravel() < 0.5
    good = (found.ravel() == 1) & (returned.ravel() == 1) & same
    if good.sum() < FEWEST:
        return np.eye(3)
    cv2.setRNGSeed(0)  # RANSAC draws by chance; a resumed job must draw the same
    if kind == "Perspective":
        matrix, _ = cv2.findHomography(corners[good], there[good], cv2.RANSAC, REPROJECTION)
        return np.eye(3) if matrix is None else np.asarray(matrix, np.float64)
    part, _ = cv2.estimateAffinePartial2D(
        corners[good], there[good], method=cv2.RANSAC, ransacReprojThreshold=REPROJECTION
    )
    return np.eye(3) if part is None else np.vstack([part, [0, 0, 1]])


def _gray(picture: Picture) -> Picture:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
