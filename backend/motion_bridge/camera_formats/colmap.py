"""COLMAP text: cameras.txt, images.txt and points3D.txt in a folder.

images.txt holds two lines for each picture: `ID qw qx qy qz tx ty tz CAMERA NAME`, world to camera with Hamilton's
quaternions in OpenCV axes, and its points, of which there are none. A camera for each different lens. The top-left
pixel's center is (0.5, 0.5), as in a Shot.
"""

from pathlib import Path

import numpy as np

from ..errors import BadInput
from ..files.regular import read_text
from ..files.writing import write_named
from ..shot import Shot
from .path import CameraPath, inverse, of_shot, quaternions
from .points import static_points

CAMERAS, IMAGES, POINTS = "cameras.txt", "images.txt", "points3D.txt"
GRAY = "128 128 128"


def write(shot: Shot, out: Path) -> tuple[tuple[Path, ...], list[str]]:
    path = of_shot(shot)
    lenses, which = np.unique(path.intrinsics.reshape(-1, 9), axis=0, return_inverse=True)
    size = f"{path.width} {path.height}"
    cameras = [f"{at} PINHOLE {size} {k[0]:.12g} {k[4]:.12g} {k[2]:.12g} {k[5]:.12g}" for at, k in enumerate(lenses, 1)]
    world = inverse(path.pose)
    images: list[str] = []
    for at, (q, t, camera) in enumerate(
        zip(quaternions(world[:, :3, :3]), world[:, :3, 3], which.ravel(), strict=True)
    ):
        numbers = " ".join(f"{value + 0:.12g}" for value in (*q, *t))
        images += [f"{at + 1} {numbers} {camera + 1} frame_{shot.frames[0] + at:04d}.png", ""]
    points = static_points(shot).xyz if shot.tracks is not None else np.zeros((0, 3))
    found = [f"{at} {x:.9g} {y:.9g} {z:.9g} {GRAY} 0" for at, (x, y, z) in enumerate(points, 1)]
    out.mkdir(parents=True, exist_ok=True)
    for name, lines in ((CAMERAS, cameras), (IMAGES, images), (POINTS, found)):
        write_named(out / name, "\n".join(lines) + "\n")
    return (out / CAMERAS, out / IMAGES, out / POINTS), []


def read(folder: Path, fps: float = 24.0) -> CameraPath:
    """The pictures in the order of their names; PINHOLE and SIMPLE_PINHOLE cameras of one size."""
    lenses = {}
    for number, words in _lines(folder / CAMERAS):
        if words[1] not in ("PINHOLE", "SIMPLE_PINHOLE"):
            raise BadInput(f"{folder / CAMERAS}, line {number}: {words[1]} has distortion; undistort it first.")
        values = _numbers(words[2:], folder / CAMERAS, number)
        if len(values) != 2 + (4 if words[1] == "PINHOLE" else 3):
            raise BadInput(f"{folder / CAMERAS}, line {number}: {words[1]} has another count of numbers.")
        lenses[words[0]] = values if len(values) == 6 else [*values[:3], *values[2:]]
    rows = [(number, words) for number, words in _lines(folder / IMAGES) if len(words) == 10]
    if not rows:
        raise BadInput(f"{folder / IMAGES} holds no pictures.")
    rows.sort(key=lambda row: row[1][9])
    world = np.tile(np.eye(4), (len(rows), 1, 1))
    lens = np.tile(np.eye(3), (len(rows), 1, 1))
    sizes = set()
    for at, (number, words) in enumerate(rows):
        values = _numbers(words[1:8], folder / IMAGES, number)
        if words[8] not in lenses:
            raise BadInput(f"{folder / IMAGES}, line {number}: there is no camera {words[8]} in {CAMERAS}.")
        width, height, fx, fy, cx, cy = lenses[words[8]]
        sizes.add((int(width), int(height)))
        lens[at] = [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]
        world[at, :3, :3], world[at, :3, 3] = _turn(values[:4], folder / IMAGES, number), values[4:]
    if len(sizes) != 1:
        raise BadInput(f"{folder / CAMERAS} has pictures of different sizes; one clip has one.")
    width, height = sizes.pop()
    return CameraPath(inverse(world), lens, width, height, fps)


def _lines(file: Path) -> list[tuple[int, list[str]]]:
    lines = enumerate(read_text(file).splitlines(), 1)
    return [(number, line.split()) for number, line in lines if len(line.split()) > 2 and not line.startswith("#")]


def _numbers(words: list[str], file: Path, number: int) -> list[float]:
    try:
        values = [float(word) for word in words]
    except ValueError:
        values = [np.nan]
    if not np.isfinite(values).all():
        raise BadInput(f"{file}, line {number} holds something that is not a number.")
    return values


def _turn(quaternion: list[float], file: Path, number: int) -> np.ndarray:
    with np.errstate(over="ignore"):
        length = float(np.linalg.norm(quaternion))
    if not 1e-9 <= length < np.inf:
        raise BadInput(f"{file}, line {number}: its quaternion is not a rotation.")
    w, x, y, z = np.array(quaternion) / length
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
