"""How much disk takes use, and old ones deleted: only what Motion Bridge wrote, and never through a link."""

import os
import re
import shutil
from collections.abc import Container
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..backend.motion_bridge.errors import BadInput
from ..backend.motion_bridge.files import trash, writing
from ..backend.motion_bridge.takes import lock
from .take import Take, takes

OURS = re.compile(r"frame_-?\d{4,}\.png(\.part)?")
FOLDERS = ("shot", "state")
FAVORITE = "favorite"  # the file in a take's folder that says that somebody wants to keep it


@dataclass(frozen=True)
class TakeSize:
    """One take."""

    take: Take
    bytes: int  # of what is ours in it


def sizes(output: Path) -> list[TakeSize]:
    """The takes of an output folder, oldest first."""
    return [TakeSize(each, size(each)) for each in takes(output)]


def size(take: Take) -> int:
    """The bytes of what is ours in a take."""
    return sum(_size(path) for path in _own(take))


def to_trash(take: Take) -> None:
    """Move a take with all that lies in its folder to the system's trash. BadInput when that fails, or it is in use."""
    if take.folder.is_symlink():
        raise BadInput(f"{take.folder} is a link to another folder; remove the link by hand.")
    with lock.held(take.folder):
        pass  # nobody writes to it
    trash.put(take.folder)


def remove_old(output: Path, keep: int) -> tuple[list[Take], int]:
    """Delete all takes but favorites and the newest `keep`: those that went, and the bytes that are free now.

    Files of other people stay, and their folder with them; a link is never followed. BadInput when a take is in use.
    """
    if keep < 0:
        raise BadInput(f"{keep} takes cannot be kept; write 0 or more.")
    gone, freed = [], 0
    found = sizes(output)
    for each in found[: len(found) - keep]:
        if (each.take.folder / FAVORITE).is_file():
            continue
        remove(each.take)
        gone.append(each.take)
        freed += each.bytes
    return gone, freed


def remove(take: Take, frames: Container[str] | None = None) -> None:
    """Delete a take, or of its frames only those of some names. BadInput when it is in use.

    Files of other people stay, and their folder with them; a link is never followed.
    """
    try:
        with lock.held(take.folder):
            for path in _own(take):
                if frames is not None and path.name not in frames:
                    continue
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    writing.remove(take.folder, path.name)
    except OSError as fault:
        raise BadInput(f"{take.folder} cannot be deleted: {fault.strerror or fault}.") from None
    with suppress(OSError):
        take.folder.rmdir()


def _own(take: Take) -> list[Path]:
    if take.folder.is_symlink():
        return []
    with os.scandir(take.folder) as entries:
        return [
            Path(entry.path)
            for entry in entries
            if ((OURS.fullmatch(entry.name) or entry.name == FAVORITE) and not entry.is_dir())
            or (entry.name in FOLDERS and not entry.is_symlink())
        ]


def _size(path: Path) -> int:
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    return sum(_size(Path(entry.path)) for entry in os.scandir(path))
