"""The first step of `benchmarks suites`: the scenes, as this project's own add-on reads them and as Cycles draws them.

Everything is drawn from fixed numbers, so the same Blender makes the same bytes. What is there already stays.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from motion_bridge.errors import BadInput
from motion_bridge.media import png
from motion_bridge.shot import GenerationSettings
from motion_bridge.takes.writer import frame_name

from ..blender.in_blender import addon, empty_blender
from . import scenes as suites_scenes
from .catalogue import VERSION, Scene

GRID = 16  # points a side: what the sketch was trained with
EACH = 16  # further points on each object that is followed
WORDS = "teal marbled ground red striped disc yellow dotted box blue striped ring"  # what is there, not how it moves
MADE = "suites.json"


def make(folder: Path, scenes: Sequence[Scene]) -> None:
    """Make what is not there yet. BadInput where this Python has no bpy, or the folder is another Blender's."""
    bpy = empty_blender()
    _claim(folder, {"version": VERSION, "blender": bpy.app.version_string})
    for number, scene in enumerate(scenes, 1):
        place = folder / scene.place
        missing = [k for k in range(1, scene.rendered + 1) if not (place / frame_name(k)).is_file()]
        read = (place / "shot" / "shot.json").is_file()
        if missing or not read:
            bpy.ops.wm.read_homefile(use_empty=True)
            name, more = scene.built_by
            getattr(suites_scenes, name)(bpy, scene.frames, **more)
            place.mkdir(parents=True, exist_ok=True)
            for k in missing:
                _render(bpy, k, place / frame_name(k))
        if not read:
            _read(bpy, scene, place)
        print(f"{number}/{len(scenes)} {scene.place}: {len(missing)} pictures made", flush=True)


def _claim(folder: Path, made_by: dict[str, object]) -> None:
    """Pictures of two Blenders, or of two versions of the scenes, never lie in one folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / MADE
    if not path.exists():
        path.write_text(json.dumps(made_by) + "\n", encoding="utf-8")
        return
    there = json.loads(path.read_text(encoding="utf-8"))
    if there != made_by:
        said = ", ".join(f"{name} {value}" for name, value in there.items())
        raise BadInput(f"The scenes in {folder} were made by {said}; go on with that, or choose another folder.")


def _render(bpy: ModuleType, frame: int, path: Path) -> None:
    pixels = addon("scene.first_frame").render_frame(bpy.context.scene, frame)
    part = path.with_name(path.name + ".part")
    part.write_bytes(png.encode(pixels))
    os.replace(part, path)


def _read(bpy: ModuleType, scene: Scene, place: Path) -> None:
    snapshot, sources, first = addon("scene.snapshot"), addon("scene.tracks.sources"), addon("scene.first_frame")
    followed = sources.Surface(scene.followed, EACH * len(scene.followed))
    request = snapshot.Request(
        tuple(range(1, scene.frames + 1)),
        frozenset({"depth", "objects"}),
        first.FromPixels(png.read(place / frame_name(1))),
        GenerationSettings(prompts={1: WORDS}, seed=1),
        grid=GRID,
        sources=(followed,) if scene.followed else (),
    )
    taken = snapshot.snapshot(bpy.context, request)
    snapshot.complete(taken, place / "shot", lambda done, total: None, lambda: False)
