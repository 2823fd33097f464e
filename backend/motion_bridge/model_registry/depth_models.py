"""Which depth estimators are known, and which of them are on this machine. Light: nothing is loaded here."""

from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelMissing
from .registry import cached, missing, models_folder

MIDAS_SMALL = "midas-small"
WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Estimator:
    """What a kind of estimator wants to be shown."""

    repository: str
    license: str
    download: float  # GB
    kind: str  # as webui_motion.equalize calls it


ESTIMATORS = {
    MIDAS_SMALL: Estimator("midas_v21_small_256.pt of isl-org/MiDaS", "MIT", 0.1, "midas"),
    "midas-dpt-large": Estimator("Intel/dpt-large", "Apache-2.0", 1.4, "midas"),
    "midas-dpt-hybrid": Estimator("Intel/dpt-hybrid-midas", "Apache-2.0", 0.5, "midas"),
    "depth-anything-v2-small": Estimator(
        "depth-anything/Depth-Anything-V2-Small-hf", "Apache-2.0", 0.1, "depth-anything"
    ),
    "depth-anything-v2-large": Estimator(
        "depth-anything/Depth-Anything-V2-Large-hf", "CC-BY-NC-4.0", 1.3, "depth-anything"
    ),
}


def folder_of(name: str) -> Path:
    """The folder of a known estimator on this machine; ModelMissing says what to fetch, its size and its license."""
    own = models_folder() / name
    if own.is_dir() or name == MIDAS_SMALL:
        return own
    estimator = ESTIMATORS[name]
    return cached(
        estimator.repository,
        None,
        missing(name, estimator.download, estimator.license),
    )


def located(name: str) -> Path | None:
    """The folder of a known estimator; None where it is not on this machine."""
    try:
        folder = folder_of(name)
    except ModelMissing:
        return None
    return folder if folder.is_dir() else None
