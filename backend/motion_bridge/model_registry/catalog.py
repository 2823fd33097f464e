"""Everything that can be fetched by name: models of pictures and videos, ControlNets, depth estimators."""

import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath

from ..errors import BadInput, ModelMissing, nearest
from ..files import writing
from . import controlnets, depth_models, registry, video_registry
from .components import PIPELINES
from .video_components import OPTIONAL, VIDEO_PIPELINES

IMAGE_MODEL, VIDEO_MODEL, CONTROLNET, ESTIMATOR = "image model", "video model", "ControlNet", "depth estimator"
PART = ".part"  # after the name of a folder that is not whole yet
PIPELINE_OF = {
    "flux": "FluxPipeline",
    "flux-control": "FluxControlPipeline",
    "flux2": "Flux2Pipeline",
    "flux2-klein": "Flux2KleinPipeline",
    "sd": "StableDiffusionPipeline",
    "sdxl": "StableDiffusionXLPipeline",
    "lcm": "LatentConsistencyModelPipeline",
}
DESCRIPTIONS = (".json", ".txt", ".model", ".jinja")  # configurations and vocabularies
LIMITING = ("non-commercial", "-nc-", "community", "nvidia open model")  # words of licenses that have to be agreed to


@dataclass(frozen=True)
class Entry:
    """One thing that can be fetched. components: the folders of it that are used; none: its files lie at its root."""

    name: str
    kind: str
    repository: str
    revision: str
    license: str
    gigabytes: float  # of the files that are needed
    memory: float  # GB on the device; 0 where that is little
    gated: bool
    components: tuple[str, ...]
    variant: str = ""

    @property
    def asks(self) -> str:
        """Why its license must be accepted before it is fetched; empty where it need not be."""
        if self.gated:
            return f"Its publisher wants to be asked first: agree at {self.page}, and give a token of that account."
        if any(word in self.license.lower() for word in LIMITING):
            return f"Its license limits what may be done with it: read it at {self.page}."
        return ""

    @property
    def page(self) -> str:
        return f"https://huggingface.co/{self.repository}"

    def needed(self, paths: list[str]) -> list[str]:
        """Those of a repository's files that are loaded: no second copies, no pickles, no parts without a use."""
        candidates = [path for path in paths if self._candidate(PurePosixPath(path))]
        chosen = set()
        for folder in {PurePosixPath(path).parent for path in candidates}:
            here = [path for path in candidates if PurePosixPath(path).parent == folder]
            weights = [path for path in here if "safetensors" in PurePosixPath(path).name]
            fitting = [path for path in weights if _variant(path) == self.variant]
            chosen |= {*here} - {*weights} | {*(fitting or [path for path in weights if not _variant(path)])}
        return [path for path in paths if path in chosen]

    def _candidate(self, path: PurePosixPath) -> bool:
        folder = str(path.parent)
        if self.components and folder == ".":
            return path.name == "model_index.json"
        if folder not in (self.components or (".",)):
            return False
        if "safetensors" in path.name:
            return path.suffix in (".safetensors", ".json") and "non_ema" not in path.name
        return path.suffix in DESCRIPTIONS and ".index." not in path.name


def _variant(path: str) -> str:
    return "fp16" if ".fp16" in PurePosixPath(path).name else ""


class Presence(Enum):
    """Whether something is on this machine."""

    READY = "ready"
    INCOMPLETE = "incomplete"
    MISSING = "missing"


@dataclass(frozen=True)
class State:
    """What is here of an entry. gigabytes: on disk; of a folder in the Hugging Face cache nothing is counted."""

    presence: Presence
    folder: Path | None = None
    gigabytes: float = 0.0
    ours: bool = False  # whether it lies in the models folder, where `remove` may delete it


def entries() -> dict[str, Entry]:
    """Everything that can be fetched, by name."""
    return {each.name: each for each in (*_image_models(), *_video_models(), *_controlnets(), *_estimators())}


def find(name: str) -> Entry:
    """The entry of a name; BadInput lists those there are."""
    known = entries()
    name = registry.ALIASES.get(name, name)
    if name not in known:
        raise BadInput(f"There is no model {name!r} to fetch{nearest(name, known)} Choose one of {', '.join(known)}.")
    return known[name]


def state(entry: Entry) -> State:
    """What is on this machine; nothing is opened."""
    own = registry.models_folder() / entry.name
    if own.is_dir():
        return State(Presence.READY, own, size_of(own), ours=True)
    part = own.with_name(own.name + PART)
    if part.is_dir():
        return State(Presence.INCOMPLETE, part, size_of(part), ours=True)
    try:
        return State(Presence.READY, registry.cached(entry.repository, entry.revision or None, ""))
    except ModelMissing:
        return State(Presence.MISSING)


def size_of(folder: Path) -> float:
    """GB of the files in a folder; what links lead to does not count."""
    total, waiting = 0, [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                for each in found:
                    if each.is_dir(follow_symlinks=False) and not writing.is_linked(each):
                        waiting.append(each.path)
                    elif each.is_file(follow_symlinks=False):
                        total += each.stat(follow_symlinks=False).st_size
        except OSError:
            continue  # it went away, or is somebody else's
    return total / 1e9


def _image_models() -> list[Entry]:
    return [
        Entry(
            model.name,
            IMAGE_MODEL,
            model.repository,
            model.revision,
            model.license,
            model.download,
            model.memory,
            model.gated,
            tuple(PIPELINES[PIPELINE_OF[model.family]]),
            model.variant,
        )
        for model in registry.MODELS.values()
        if model.repository
    ]


def _video_models() -> list[Entry]:
    """Their newest files: no commit of these repositories is known here. Memory is that of the files."""
    found = []
    for name, each in video_registry.MODELS.items():
        saved_from = video_registry.FAMILIES[each.family].pipelines[0]
        parts = (*VIDEO_PIPELINES[saved_from], *OPTIONAL.get(saved_from, {}))
        size = each.download
        found.append(Entry(name, VIDEO_MODEL, each.repository, "", each.license, size, size, each.gated, parts))
    return found


def _controlnets() -> list[Entry]:
    return [
        Entry(
            each.name, CONTROLNET, each.repository, each.revision, each.license, each.download, each.download, False, ()
        )
        for each in controlnets.CONTROLS.values()
    ]


def _estimators() -> list[Entry]:
    return [
        Entry(name, ESTIMATOR, each.repository, "", each.license, each.download, 0, False, ())
        for name, each in depth_models.ESTIMATORS.items()
        if name != depth_models.MIDAS_SMALL  # a .pt of another place, which has to be converted
    ]
