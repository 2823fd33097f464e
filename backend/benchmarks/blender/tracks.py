"""Points followed through a scene, beside the script that most people would write.

The script sets every frame, carries each point with its face, asks `world_to_camera_view` where it falls and
`scene.ray_cast` whether something is in front. Ours is what an engine gets: the snapshot and the Shot on disk.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import report
from .in_blender import add_python, addon, elsewhere, empty_blender, moving_camera, wavy_sheet

WIDTH, HEIGHT = 832, 480
WAVING = {"static": 0, "mixed": 1, "deforming": 4}  # of the four sheets
Array = NDArray[Any]


def add(parser: argparse.ArgumentParser) -> None:
    add_python(parser)
    parser.add_argument("--frames", type=int, default=81)
    parser.add_argument("--side", type=int, default=50, help="points along a side of the grid")
    parser.add_argument("--faces", type=int, default=100_000)


def run(arguments: argparse.Namespace) -> int:
    code = elsewhere(arguments, frames=arguments.frames, side=arguments.side, faces=arguments.faces)
    if code is not None:
        return code
    found = {kind: measure(kind, arguments.frames, arguments.side, arguments.faces) for kind in WAVING}
    if arguments.json:
        print(json.dumps(found))
        return 0
    for kind, part in found.items():
        print(report.tracks(kind, part))
    return 0


def measure(kind: str, frames: int, side: int, faces: int) -> dict[str, Any]:
    """Seconds for side² points through so many frames of a scene whose surfaces stand still, or deform."""
    bpy = empty_blender()
    parts = {name: addon(f"scene.{name}") for name in ("snapshot", "first_frame", "tracks.surface_points")}
    count = build(bpy, WAVING[kind], frames, faces)
    numbers = tuple(range(1, frames + 1))
    ours, read_s, ours_s = _ours(bpy, parts, numbers, side)
    began = time.perf_counter()
    xy, visible = script(bpy, numbers, parts["tracks.surface_points"].cell_centers(side, WIDTH, HEIGHT))
    script_s = time.perf_counter() - began
    both, hit = visible & ours.visible, np.array(ours.name) != parts["tracks.surface_points"].BACKGROUND
    return {
        "blender": bpy.app.version_string,
        "frames": frames,
        "points": side * side,
        "faces": count,
        "read_s": read_s,
        "ours_s": ours_s,
        "script_s": script_s,
        "times": script_s / ours_s,
        "apart_px": float(np.linalg.norm(xy - ours.xy, axis=-1)[both].mean()),
        "agree": float((visible == ours.visible)[hit].mean()),
        "seen": float(visible[hit].mean()),
    }


def build(bpy: ModuleType, waving: int, frames: int, faces: int) -> int:
    """Three sheets before a floor, of which so many wave; the number of their faces."""
    render = bpy.context.scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = WIDTH, HEIGHT, 100
    each = round((faces / 4) ** 0.5)
    sheets = [wavy_sheet(bpy, "floor", each, 9, waving == 4)]
    for at, place in enumerate(((-1, -0.5, 0.8), (1.2, 0.2, 1.0), (0, 1.5, 1.2))):
        sheet = wavy_sheet(bpy, f"sheet {at}", each, 1.5, at < waving)
        sheet.location, sheet.rotation_euler = place, (1.2, 0.2, at * 0.5)
        sheets.append(sheet)
    moving_camera(bpy, frames)
    bpy.context.scene.frame_set(1)
    return sum(len(sheet.data.polygons) for sheet in sheets)


def _ours(bpy: ModuleType, parts: dict[str, ModuleType], numbers: tuple[int, ...], side: int) -> tuple:
    picture = parts["first_frame"].FromPixels(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    request = parts["snapshot"].Request(numbers, frozenset({"tracks"}), picture, grid=side)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        snapshot = parts["snapshot"].snapshot(bpy.context, request)
        read_s = time.perf_counter() - began
        parts["snapshot"].complete(snapshot, Path(folder) / "shot", lambda done, total: None, lambda: False)
        ours_s = time.perf_counter() - began
        shot = parts["snapshot"].shot.load(Path(folder) / "shot")
        tracks = shot.tracks
        return type(tracks)(np.array(tracks.xy), np.array(tracks.visible), tracks.name, tracks.kind), read_s, ours_s


def script(bpy: ModuleType, numbers: tuple[int, ...], pixels: Array) -> tuple[Array, Array]:
    """The same by the book: positions (n, T, 2) and visibility (n, T); what hit nothing stays hidden."""
    from bpy_extras.object_utils import world_to_camera_view

    scene = bpy.context.scene
    xy = np.zeros((len(pixels), len(numbers), 2), np.float32)
    visible = np.zeros((len(pixels), len(numbers)), bool)
    points: list[tuple[int, Callable[[Any], Any] | None]] = []
    for at, number in enumerate(numbers):
        scene.frame_set(number)
        depsgraph = bpy.context.evaluated_depsgraph_get()
        if not points:
            points = list(enumerate(_carried(scene, depsgraph, pixels)))
        camera = scene.camera.evaluated_get(depsgraph)
        eye = camera.matrix_world.translation
        for row, place in points:
            if place is None:
                continue
            point = place(depsgraph)
            x, y, depth = world_to_camera_view(scene, camera, point)
            xy[row, at] = x * WIDTH, (1 - y) * HEIGHT
            if depth > 0 and 0 <= x < 1 and 0 <= y < 1:
                way = point - eye
                hit, *_ = scene.ray_cast(depsgraph, eye, way.normalized(), distance=way.length * (1 - 1e-4))
                visible[row, at] = not hit
    return xy, visible


def _carried(scene: Any, depsgraph: Any, pixels: Array) -> list:
    """For each pixel a function that tells where its point is by now, or None where it shows nothing."""
    camera = scene.camera.evaluated_get(depsgraph)
    matrix = camera.matrix_world.normalized()
    corners = [matrix @ corner for corner in camera.data.view_frame(scene=scene)]
    right, down = corners[0] - corners[3], corners[2] - corners[3]
    eye, places = matrix.translation, []
    for x, y in pixels:
        way = corners[3] + right * (x / WIDTH) + down * (y / HEIGHT) - eye
        hit, point, _, face, thing, _ = scene.ray_cast(depsgraph, eye, way.normalized())
        places.append(_on_face(thing, face, point, depsgraph) if hit else None)
    return places


def _on_face(thing: Any, face: int, point: Any, depsgraph: Any) -> Callable[[Any], Any]:
    original = thing.original
    mesh = original.evaluated_get(depsgraph).data
    local = np.array(original.matrix_world.inverted() @ point)
    mesh.calc_loop_triangles()
    best: tuple = (-np.inf, None, None)
    for triangle in mesh.loop_triangles[2 * face : 2 * face + 2]:  # these meshes have nothing but quads
        numbers = tuple(triangle.vertices)
        a, b, c = (np.array(mesh.vertices[number].co) for number in numbers)
        second, third = np.linalg.lstsq(np.column_stack([b - a, c - a]), local - a, rcond=None)[0]
        weights = 1 - second - third, second, third
        best = max(best, (min(weights), numbers, weights), key=lambda one: one[0])
    _, (i, j, k), (u, v, w) = best

    def place(depsgraph: Any) -> Any:
        now = original.evaluated_get(depsgraph)
        vertices = now.data.vertices
        return now.matrix_world @ (vertices[i].co * u + vertices[j].co * v + vertices[k].co * w)

    return place
