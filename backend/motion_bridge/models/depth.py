"""Depth estimators: a picture in, how near each pixel is out.

MiDaS (DPT) and Depth Anything V2, both through transformers, from a local folder or the Hugging Face cache. Their
numbers are inverse depths without a unit: only their order and proportions mean something.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError
from torch import Tensor
from torch.nn import functional
from transformers import AutoConfig, DepthAnythingForDepthEstimation, DPTForDepthEstimation

from ..errors import BadInput, ModelMissing
from .folder import weight_faults
from .registry import models_folder


@dataclass(frozen=True)
class Estimator:
    """What a kind of estimator wants to be shown."""

    repository: str
    licence: str
    download: float  # GB
    kind: str  # as legacy.equalised calls it


ESTIMATORS = {
    "midas-dpt-large": Estimator("Intel/dpt-large", "Apache-2.0", 1.4, "midas"),
    "midas-dpt-hybrid": Estimator("Intel/dpt-hybrid-midas", "Apache-2.0", 0.5, "midas"),
    "depth-anything-v2-small": Estimator(
        "depth-anything/Depth-Anything-V2-Small-hf", "Apache-2.0", 0.1, "depth-anything"
    ),
    "depth-anything-v2-large": Estimator(
        "depth-anything/Depth-Anything-V2-Large-hf", "CC-BY-NC-4.0", 1.3, "depth-anything"
    ),
}
# model type → class, shorter side in pixels, multiple, mean and deviation of its pixels, kind
KNOWN = {
    "dpt": (DPTForDepthEstimation, 384, 32, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), "midas"),
    "depth_anything": (
        DepthAnythingForDepthEstimation,
        518,
        14,
        (0.485, 0.456, 0.406),
        (0.229, 0.224, 0.225),
        "depth-anything",
    ),
}


class DepthModel:
    """A loaded estimator. `kind` is midas or depth-anything."""

    def __init__(self, folder: Path, device: str):
        model_type = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False).model_type
        if model_type not in KNOWN:
            raise BadInput(f"{folder} holds a {model_type!r} model; depth comes from {' or '.join(KNOWN)}.")
        which, self.side, self.multiple, mean, deviation, self.kind = KNOWN[model_type]
        self.model = which.from_pretrained(folder, use_safetensors=True, local_files_only=True).eval().to(device)
        self.mean, self.deviation = (torch.tensor(each, device=device)[:, None, None] for each in (mean, deviation))
        self.side = getattr(self.model.config, "image_size", None) or self.side

    def __call__(self, picture: Tensor) -> Tensor:
        """Inverse depth of pictures (B, 3, H, W), 0 to 1: (B, H, W), larger is nearer."""
        height, width = picture.shape[-2:]
        scale = self.side / min(height, width)
        size = [max(round(edge * scale / self.multiple), 1) * self.multiple for edge in (height, width)]
        if self.model.config.model_type == "dpt":  # its positions are learned for one square
            size = [self.side, self.side]
        shown = functional.interpolate(picture, size, mode="bicubic", antialias=True).clamp(0, 1)
        with torch.inference_mode():
            found = self.model((shown - self.mean) / self.deviation).predicted_depth
        near = functional.interpolate(found[:, None].float(), (height, width), mode="bicubic")
        return near[:, 0].clone()


def load(name: str, device: str) -> DepthModel:
    """The estimator of that name, or in a folder; BadInput for an incomplete or pickled one, ModelMissing."""
    folder = Path(name).expanduser()
    if not folder.is_dir():
        if name not in ESTIMATORS:
            raise BadInput(f"There is no depth model {name!r}; choose one of {', '.join(ESTIMATORS)}, or a folder.")
        folder = _folder_of(name, ESTIMATORS[name])
    faults = list(weight_faults(folder, ""))
    if faults:
        raise BadInput(f"{folder} cannot be loaded as a depth model: {' '.join(faults)}")
    return DepthModel(folder, device)


def _folder_of(name: str, estimator: Estimator) -> Path:
    own = models_folder() / name
    if own.is_dir():
        return own
    try:
        return Path(snapshot_download(estimator.repository, local_files_only=True))
    except LocalEntryNotFoundError:
        raise ModelMissing(
            f"{name} is not on this machine ({estimator.download:g} GB, licence: {estimator.licence}). "
            f"Get it with: hf download {estimator.repository} --local-dir {own}"
        ) from None
