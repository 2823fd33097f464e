"""LPIPS (Zhang et al., 2018) by AlexNet, where its weights are on disk: how unlike two pictures look to people.

One file in the models folder holds them: AlexNet's convolutions under torchvision's names (features.0.weight …) and the
five mixes under those of the lpips package (lin0.model.1.weight …). Both are published as pickles, which are never
opened here; torch and safetensors turn them into this file in three lines (docs/benchmarks.md).
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from ..model_registry.registry import models_folder
from .tracker import Video

FILE = "lpips-alex.safetensors"
MISSING = f"weights not on disk ({FILE} in the models folder)"
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # of pictures in -1 … 1
LAYERS = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}  # out, in, side
POOLED = (3, 6)  # layers that see their input halved
TOGETHER = 64  # frames


def at_hand() -> Callable[[Video, Video], NDArray[np.float64]] | None:
    """The distance of two videos frame by frame, (T,); None where the weights are not on disk."""
    path = models_folder() / FILE
    return load(path) if path.is_file() else None


def load(path: Path) -> Callable[[Video, Video], NDArray[np.float64]]:
    """The same from a file. BadInput where it is damaged, or does not hold these weights."""
    from ..models import safetensors_file

    weights = safetensors_file.read(path)
    expected = {}
    for number, (layer, (width, depth, side)) in enumerate(LAYERS.items()):
        expected[f"features.{layer}.weight"] = (width, depth, side, side)
        expected[f"features.{layer}.bias"] = (width,)
        expected[f"lin{number}.model.1.weight"] = (1, width, 1, 1)
    wrong = [name for name, shape in expected.items() if name not in weights or weights[name].shape != shape]
    if wrong:
        raise BadInput(f"{path} does not hold LPIPS's weights; missing or misshapen: {', '.join(wrong)}.")
    return partial(_distance, weights)


def _distance(weights: dict, one: Video, other: Video) -> NDArray[np.float64]:
    import torch

    found = []
    with torch.no_grad():
        for at in range(0, len(one), TOGETHER):
            features = [_features(weights, video[at : at + TOGETHER]) for video in (one, other)]
            total = torch.zeros(len(features[0][0]))
            for number, (a, b) in enumerate(zip(*features, strict=True)):
                mixed = ((a - b).square() * weights[f"lin{number}.model.1.weight"][0]).sum(1)
                total += mixed.mean((1, 2))
            found.append(total)
    return torch.cat(found).double().numpy()


def _features(weights: dict, video: Video) -> list:
    """What each of the five layers sees, of length 1 at every place."""
    import torch
    from torch.nn import functional

    shown = torch.from_numpy(np.array(video)).permute(0, 3, 1, 2).float() / 127.5 - 1
    seen = (shown - torch.tensor(SHIFT)[:, None, None]) / torch.tensor(SCALE)[:, None, None]
    features = []
    for layer, (_, _, side) in LAYERS.items():
        if layer in POOLED:
            seen = functional.max_pool2d(seen, 3, stride=2)
        weight, bias = weights[f"features.{layer}.weight"], weights[f"features.{layer}.bias"]
        stride, edge = (4, 2) if layer == 0 else (1, side // 2)
        seen = functional.relu(functional.conv2d(seen, weight, bias, stride=stride, padding=edge))
        features.append(seen / (seen.square().sum(1, keepdim=True).sqrt() + 1e-10))
    return features
