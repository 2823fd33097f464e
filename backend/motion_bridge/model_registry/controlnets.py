"""ControlNets that this project knows by name: nets beside a model that make it follow structure.

A folder in the layout of diffusers serves as well. FLUX.1-Depth-dev needs none: it is a model of its own.
"""

from dataclasses import dataclass
from pathlib import Path

from ..errors import BadInput, nearest
from ..files import home
from .registry import cached, missing, models_folder

KINDS = ("none", "depth", "canny")
OPEN = "CreativeML Open RAIL-M"
DEV = "FLUX.1-dev non-commercial"


@dataclass(frozen=True)
class Control:
    """A published ControlNet."""

    name: str
    repository: str
    families: tuple[str, ...]
    kinds: tuple[str, ...]
    license: str
    download: float  # GB, of the files that are needed
    revision: str


# What is said of licenses and commits in registry.py holds here too.
CONTROLS = {
    control.name: control
    for control in (
        Control(
            name="sd-depth",
            repository="lllyasviel/control_v11f1p_sd15_depth",
            families=("sd", "lcm"),
            kinds=("depth",),
            license=OPEN,
            download=1.4,
            revision="539f99181d33db39cf1af2e517cd8056785f0a87",
        ),
        Control(
            name="sd-canny",
            repository="lllyasviel/control_v11p_sd15_canny",
            families=("sd", "lcm"),
            kinds=("canny",),
            license=OPEN,
            download=1.4,
            revision="115a470d547982438f70198e353a921996e2e819",
        ),
        Control(
            name="sdxl-depth",
            repository="diffusers/controlnet-depth-sdxl-1.0",
            families=("sdxl",),
            kinds=("depth",),
            license="Open RAIL++-M",
            download=5,
            revision="17bb97973f29801224cd66f192c5ffacf82648b4",
        ),
        Control(
            name="sdxl-canny",
            repository="diffusers/controlnet-canny-sdxl-1.0",
            families=("sdxl",),
            kinds=("canny",),
            license="Open RAIL++-M",
            download=5,
            revision="eb115a19a10d14909256db740ed109532ab1483c",
        ),
        Control(
            name="flux.1-depth",
            repository="Shakker-Labs/FLUX.1-dev-ControlNet-Depth",
            families=("flux",),
            kinds=("depth",),
            license=DEV,
            download=3.19,
            revision="2fdfbcf28432e544b41151b1064a1666fd0d5b47",
        ),
        Control(
            name="flux.1-canny",
            repository="InstantX/FLUX.1-dev-Controlnet-Canny",
            families=("flux",),
            kinds=("canny",),
            license=DEV,
            download=3.58,
            revision="e7cee4b2afa335bf8f913f2b044764b1a1b01881",
        ),
    )
}


def folder_of(name: str, family: str, kind: str) -> Path:
    """The folder of a ControlNet: of that name or path; without a name, of the one for this family and kind.

    BadInput where there is none, ModelMissing where it is not on this machine.
    """
    if name and (folder := home.expand(name, "The ControlNet")).is_dir():
        return folder
    if name and name not in CONTROLS:
        raise BadInput(f"There is no control_model {name!r}{nearest(name, CONTROLS)} A folder serves too.")
    fitting = [each for each in CONTROLS.values() if family in each.families and kind in each.kinds]
    if not fitting:
        raise BadInput(f"No ControlNet for {kind} is known for a {family} model; set control to none.")
    control = CONTROLS[name] if name else fitting[0]
    if control not in fitting:
        others = ", ".join(each.name for each in fitting)
        raise BadInput(f"control_model {name} is not for {kind} on a {family} model; choose one of {others}.")
    own = models_folder() / control.name
    if own.is_dir():
        return own
    return cached(
        control.repository,
        control.revision,
        missing(control.name, control.download, control.license),
    )
