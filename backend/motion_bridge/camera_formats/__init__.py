"""A Shot's exact camera in the files that camera-controlled video models and 3D tools read: one module a program.

A writer gives poses at the rate and in the number that its program expects, and returns notices: what is held, cut or
interpolated. What the reader then cannot know is said in pixels by `loss`. docs/camera-formats.md describes them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadInput
from ..files.regular import read_text
from ..shot import Shot
from ..takes import output_path
from . import colmap, gen3c, hy_worldplay, lingbot, nerfstudio, realestate10k, recammaster, sana_wm, uni3c
from .loss import Loss, Reading, predict
from .path import CameraPath, checked

Write = Callable[[Shot, Path], tuple[tuple[Path, ...], list[str]]]


@dataclass(frozen=True)
class Format:
    """One kind of camera file."""

    label: str
    suffix: str  # empty for a folder
    write: Write
    reading: Reading
    depth: bool = False  # whether the Shot must have depth


FORMATS = {  # the name on the command line → the format
    "sana-wm": Format("SANA-WM", ".npy", sana_wm.write, Reading(sana_wm.COUNTS)),
    "sana-wm-bench": Format("SANA-WM-Bench", ".npz", sana_wm.write_bench, Reading(sana_wm.COUNTS)),
    "lingbot": Format("LingBot-World", "", lingbot.write, Reading(lingbot.COUNTS, 4, "first", scale=False)),
    "realestate10k": Format("RealEstate10K", ".txt", realestate10k.write, Reading(scale=False)),
    "videox-fun": Format(
        "VideoX-Fun", ".txt", realestate10k.write_videox_fun, Reading(realestate10k.COUNTS, scale=False)
    ),
    "hy-worldplay": Format(
        "HY-WorldPlay",
        ".json",
        hy_worldplay.write,
        Reading(hy_worldplay.COUNTS, hy_worldplay.EVERY, shift=False, scale=False),
    ),
    "uni3c": Format("Uni3C", "", uni3c.write, Reading(uni3c.COUNTS, lens="first")),
    "recammaster": Format(
        "ReCamMaster", ".json", recammaster.write, Reading(pose_every=recammaster.EVERY, lens="none")
    ),
    "gen3c": Format("GEN3C", ".npz", gen3c.write, Reading(gen3c.COUNTS), depth=True),
    "nerfstudio": Format("nerfstudio", ".json", nerfstudio.write, Reading()),
    "colmap": Format("COLMAP", "", colmap.write, Reading()),
}


@dataclass(frozen=True)
class Written:
    """What an export made."""

    files: tuple[Path, ...]
    notices: tuple[str, ...]
    loss: Loss | None  # None where the Shot has no tracks to measure it by


def find(name: str) -> str:
    """The format of that name, however it is spelled; BadInput lists those there are."""
    plain = {_plain(known): known for known in FORMATS}
    if _plain(name) not in plain:
        raise BadInput(f"There is no camera format {name!r}; choose one of {', '.join(FORMATS)}.")
    return plain[_plain(name)]


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def write(shot: Shot, name: str, out: Path) -> Written:
    """Export a Shot's camera. BadInput for cameras that no pinhole describes, and where the format needs more."""
    chosen = FORMATS[find(name)]
    loss = predict(shot, chosen.reading) if shot.tracks is not None and len(shot.tracks.name) else None
    out = output_path.check_file(str(out)) if chosen.suffix else output_path.check_output(str(out))
    out.parent.mkdir(parents=True, exist_ok=True)
    files, notices = chosen.write(shot, out)
    return Written(files, (*notices, *(loss.sentences if loss else ())), loss)


def is_camera_file(path: Path) -> bool:
    """Whether `read` is meant: settings files of Deforum end in .txt and .json, too, but begin with a brace."""
    if path.is_dir() or path.name in (colmap.CAMERAS, colmap.IMAGES) or path.suffix.lower() in (".npy", ".npz"):
        return True
    if path.suffix.lower() not in (".json", ".txt") or not path.is_file():
        return False
    text = read_text(path)
    start = text.lstrip("\ufeff \t\r\n")[:1]
    return '"transform_matrix"' in text if start in ("{", "[") else realestate10k.has_lines(text)


def read(path: Path, width: int, height: int, fps: float = 24.0) -> CameraPath:
    """A camera file of nerfstudio, COLMAP, RealEstate10K or SANA-WM, told by what it is.

    width, height, fps: of the picture, where the file does not say. BadInput names the file and what is wrong with it.
    """
    return checked(_read(path, width, height, fps), path)


def _read(path: Path, width: int, height: int, fps: float) -> CameraPath:
    if path.is_dir() or path.name in (colmap.CAMERAS, colmap.IMAGES):
        return colmap.read(path if path.is_dir() else path.parent, fps)
    match path.suffix.lower():
        case ".json":
            return nerfstudio.read(path, fps)
        case ".txt":
            return realestate10k.read(path, width, height, fps)
        case ".npy" | ".npz":
            return sana_wm.read(path, width, height)
    raise BadInput(
        f"{path} is not a camera file that can be read: transforms.json, a COLMAP folder, .txt, .npy or .npz."
    )


__all__ = [
    "FORMATS",
    "CameraPath",
    "Format",
    "Loss",
    "Reading",
    "Written",
    "find",
    "is_camera_file",
    "predict",
    "read",
    "write",
]
