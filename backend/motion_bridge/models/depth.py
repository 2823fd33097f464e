"""Depth estimators: a picture in, how near each pixel is out.

MiDaS (DPT) and Depth Anything V2 through transformers, MiDaS small through timm, from a local folder or the Hugging
Face cache. Their
numbers are inverse depths without a unit: only their order and proportions mean something.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError
from torch import Tensor
from torch.nn import functional
from transformers import AutoConfig, DepthAnythingForDepthEstimation, DPTForDepthEstimation

from ..errors import BadInput, ModelMissing
from ..model_registry.folder_check import weight_faults
from ..model_registry.registry import models_folder
from . import midas_small


@dataclass(frozen=True)
class Estimator:
    """What a kind of estimator wants to be shown."""

    repository: str
    licence: str
    download: float  # GB
    kind: str  # as legacy.equalised calls it


ESTIMATORS = {
    midas_small.NAME: Estimator(midas_small.PUBLISHED, "MIT", 0.1, "midas"),
    "midas-dpt-large": Estimator("Intel/dpt-large", "Apache-2.0", 1.4, "midas"),
    "midas-dpt-hybrid": Estimator("Intel/dpt-hybrid-midas", "Apache-2.0", 0.5, "midas"),
    "depth-anything-v2-small": Estimator(
        "depth-anything/Depth-Anything-V2-Small-hf", "Apache-2.0", 0.1, "depth-anything"
    ),
    "depth-anything-v2-large": Estimator(
        "depth-anything/Depth-Anything-V2-Large-hf", "CC-BY-NC-4.0", 1.3, "depth-anything"
    ),
}


@dataclass(frozen=True)
class Look:
    """How an estimator wants its pictures."""

    side: int  # the shorter one, pixels
    multiple: int
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    kind: str


IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
KNOWN = {
    "dpt": (DPTForDepthEstimation, Look(384, 32, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), "midas")),
    "depth_anything": (DepthAnythingForDepthEstimation, Look(518, 14, *IMAGENET, "depth-anything")),
}
SMALL = Look(256, 32, *IMAGENET, "midas")  # midas_small.py


class DepthModel:
    """A loaded estimator. `kind` is midas or depth-anything."""

    def __init__(self, see: Callable[[Tensor], Tensor], look: Look, square: bool = False):
        """see: normalised pictures (B, 3, h, w) to nearness (B, h', w'). square: whatever the picture's shape is."""
        self.see = see
        self.look = look
        self.square = square
        self.kind = look.kind

    def __call__(self, picture: Tensor) -> Tensor:
        """Inverse depth of pictures (B, 3, H, W), 0 to 1: (B, H, W), larger is nearer."""
        height, width = picture.shape[-2:]
        side, multiple = self.look.side, self.look.multiple
        scale = side / min(height, width)
        size = [max(round(edge * scale / multiple), 1) * multiple for edge in (height, width)]
        shown = functional.interpolate(picture, [side, side] if self.square else size, mode="bicubic", antialias=True)
        mean, deviation = (picture.new_tensor(each)[:, None, None] for each in (self.look.mean, self.look.deviation))
        with torch.inference_mode():
            found = self.see((shown.clamp(0, 1) - mean) / deviation)
        near = functional.interpolate(found[:, None].float(), (height, width), mode="bicubic")
        return near[:, 0].clone()


def load(name: str, device: str) -> DepthModel:
    """The estimator of that name, or in a folder; BadInput for an incomplete or pickled one, ModelMissing."""
    folder = Path(name).expanduser()
    if not folder.is_dir():
        if name not in ESTIMATORS:
            raise BadInput(f"There is no depth model {name!r}; choose one of {', '.join(ESTIMATORS)}, or a folder.")
        folder = models_folder() / name if name == midas_small.NAME else _folder_of(name, ESTIMATORS[name])
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
    which, look = KNOWN[model_type]
    model = which.from_pretrained(folder, use_safetensors=True, local_files_only=True).eval().to(device)
    look = replace(look, side=getattr(model.config, "image_size", None) or look.side)
    # the positions of DPT are learned for one square
    return DepthModel(lambda shown: model(shown).predicted_depth, look, square=model_type == "dpt")


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
