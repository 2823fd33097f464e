"""The Shot that a take is made from, kept in the take's own folder."""

from pathlib import Path

from .. import shot as shots
from ..errors import BadInput
from ..shot import Shot
from . import lock, writer

FOLDER = "shot"


def keep(shot: Shot, take: Path, resume: bool) -> Path:
    """Write a Shot into the folder of its take, or with `resume` find it there; its own folder.

    A Shot without a frame is what a refused job left: it is replaced. BadInput when the folder holds frames and this
    is not a resume, or when they were begun with another Shot.
    """
    with lock.writing_to(take):
        take.mkdir(parents=True, exist_ok=True)
    with lock.held(take):
        return _kept(shot, take, resume)


def _kept(shot: Shot, take: Path, resume: bool) -> Path:
    folder = take / FOLDER
    begun = bool(writer.there(take))
    if begun and not resume:
        raise BadInput(f"{take} holds a take already. Resume to make only what is missing, or choose another folder.")
    if not begun or not (folder / "shot.json").is_file():
        shots.save(shot, folder)
    elif different := shots.differences(shots.load(folder), shot):
        raise BadInput(
            f"{take} was begun with other {' and '.join(different)}. Resume it with the same, or choose another folder."
        )
    return folder
