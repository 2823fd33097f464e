"""Other people's Wan weights as a folder that the engine runs.

Only the transformer is rewritten; what lies beside it (autoencoder, text encoder, tokenizer, image encoder) is linked,
or copied where the disk cannot link.
"""

import os
import shutil
from dataclasses import replace
from pathlib import Path

from ....errors import BadInput
from ....model_registry.folder_check import MOST_FILES
from ....models import safetensors_file
from . import checkpoint, inference_config
from .checkpoint import State, Weights
from .load import refuse_expert_pair

BESIDE = ("vae", "text_encoder", "tokenizer", "image_encoder", "image_processor")
KINDS = {  # what weights were trained for → how they are run
    "open": inference_config.OPEN,
    "wan-move": replace(inference_config.OPEN, carries=True),
    "wan": inference_config.OPEN,  # also Fun-Control
}


def convert(source: Path, folder: Path, kind: str = "open") -> tuple[str, ...]:
    """Read weights in any known layout and write them as a model's folder; what must be said about it.

    source: a folder of diffusers' (with transformer/), a folder of safetensors, or one file. BadInput when the target
    is there already, or lists what does not fit.
    """
    if kind not in KINDS:
        raise BadInput(f"There is no kind {kind!r}; choose one of {', '.join(KINDS)}.")
    if folder.exists() and any(folder.iterdir()):
        raise BadInput(f"{folder} is not empty; choose another folder for the converted model.")
    refuse_expert_pair(source)
    weights = _read(source)
    checkpoint.save_weights(weights, folder / "transformer")
    inference_config.write(KINDS[kind], folder)
    for name in BESIDE:
        if (source / name).is_dir():
            _copy(source / name, folder / name)
    said = list(weights.said)
    if kind != "open":
        said.append("These weights see a whole clip at once; until they are trained to stream, the video is rough.")
    missing = [name for name in BESIDE[:3] if not (folder / name).is_dir()]
    if missing:
        said.append(f"To run, the folder still needs {', '.join(missing)}, as the model's repository holds them.")
    return tuple(said)


def _read(source: Path) -> Weights:
    place = source / "transformer" if (source / "transformer").is_dir() else source
    if place.is_dir() and (place / "config.json").is_file():
        return checkpoint.load(place)
    files = sorted(place.glob("*.safetensors")) if place.is_dir() else [place]
    if not files or not files[0].is_file() or files[0].suffix != ".safetensors":
        raise BadInput(f"{source} holds no safetensors; name a model's folder or file.")
    found: State = {}
    for file in files:
        found.update(safetensors_file.read(file))
    return checkpoint.fit(found, {}, str(source))


def _copy(source: Path, target: Path) -> None:
    """The files of a folder, which has no others in it; what is a pipe, a device or a folder stays where it is."""
    target.mkdir(exist_ok=True)
    files = [path for path in sorted(source.iterdir()) if path.is_file()]
    if len(files) > MOST_FILES:
        raise BadInput(f"{source} holds {len(files):,} files; a model has up to {MOST_FILES:,}.")
    for file in files:
        try:
            os.link(file, target / file.name)
        except OSError:
            shutil.copy2(file, target / file.name)
