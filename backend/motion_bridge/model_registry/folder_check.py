"""Is a model's folder whole and harmless? Answered before anything in it is opened as a model.

Weights must be safetensors: a pickle runs code when it is read, so a folder that offers nothing else is refused. Each
component must be of a class that this project runs (components.py) and hold the files that this class needs.
"""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import BadInput
from ..files import json_text
from ..files.regular import open_regular
from .components import ATTENTION, PIPELINES, UNUSED, library, vocabularies
from .video_components import IGNORED, OPTIONAL, VIDEO_PIPELINES

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
MOST_FILES = 10_000  # that a model may consist of
LARGEST_CONFIG = 4 << 20  # bytes
LARGEST_NUMBER = 1 << 24  # that the configuration of a network may hold; vocabularies have some hundred thousand words
MOST_LAYERS = 1024
SCHEDULERS = ("scheduler", "audio_scheduler")
PREPROCESSORS = ("image_processor",)

Pipelines = Mapping[str, Mapping[str, tuple[str, ...]]]  # class of a pipeline → component → its classes


def pipeline_class(folder: Path) -> str:
    """The pipeline class that a folder was saved from."""
    return str(_config(folder / "model_index.json").get("_class_name"))


def component_entry(folder: Path, component: str) -> tuple[str, str]:
    """Library and class of a component, as a checked folder's index names them."""
    source, kind = _config(folder / "model_index.json")[component]
    return source, kind


def component_class(folder: Path) -> str:
    """The class that a component was saved from."""
    return str(_config(folder / "config.json").get("_class_name"))


def check(folder: Path) -> None:
    """BadInput that lists every file that is missing, every pickle without a safe twin, every foreign component."""
    _refuse(folder, PIPELINES)


def check_video(folder: Path) -> None:
    """The same of a video model's folder."""
    _refuse(folder, VIDEO_PIPELINES)


def _refuse(folder: Path, pipelines: Pipelines) -> None:
    faults = list(_faults(folder, pipelines))
    if faults:
        raise BadInput(f"{folder} cannot be loaded as a model: {' '.join(faults)}")


def _faults(folder: Path, pipelines: Pipelines) -> Iterator[str]:
    if not (folder / "model_index.json").exists():
        yield "model_index.json is missing; this is not a pipeline saved by diffusers, or copying it was interrupted."
        return
    index = _config(folder / "model_index.json")
    saved_from = index.get("_class_name")
    if not isinstance(saved_from, str) or saved_from not in pipelines:
        yield f"it holds a {_shown(saved_from)}; this engine runs {', '.join(pipelines)}."
        return
    components = dict(pipelines[saved_from])
    for name, classes in OPTIONAL.get(saved_from, {}).items():
        if any(index.get(name) or ()):
            components[name] = classes
    unused = [name for name in (*UNUSED, *IGNORED) if name not in components]
    for name in (*components, *unused):  # what is not used must be harmless to look at too
        yield from _irregular(folder / name, f"{name}/")
    for name, entry in index.items():
        if isinstance(entry, list) and any(entry) and name not in (*components, *unused) and not name.startswith("_"):
            yield f"{name} is no part of a {saved_from}."
    for name, classes in components.items():
        yield from _component_faults(folder / name, name, index.get(name), classes)


def _component_faults(folder: Path, name: str, entry: Any, classes: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with one component of a pipeline. entry: what model_index.json says of it."""
    if not isinstance(entry, list) or len(entry) != 2 or not all(isinstance(each, str) for each in entry):
        yield f"{name} is {_shown(entry)} in model_index.json; a library and a class belong there."
        return
    source, kind = entry
    if source != library(name) or kind not in classes:
        yield (
            f"{name} is {_shown(kind)} of {_shown(source)}, whose code would have to be run; "
            f"only {' or '.join(classes)} of {library(name)} is."
        )
    elif not folder.is_dir():
        yield f"{name}/ is missing."
    elif name in PREPROCESSORS:
        if not (folder / "preprocessor_config.json").exists():
            yield f"{name}/preprocessor_config.json is missing."
        else:
            yield from _config_faults(folder / "preprocessor_config.json", f"{name}/preprocessor_config.json")
    elif name in SCHEDULERS:
        if not (folder / "scheduler_config.json").exists():
            yield f"{name}/scheduler_config.json is missing."
        else:
            yield from _config_faults(folder / "scheduler_config.json", f"{name}/scheduler_config.json")
    elif name.startswith("tokenizer"):
        yield from _tokenizer_faults(folder, f"{name}/", kind)
    else:
        yield from weight_faults(folder, f"{name}/")
        saved = _config(folder / "config.json").get("_class_name", kind) if (folder / "config.json").exists() else kind
        if saved != kind:
            yield f"{name}/config.json is of {_shown(saved)}; a {kind} belongs there."


def _tokenizer_faults(folder: Path, shown: str, kind: str) -> Iterator[str]:
    """What a tokenizer lacks: files, or words in them."""
    choices = vocabularies(kind)
    files = next((files for files in choices if all((folder / each).exists() for each in files)), None)
    if files is None:
        wanted = ", or ".join(" and ".join(each) for each in choices)
        yield f"{shown} has no vocabulary: {wanted} is missing."
        return
    for name in ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"):
        if (folder / name).exists():
            json_text.read_object(folder / name)
    for name in files:
        if name.endswith(".json") and len(_words(json_text.read_object(folder / name))) < 2:
            yield f"{shown}{name} holds no vocabulary."
        elif not (folder / name).stat().st_size:
            yield f"{shown}{name} is empty."


def _words(document: dict[str, Any]) -> Any:
    """The vocabulary in a vocab.json, or in a tokenizer.json, whose model has one."""
    if "model" not in document or "version" not in document:
        return document
    model = document["model"]
    found = model.get("vocab") if isinstance(model, dict) else None
    return found if isinstance(found, dict | list) else ()


def weight_faults(folder: Path, shown: str) -> Iterator[str]:
    """What is wrong with one component that has weights, each as a sentence that starts with `shown`."""
    if irregular := list(_irregular(folder, shown)):
        yield from irregular
        return
    if not (folder / "config.json").exists():
        yield f"{shown}config.json is missing."
    else:
        yield from _config_faults(folder / "config.json", f"{shown}config.json")
    if (folder / "adapter_config.json").exists():
        yield f"{shown}adapter_config.json adds weights of another model; merge them, or name the file in loras."
    for index in sorted(folder.glob("*.safetensors.index.json")):
        yield from _index_faults(index, f"{shown}{index.name}", shown)
    if not any(folder.glob("*.safetensors")):
        pickles = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES)
        if pickles:
            yield (
                f"{shown}{pickles[0]} is a pickle, which can run code when it is read; "
                "convert it to safetensors on a machine you can lose."
            )
        else:
            yield f"{shown} has no safetensors."


def _index_faults(index: Path, shown: str, component: str) -> Iterator[str]:
    """Shards that an index names and that are not there."""
    found = json_text.read_object(index).get("weight_map")
    if not isinstance(found, dict) or not found or not all(isinstance(part, str) for part in found.values()):
        yield f"{shown} has no weight_map from weights to files."
        return
    for part in sorted(set(found.values())):
        if Path(part).name != part or "\\" in part or not part.endswith(".safetensors"):
            yield f"{shown} names {_shown(part)}; a safetensors file beside it belongs there."
        elif not (index.parent / part).is_file():
            yield f"{component}{part} is missing."


def _config_faults(path: Path, shown: str) -> Iterator[str]:
    """Settings of a network that no network has, or that would fetch code."""
    for key, value in _leaves(_config(path)):
        name = key.rsplit(".", 1)[-1]
        if ("attn_implementation" in key or "experts_implementation" in key) and value not in (None, *ATTENTION):
            yield f"{shown} wants {_shown(value)} for {name}, whose code would have to be run; remove that line."
        elif name.startswith("rope") or not isinstance(value, int):
            continue
        elif abs(value) > LARGEST_NUMBER:
            yield f"{shown} sets {name} to {value}; no network has as many."
        elif "layers" in name and value > MOST_LAYERS:
            yield f"{shown} sets {name} to {value}; networks have up to {MOST_LAYERS}."


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in a document, with the keys on the way to it."""
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(part, f"{name}.{key}" if isinstance(key, str) else name)
    else:
        yield name.removeprefix("."), value


def _irregular(folder: Path, shown: str) -> Iterator[str]:
    """Files that are none: opening a pipe would wait for ever. Links to files are fine; caches consist of them."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for at, entry in enumerate(entries):
            if at >= MOST_FILES:
                yield f"{shown} has more than {MOST_FILES} files."
                return
            try:
                kind = stat.S_IFMT(os.stat(entry.path).st_mode)
            except OSError:
                yield f"{shown}{_shown(entry.name)} cannot be read; it may be a link to a file that is gone."
                continue
            if kind not in (stat.S_IFREG, stat.S_IFDIR):
                yield f"{shown}{_shown(entry.name)} is a device, pipe or socket; a file belongs there."


def fingerprint(folder: Path) -> str:
    """A name for the exact weights of a component: what was measured of others is not true of them."""
    total = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with open_regular(path) as file:
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


def _config(path: Path) -> dict[str, Any]:
    return json_text.read_object(path, LARGEST_CONFIG)


def _shown(value: Any) -> str:
    """Somebody else's words inside a sentence: short, and on one line."""
    return repr(value)[:80]
