"""Shots that carry geometry, made of boxes and of sheets that bend."""

from pathlib import Path

import numpy as np
from motion_bridge.shot import Camera, GeometryWriter, Shot

CORNERS = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32)
SIDES = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
FACES = np.array([face for a, b, c, d in SIDES for face in ((a, b, c), (a, c, d))])


def shot_of(folder: Path, objects, poses, matrices, width, height, orthographic=False, first=None) -> Shot:
    """A Shot of objects: (name, linear color, one item a frame: None, or vertices, faces and pose)."""
    count = len(poses)
    writer = GeometryWriter(folder)
    numbers = [writer.add_object(name) for name, _, _ in objects]
    materials = [writer.add_material(name, color) for name, color, _ in objects]
    meshes, connections = {}, {}
    for k in range(count):
        rows = []
        for number, material, (_, _, frames) in zip(numbers, materials, objects, strict=True):
            if frames[k] is None:
                continue
            vertices, faces, pose = frames[k]
            key = (material, np.asarray(faces).tobytes())
            if key not in connections:
                connections[key] = writer.add_triangles(faces, material)
            mesh = (key, np.asarray(vertices, np.float32).tobytes())
            if mesh not in meshes:
                meshes[mesh] = writer.add_mesh(np.asarray(vertices, np.float32), connections[key])
            rows.append((number, meshes[mesh], pose))
        writer.add_frame(*([row[column] for row in rows] for column in range(3)))
    return Shot(
        frames=tuple(range(1, count + 1)),
        fps=24.0,
        width=width,
        height=height,
        camera=Camera(np.array(poses), np.array(matrices), np.full(count, orthographic)),
        first_frame=np.zeros((height, width, 3), np.uint8) if first is None else first,
        geometry=writer.finish(),
    )


def boxes(things, count):
    """The blocks of a ray-traced scene as objects."""
    color = [tuple(np.array(thing.hue) / 255) for thing in things]
    frames = [[(CORNERS, FACES, thing.pose[k]) for k in range(count)] for thing in things]
    return [(thing.name, tint, each) for thing, tint, each in zip(things, color, frames, strict=True)]


def sheet(side=12):
    """Vertices and faces of a square from -1 to 1."""
    line = np.linspace(-1, 1, side)
    vertices = np.stack([*np.meshgrid(line, line), np.zeros((side, side))], -1).reshape(-1, 3)
    corner = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).reshape(-1, 1)
    return vertices, np.concatenate([corner + [0, 1, side], corner + [1, side + 1, side]])


def waving(count, side=12):
    """A sheet that waves, a frame each."""
    vertices, faces = sheet(side)
    frames = []
    for k in range(count):
        bent = vertices.copy()
        bent[:, 2] = 0.3 * np.sin(3 * vertices[:, 0] + 0.5 * k) * (1 + vertices[:, 1]) / 2
        bent[:, 0] += 0.1 * np.cos(2 * vertices[:, 1] + 0.4 * k)
        frames.append((bent, faces))
    return frames
