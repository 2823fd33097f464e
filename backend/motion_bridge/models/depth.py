"""Depth estimators: a picture in, how near each pixel is out.

MiDaS (DPT) and Depth Anything V2 through transformers, MiDaS small through timm, from a local folder or the Hugging
Face cache. Their
numbers are inverse depths without a unit: only their order and proportions mean something.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AutoConfig, DepthAnythingForDepthEstimation, DPTForDepthEstimation

from ..errors import BadInput
from ..files import home
from ..model_registry.depth_models import ESTIMATORS, folder_of
from ..model_registry.folder_check import weight_faults
from . import midas_small


@dataclass(frozen=True)
class Preprocessing:
    """How an estimator wants its pictures."""

    side: int  # the shorter one, pixels
    multiple: int
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    kind: str


IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
KNOWN = {
    "dpt": (DPTForDepthEstimation, Preprocessing(384, 32, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), "midas")),
    "depth_anything": (DepthAnythingForDepthEstimation, Preprocessing(518, 14, *IMAGENET, "depth-anything")),
}
SMALL = Preprocessing(256, 32, *IMAGENET, "midas")  # midas_small.py


class DepthModel:
    """A loaded estimator. `kind` is midas or depth-anything."""

    def __init__(self, network: Callable[[Tensor], Tensor], preprocessing: Preprocessing, square: bool = False):
        """network: normalized pictures (B, 3, h, w) to inverse depth (B, h', w'). square: whatever their shape is."""
        self.network = network
        self.preprocessing = preprocessing
        self.square = square
        self.kind = preprocessing.kind

    def __call__(self, picture: Tensor) -> Tensor:
        """Inverse depth of pictures (B, 3, H, W), 0 to 1: (B, H, W), larger is nearer."""
        height, width = picture.shape[-2:]
        side, multiple = self.preprocessing.side, self.preprocessing.multiple
        scale = side / min(height, width)
        size = [max(round(edge * scale / multiple), 1) * multiple for edge in (height, width)]
        shown = functional.interpolate(picture, [side, side] if self.square else size, mode="bicubic", antialias=True)
        mean, deviation = (
            picture.new_tensor(each)[:, None, None] for each in (self.preprocessing.mean, self.preprocessing.deviation)
        )
        with torch.inference_mode():
            found = self.network((shown.clamp(0, 1) - mean) / deviation)
        near = functional.interpolate(found[:, None].float(), (height, width), mode="bicubic")
        return near[:, 0].clone()


def load(name: str, device: str) -> DepthModel:
    """The estimator of that name, or in a folder; BadInput for an incomplete or pickled one, ModelMissing."""
    folder = home.expand(name, "The depth model")
    if not folder.is_dir():
        if name not in ESTIMATORS:
            raise BadInput(f"There is no depth model {name!r}; choose one of {', '.join(ESTIMATORS)}, or a folder.")
        folder = folder_of(name)
    if folder.name == midas_small.NAME:
        return DepthModel(midas_small.load(folder).to(device), SMALL)
    faults = list(weight_faults(folder, ""))
    if faults:
        raise BadInput(f"{folder} cannot be loaded as a depth model: {' '.join(faults)}")
    return _of_transformers(folder, device)


def _of_transformers(folder: Path, device: str) -> DepthModel:
    model_type = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False).model_type
    if model_type not in KNOWN:
        raise BadInput(f"{folder} holds a {model_type!r} model; depth comes from {' or '.join(KNOWN)}.")
    which, preprocessing = KNOWN[model_type]
    model = which.from_pretrained(folder, use_safetensors=True, local_files_only=True).eval().to(device)
    preprocessing = replace(preprocessing, side=getattr(model.config, "image_size", None) or preprocessing.side)
    # the positions of DPT are learned for one square
    return DepthModel(lambda shown: model(shown).predicted_depth, preprocessing, square=model_type == "dpt")
