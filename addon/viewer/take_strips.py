"""Which take a strip shows, and the strips of a take."""

import re
from pathlib import Path
from typing import Any

import bpy

from .. import compat
from ..take import Take
from .takes_scene import source_of

_NAME = re.compile(r"take_\d{3,}")


def take_of(strip: Any) -> Take | None:
    """The take that a strip shows, by the folder of its files; None where it shows something else.

    Whoever moves, cuts, copies or renames a strip leaves that as it is.
    """
    if strip is None or strip.type != "IMAGE":
        return None
    folder = Path(bpy.path.abspath(strip.directory))
    return Take(folder) if _NAME.fullmatch(folder.name) else None


def strips_of(take: Take) -> list[tuple[Any, Any]]:
    """The strips of a take in all scenes: scene and strip."""
    found = []
    for scene in bpy.data.scenes:
        if scene.sequence_editor:
            found += [(scene, each) for each in compat.strips(scene) if _same(take_of(each), take)]
    return found


def source_scene(scene: Any) -> Any:
    """The scene that the takes in a scene's Sequencer are made from: itself, where it is nobody's takes' scene."""
    return source_of(scene) or scene


def select(scene: Any, strip: Any) -> None:
    """Make a strip the only one that is selected, and the active one, and go to its first frame."""
    for each in compat.strips(scene):
        each.select = each == strip
    scene.sequence_editor.active_strip = strip
    scene.frame_set(int(compat.strip_span(strip)[0]))


def show_only(take: Take) -> None:
    """Mute the strips of other takes and unmute this one's; audio and whatever else stands there stays as it is."""
    for scene in {scene.name: scene for scene, _ in strips_of(take)}.values():
        for strip in compat.strips(scene):
            shown = take_of(strip)
            if shown is not None:
                strip.mute = not _same(shown, take)


def remove_of(take: Take) -> int:
    """Remove the strips of a take; how many."""
    found = strips_of(take)
    for scene, strip in found:
        compat.strips(scene).remove(strip)
    return len(found)


def _same(one: Take | None, other: Take) -> bool:
    return one is not None and one.folder.resolve() == other.folder.resolve()
