"""The models this project knows by name, and where their folders are.

Nothing is downloaded here. A model is a folder in the layout of diffusers; it may be given by its path, lie in the
models folder (MOTION_BRIDGE_MODELS, else ~/.local/share/motion-bridge/models) under its name, or be in the Hugging
Face cache already.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError

from ..errors import BadInput, ModelMissing


@dataclass(frozen=True)
class Model:
    """What must be known of a model before it is loaded. Sizes are those of the published weights, rounded."""

    name: str
    repository: str
    family: str  # flux, flux2, flux2-klein, sd, sdxl, lcm
    licence: str
    download: float  # GB
    memory: float  # GB on the device without offloading, weights in 16 bits and 1024² (SD 1.5 and LCM: 512²)
    steps: int
    guidance: float
    revision: str | None = None  # the commit these facts were read at; None: whatever is on disk


MODELS = {
    model.name: model
    for model in (
        Model("flux.1-dev", "black-forest-labs/FLUX.1-dev", "flux", "FLUX.1-dev non-commercial", 34, 36, 28, 3.5),
        Model("flux.1-schnell", "black-forest-labs/FLUX.1-schnell", "flux", "Apache-2.0", 34, 36, 4, 0.0),
        Model("flux.2-dev", "black-forest-labs/FLUX.2-dev", "flux2", "FLUX.2-dev non-commercial", 112, 116, 28, 4.0),
        Model("flux.2-klein-4b", "black-forest-labs/FLUX.2-klein-4B", "flux2-klein", "Apache-2.0", 16, 18, 4, 1.0),
        Model(
            "flux.2-klein-9b", "black-forest-labs/FLUX.2-klein-9B", "flux2-klein", "FLUX non-commercial", 35, 37, 4, 1.0
        ),
        Model("sd-1.5", "stable-diffusion-v1-5/stable-diffusion-v1-5", "sd", "CreativeML Open RAIL-M", 3, 4, 25, 7.0),
        Model("sdxl", "stabilityai/stable-diffusion-xl-base-1.0", "sdxl", "Open RAIL++-M", 7, 10, 30, 6.0),
        Model("sdxl-turbo", "stabilityai/sdxl-turbo", "sdxl", "Stability AI non-commercial", 7, 10, 4, 0.0),
        Model("lcm", "SimianLuo/LCM_Dreamshaper_v7", "lcm", "MIT", 4, 5, 4, 8.0),
    )
}
FAMILIES = tuple(sorted({model.family for model in MODELS.values()}))


def find(name: str) -> Model:
    """The model of that name; BadInput lists those there are."""
    if name not in MODELS:
        raise BadInput(f"There is no model {name!r}; choose one of {', '.join(MODELS)}, or name a folder.")
    return MODELS[name]


def models_folder() -> Path:
    """Where named models are looked for first."""
    chosen = os.environ.get("MOTION_BRIDGE_MODELS")
    return Path(chosen) if chosen else Path.home() / ".local" / "share" / "motion-bridge" / "models"


def folder_of(model: Model) -> Path:
    """The folder of a model on this machine; ModelMissing says what to fetch, its size and its licence."""
    own = models_folder() / model.name
    if own.is_dir():
        return own
    try:
        return Path(snapshot_download(model.repository, revision=model.revision, local_files_only=True))
    except LocalEntryNotFoundError:
        raise ModelMissing(
            f"{model.name} is not on this machine ({model.download:g} GB, licence: {model.licence}). "
            f"Get it with: hf download {model.repository} --local-dir {own}"
        ) from None
