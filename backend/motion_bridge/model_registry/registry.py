"""The models this project knows by name, and where their folders are.

Nothing is downloaded here; download.py does that, when it is asked to. A model is a folder in the layout of diffusers;
it may be given by its path, lie in the models folder (MOTION_BRIDGE_MODELS, else ~/.local/share/motion-bridge/models,
without a home /usr/local/share or %PROGRAMDATA%) under its name, or be in the Hugging Face cache already.
"""

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ..errors import BadInput, ModelMissing, nearest
from ..files import home


@dataclass(frozen=True)
class Model:
    """What must be known of a model before it is loaded. Sizes are those of the published weights, rounded."""

    name: str
    repository: str
    family: str  # flux, flux-control, flux2, flux2-klein, sd, sdxl, lcm
    license: str
    download: float  # GB, of the files that are needed
    memory: float  # GB on the device when all of it stays there, 16 bits and 1024² (SD 1.5 and LCM: 512²)
    steps: int
    guidance: float
    revision: str  # the commit that is fetched; empty for the one that comes with this package
    longest: int = 0  # pixels of the longer side up to which it knows what it paints; 0: enough for any frame
    variant: str = ""  # fp16, where a repository holds the weights in 32 bits too
    gated: bool = False  # whether its publisher wants to be asked first


# Repositories, licenses and commits were taken from public pages and other people's code, in November 2026; none of
# these repositories could be opened from here. That a commit still exists, and what its card says, is unverified.
MODELS = {
    model.name: model
    for model in (
        Model(
            name="flux.1-dev",
            repository="black-forest-labs/FLUX.1-dev",
            family="flux",
            license="FLUX.1-dev non-commercial",
            download=33.7,
            memory=36,
            steps=28,
            guidance=3.5,
            revision="3de623fc3c33e44ffbe2bad470d0f45bccf2eb21",
            gated=True,
        ),
        Model(
            name="flux.1-schnell",
            repository="black-forest-labs/FLUX.1-schnell",
            family="flux",
            license="Apache-2.0",
            download=33.7,
            memory=36,
            steps=4,
            guidance=0.0,
            revision="741f7c3ce8b383c54771c7003378a50191e9efe9",
            gated=True,
        ),
        Model(
            name="flux.1-depth-dev",
            repository="black-forest-labs/FLUX.1-Depth-dev",
            family="flux-control",
            license="FLUX.1-dev non-commercial",
            download=33.7,
            memory=36,
            steps=30,
            guidance=10.0,
            revision="fb5e9b1bae41b8c8adcea4ea2a87b74dd298f07a",
            gated=True,
        ),
        Model(
            name="flux.2-dev",
            repository="black-forest-labs/FLUX.2-dev",
            family="flux2",
            license="FLUX non-commercial",
            download=112.8,
            memory=116,
            steps=28,
            guidance=4.0,
            revision="26afe3a78bb242c0a8bb181dcc8937bb16e5c66c",
            gated=True,
        ),
        Model(
            name="flux.2-klein-4b",
            repository="black-forest-labs/FLUX.2-klein-4B",
            family="flux2-klein",
            license="Apache-2.0",
            download=16,
            memory=19,
            steps=4,
            guidance=1.0,
            revision="e7b7dc27f91deacad38e78976d1f2b499d76a294",
        ),
        Model(
            name="flux.2-klein-9b",
            repository="black-forest-labs/FLUX.2-klein-9B",
            family="flux2-klein",
            license="FLUX non-commercial",
            download=34.7,
            memory=38,
            steps=4,
            guidance=1.0,
            revision="92196c8e11f7b6cf2b7493e037d8c5345c559216",
            gated=True,
        ),
        Model(
            name="sd-1.5",
            repository="stable-diffusion-v1-5/stable-diffusion-v1-5",
            family="sd",
            license="CreativeML Open RAIL-M",
            download=2.1,
            memory=4,
            steps=25,
            guidance=7.0,
            revision="451f4fe16113bff5a5d2269ed5ad43b0592e9a14",
            variant="fp16",
        ),
        Model(
            name="sdxl",
            repository="stabilityai/stable-diffusion-xl-base-1.0",
            family="sdxl",
            license="Open RAIL++-M",
            download=6.9,
            memory=10,
            steps=30,
            guidance=6.0,
            revision="462165984030d82259a11f4367a4eed129e94a7b",
            variant="fp16",
        ),
        Model(
            name="sdxl-turbo",
            repository="stabilityai/sdxl-turbo",
            family="sdxl",
            license="Stability AI non-commercial research",
            download=6.9,
            memory=10,
            steps=4,
            guidance=0.0,
            revision="71153311d3dbb46851df1931d3ca6e939de83304",
            variant="fp16",
        ),
        Model(
            name="lcm",
            repository="SimianLuo/LCM_Dreamshaper_v7",
            family="lcm",
            license="MIT",
            download=4.3,
            memory=5,
            steps=4,
            guidance=8.0,
            revision="a85df6a8bd976cdd08b4fd8f3b73f229c9e54df5",
        ),
        Model(
            name="sketch",
            repository="",
            family="flux2-klein",
            license="GPL-3.0-or-later",
            download=0,
            memory=0.2,
            steps=4,
            guidance=1.0,
            revision="",
            longest=256,
        ),
    )
}
ALIASES = {"flux-dev": "flux.1-dev", "flux-schnell": "flux.1-schnell"}  # what other tools call them
AUTO, BEST, BUILT_IN = "auto", "flux.2-klein-4b", "sketch"
RECORD = "download.json"  # in a downloaded folder: what it must hold
WEIGHTS = Path(__file__).parents[1] / "weights"  # what comes with this package


def find(name: str) -> Model:
    """The model of that name; BadInput lists those there are."""
    if name not in MODELS:
        near = nearest(name, MODELS)
        raise BadInput(f"There is no model {name!r}{near} Choose one of {', '.join(MODELS)}, or name a folder.")
    return MODELS[name]


def find_folder(name: str) -> Path:
    """The folder of a model by its registered name or its path. BadInput, ModelMissing."""
    folder = home.expand(name, "The model")
    return folder if folder.is_dir() else folder_of(find(name))


def resolve(name: str) -> str:
    """The model that is meant: `auto` is FLUX.2 Klein where it is on this machine, else the sketch that comes along."""
    if name != AUTO:
        return ALIASES.get(name, name)
    try:
        folder_of(MODELS[BEST])
    except ModelMissing:
        return BUILT_IN
    return BEST


def fallback_notice(asked: str, chosen_one: str) -> list[str]:
    """What to say of a model that was chosen for `auto`."""
    if asked in ("", AUTO) and chosen_one == BUILT_IN:
        return [f"{BEST} is not on this machine, so the sketch paints that comes along: few things, up to 256 pixels."]
    return []


def models_folder() -> Path:
    """Where named models are looked for first; where the person has no home, in the machine's own place."""
    if chosen := os.environ.get("MOTION_BRIDGE_MODELS"):
        return home.expand(chosen, "MOTION_BRIDGE_MODELS")
    own = home.home()
    shared = Path(os.environ.get("PROGRAMDATA") or "/usr/local/share")
    return (own / ".local" / "share" if own else shared) / "motion-bridge" / "models"


def folder_of(model: Model) -> Path:
    """The folder of a model on this machine; ModelMissing says what to fetch, its size and its license."""
    own = models_folder() / model.name
    if own.is_dir():
        return own
    if not model.repository:
        return WEIGHTS / f"{model.name}-image"
    return cached(
        model.repository,
        model.revision,
        missing(model.name, model.download, model.license, model.repository if model.gated else ""),
    )


def missing(name: str, gigabytes: float, license: str, gated: str = "") -> str:
    """What to say of something that is not on this machine. gated: its repository, if it is."""
    first = f" Its publisher wants to be asked first: https://huggingface.co/{gated}." if gated else ""
    return (
        f"{name} is not on this machine ({gigabytes:g} GB, license: {license}). Get it in Preferences > Add-ons > "
        f"Motion Bridge, or with: motion-bridge models get {name}.{first}"
    )


def cached(repository: str, revision: str | None, absent: str) -> Path:
    """A repository's folder in the Hugging Face cache; ModelMissing with what is to be said where it is not there."""
    if find_spec("huggingface_hub") is None:  # in Blender's own Python, whose panel lists the models
        snapshot = _snapshot(repository, revision)
        if snapshot is None:
            raise ModelMissing(absent)
        return snapshot
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(repository, revision=revision, local_files_only=True))
    except (OSError, RuntimeError):  # it is not there (LocalEntryNotFoundError), cannot be read, or nobody has a home
        raise ModelMissing(absent) from None


def _snapshot(repository: str, revision: str | None) -> Path | None:
    """The same folder without the library: where it keeps a repository's files at a commit."""
    own = home.home()
    place = os.environ.get("HF_HOME") or (own and own / ".cache" / "huggingface")
    hub = os.environ.get("HF_HUB_CACHE") or (place and os.path.join(place, "hub"))
    if not hub:
        return None
    found = Path(hub, f"models--{repository.replace('/', '--')}", "snapshots")
    if revision is None:
        return next((each for each in found.glob("*") if each.is_dir()), None)
    return found / revision if (found / revision).is_dir() else None
