"""Point tracks in the files that other programs read: one module a format. docs/track-formats.md describes them.

A writer gives the points the number of frames, the rate and the units that its program expects, and returns notices:
what the format cannot say and what was left out.
"""

from collections.abc import Collection
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from ..errors import BadInput
from ..shot import Shot
from ..takes import output_path
from .clip_transform import TIMINGS, Clip, Timing, of_shot

MODULES = {  # the name on the command line → its module
    "npz": "native",
    "wantrack": "wantrack",
    "wan-move": "wan_move",
    "ati": "ati",
    "comfyui-ati": "comfyui",
    "comfyui-wan-move": "comfyui",
    "das": "das",
}
VARIANTS = {"comfyui-ati": ("comfyui-ati",), "comfyui-wan-move": ("comfyui-wan-move",)}
ALIASES = {
    "motion-bridge": "npz",
    "fastvideo": "wantrack",
    "comfyui": "comfyui-ati",
    "spline": "comfyui-ati",
    "diffusion-as-shader": "das",
}


@dataclass(frozen=True)
class Written:
    """What an export made."""

    files: tuple[Path, ...]
    notices: tuple[str, ...]


def find(name: str) -> str:
    """The format of that name, however it is spelt; BadInput lists those there are."""
    plain = {_plain(known): known for known in MODULES} | {_plain(alias): known for alias, known in ALIASES.items()}
    if _plain(name) not in plain:
        raise BadInput(f"There is no track format {name!r}; choose one of {', '.join(MODULES)}.")
    return plain[_plain(name)]


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def write(
    shot: Shot,
    name: str,
    out: Path,
    *,
    kinds: Collection[str] = (),
    size: tuple[int, int] | None = None,
    timing: Timing = "real",
) -> Written:
    """Export a Shot to a track format.

    kinds: only tracks of these kinds. size: (width, height) of the picture that the other program is given, if it is
    not the Shot's own. timing: "real" keeps the speed, "stretch" spreads the Shot over the frames of the format.
    BadInput where the format cannot hold the tracks.
    """
    found = find(name)
    module = import_module(f".{MODULES[found]}", __package__)
    folder = found == "das" and out.suffix not in (".mp4", ".npy")  # of pictures
    out = output_path.check_output(str(out)) if folder else output_path.check_file(str(out))
    out.parent.mkdir(parents=True, exist_ok=True)
    if found == "das":
        files, notices = module.write(shot, out)
    else:
        files, notices = module.write(of_shot(shot, kinds, size), out, timing, *VARIANTS.get(found, ()))
    return Written(files, tuple(notices))


__all__ = ["ALIASES", "MODULES", "TIMINGS", "Clip", "Timing", "Written", "find", "of_shot", "write"]
