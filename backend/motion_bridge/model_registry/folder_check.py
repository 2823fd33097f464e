"""Is a model's folder whole and harmless? Answered before anything in it is opened as a model.

Weights must be safetensors: a pickle runs code when it is read, so a folder that offers nothing else is refused. The
same goes for components that are not classes of diffusers or transformers.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import BadInput

LIBRARIES = ("diffusers", "transformers")
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
WEIGHTLESS = ("scheduler", "tokenizer", "tokenizer_2", "feature_extractor", "image_processor", "processor")
UNUSED = ("safety_checker", "feature_extractor", "image_encoder")  # parts of old pipelines that are not loaded


def pipeline_class(folder: Path) -> str:
    """The pipeline class that a checked folder was saved from."""
    return str(_json(folder / "model_index.json")["_class_name"])


def component_class(folder: Path) -> str:
    """The class that a component was saved from."""
    return str(_json(folder / "config.json").get("_class_name"))


def check(folder: Path) -> None:
    """BadInput that lists every file that is missing, every pickle without a safe twin, every foreign component."""
    faults = list(_faults(folder))
    if faults:
        raise BadInput(f"{folder} cannot be loaded as a model: {' '.join(faults)}")


def _faults(folder: Path) -> Iterator[str]:
    if not (folder / "model_index.json").is_file():
        yield "model_index.json is missing; this is no pipeline saved by diffusers, or copying it was interrupted."
        return
    for name, entry in _json(folder / "model_index.json").items():
        if name.startswith("_") or name in UNUSED or not isinstance(entry, list) or entry[0] is None:
            continue
        if entry[0] not in LIBRARIES:
            yield f"{name} is of {entry[0]!r}, whose code would have to be run; only {' and '.join(LIBRARIES)} are."
        elif not (folder / name).is_dir():
            yield f"{name}/ is missing."
        elif name not in WEIGHTLESS:
            yield from weight_faults(folder / name, f"{name}/")
        elif not any((folder / name).iterdir()):
            yield f"{name}/ is empty."


def weight_faults(folder: Path, shown: str) -> Iterator[str]:
    """What is wrong with one component that has weights, each as a sentence that starts with `shown`."""
    if not (folder / "config.json").is_file():
        yield f"{shown}config.json is missing."
    for index in sorted(folder.glob("*.safetensors.index.json")):
        for part in sorted(set(_json(index)["weight_map"].values())):
            if not (folder / part).is_file():
                yield f"{shown}{part} is missing."
    if not any(folder.glob("*.safetensors")):
        pickles = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES)
        if pickles:
            yield (
                f"{shown}{pickles[0]} is a pickle, which can run code when it is read; "
                "convert it to safetensors on a machine you can lose."
            )
        else:
            yield f"{shown} has no safetensors."


def fingerprint(folder: Path) -> str:
    """A name for the exact weights of a component: what was measured of others is not true of them."""
    total = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                total.update(block)
    return total.hexdigest()


def variant(folder: Path) -> str | None:
    """fp16 where a folder, or one of its components, holds its weights in no other precision."""
    for place in (folder, *(each for each in folder.iterdir() if each.is_dir())):
        files = [path.name for path in place.glob("*.safetensors")]
        if files and all(".fp16" in name for name in files):
            return "fp16"
    return None


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise BadInput(f"{path} cannot be read: {fault}.") from None
    if not isinstance(found, dict):
        raise BadInput(f"{path} does not hold an object.")
    return found
