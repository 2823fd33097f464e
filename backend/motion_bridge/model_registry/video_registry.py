"""The camera-, depth- and warp-controlled video models that this project knows by name, and what each family takes.

Nothing is loaded here. A model is a folder as diffusers saves it; where folders are looked for stands in registry.py.
"""

from dataclasses import dataclass
from pathlib import Path

from ..errors import BadInput, nearest
from ..files import home
from .folder_check import pipeline_class
from .registry import cached, missing, models_folder

CAMERA, WARP, DEPTH, EDGES, TRACKS = "camera", "warp", "depth", "edges", "tracks"


@dataclass(frozen=True)
class VideoFamily:
    """What is the same for all models of a kind: the clip that they draw, and what they can be told of a Shot."""

    label: str
    pipelines: tuple[str, ...]  # the classes of diffusers that such folders are saved from
    controls: tuple[str, ...]  # what it can be fed with; the first is the usual one
    fps: float
    step: int  # frames come as step · k + 1
    most: int  # frames of a clip that it was trained for
    width: int  # pixels of the picture that it was trained for
    height: int
    multiple: int  # of both sides
    carried: int  # last frames of a clip that begin the next one
    steps: int
    guidance: float
    first_frame: bool = True  # whether the Shot's first frame is given to it
    license: str = ""  # one that has to be accepted here, too
    terms: str = ""  # where it is to be read


FAMILIES = {
    "wan-vace": VideoFamily(
        "Wan VACE", ("WanVACEPipeline",), (WARP, DEPTH, EDGES), 16.0, 4, 81, 832, 480, 16, 5, 50, 5.0
    ),
    "wan-i2v": VideoFamily(
        "Wan image to video", ("WanImageToVideoPipeline",), (WARP,), 16.0, 4, 81, 832, 480, 16, 1, 50, 3.5
    ),
    "sana-wm": VideoFamily("SANA-WM", ("SanaWMPipeline",), (CAMERA,), 16.0, 8, 161, 1280, 704, 32, 1, 60, 5.0),
    "ltx-2": VideoFamily(
        "LTX-2 IC-LoRA",
        ("LTX2Pipeline", "LTX2InContextPipeline"),
        (DEPTH, EDGES, TRACKS),
        24.0,
        8,
        121,
        960,
        512,
        64,
        1,
        30,
        3.0,
        license="LTX-2 Community License",
        terms="https://huggingface.co/Lightricks/LTX-2",
    ),
    "cosmos-transfer": VideoFamily(
        "Cosmos Transfer",
        ("Cosmos2_5_TransferPipeline",),
        (DEPTH, EDGES),
        16.0,
        4,
        93,
        1280,
        704,
        16,
        1,
        36,
        3.0,
        first_frame=False,
        license="NVIDIA Open Model License",
        terms="https://www.nvidia.com/en-us/agreements/enterprise-software/nvidia-open-model-license",
    ),
}
OF_CLASS = {saved_from: name for name, family in FAMILIES.items() for saved_from in family.pipelines}


@dataclass(frozen=True)
class VideoModel:
    """A published model."""

    repository: str
    family: str
    license: str
    download: float  # GB, about
    gated: bool = False


# Repositories and licenses were read on public pages and in other people's code, in November 2026; none of these
# repositories could be opened from here.
MODELS = {
    "wan2.1-vace-1.3b": VideoModel("Wan-AI/Wan2.1-VACE-1.3B-diffusers", "wan-vace", "Apache-2.0", 19),
    "wan2.1-vace-14b": VideoModel("Wan-AI/Wan2.1-VACE-14B-diffusers", "wan-vace", "Apache-2.0", 75),
    "wan2.2-i2v-14b": VideoModel("Wan-AI/Wan2.2-I2V-A14B-Diffusers", "wan-i2v", "Apache-2.0", 126),
    "wan2.1-i2v-14b": VideoModel("Wan-AI/Wan2.1-I2V-14B-480P-Diffusers", "wan-i2v", "Apache-2.0", 90),
    "sana-wm": VideoModel("Efficient-Large-Model/SANA-WM_bidirectional-diffusers", "sana-wm", "Apache-2.0", 15),
    "ltx-2": VideoModel("Lightricks/LTX-2", "ltx-2", "LTX-2 Community License", 100),
    "cosmos-transfer2.5": VideoModel(
        "nvidia/Cosmos-Transfer2.5-2B", "cosmos-transfer", "NVIDIA Open Model License", 30, gated=True
    ),
}
USUAL = "wan2.1-vace-1.3b"
ELSEWHERE = {  # models that people ask for and that no pipeline of diffusers 0.42 runs → what serves instead
    "wan-move": "wan-move tracks",
    "lingbot-world": "lingbot",
    "hy-worldplay": "hy-worldplay",
    "uni3c": "uni3c",
    "recammaster": "recammaster",
    "gen3c": "gen3c",
    "videox-fun": "videox-fun",
}


def find(name: str) -> VideoModel:
    """The model of that name; BadInput lists those there are, and says what to do for those that run elsewhere."""
    plain = "".join(letter for letter in name.lower() if letter.isalnum())
    for known, format in ELSEWHERE.items():
        if plain.startswith(known.replace("-", "")):
            raise BadInput(
                f"{name} runs in its own program: diffusers 0.42 has no pipeline for it. Write its files with "
                f"motion-bridge export --format {format.split()[0]}."
            )
    if name not in MODELS:
        raise BadInput(
            f"There is no video model {name!r}{nearest(name, MODELS)} Choose one of {', '.join(MODELS)}, "
            "or name a folder."
        )
    return MODELS[name]


def family_of(name: str) -> str | None:
    """The family of a registered name; None for a folder, whose files say it."""
    return None if home.expand(name, "The model").is_dir() else find(name).family


def folder_of(name: str) -> Path:
    """The folder of a model by its registered name or its path; ModelMissing says how to get it."""
    folder = home.expand(name, "The model")
    if folder.is_dir():
        return folder
    model = find(name)
    own = models_folder() / name
    if own.is_dir():
        return own
    gated = model.repository if model.gated else ""
    return cached(model.repository, None, missing(name, model.download, model.license, gated))


def family_in(folder: Path) -> str | None:
    """The family that a folder's files say it is; None where they say nothing that is known here."""
    try:
        return OF_CLASS.get(pipeline_class(folder))
    except BadInput:
        return None  # check_video says what is wrong with it
