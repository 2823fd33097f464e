"""Diffusion as Shader's tracking video: 49 pictures of 720×480 in which color is the position in the first frame.

Every point keeps R = 255·x/W, G = 255·y/H and B = 255·clip((1/z − p2)/(p98 − p2)) of the first frame, p2 and p98 being
percentiles of 1/z there. Far points are drawn first. Every pixel of the first frame is a point, moved by its object's
pose and the camera, so the Shot needs depth; its tracks are not used. What the first frame does not show stays black.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from ..files import writing
from ..geometry import camera
from ..geometry.cancellation import breathe
from ..media import movie, png
from ..shot import Shot
from . import arrays

Array = NDArray[Any]
FPS = 8.0
CRF = 8  # of H.264: colors are positions, so they are kept nearly as they are
FRAMES = 49
WIDTH, HEIGHT = 720, 480
REACH = 1  # pixels that a point is drawn to each side of its own


def write(shot: Shot, out: Path) -> tuple[tuple[Path, ...], list[str]]:
    """A .mp4, a .npy of (49, 480, 720, 3) uint8, or a folder of PNG files, as the name of `out` says."""
    if out.suffix == ".mp4":
        movie.check(out)
    pictures = render(shot)
    if out.suffix == ".mp4":
        movie.write(out, pictures, FPS, crf=CRF)
    elif out.suffix == ".npy":
        writing.write_named(out, arrays.npy_bytes(pictures))
    else:
        out.mkdir(parents=True, exist_ok=True)
        for number, picture in enumerate(pictures):
            writing.write_named(out / f"{number:04d}.png", png.encode(picture))
    if abs(shot.width / shot.height - WIDTH / HEIGHT) < 0.01:
        return (out,), []
    own = f"{shot.width}x{shot.height}"
    return (out,), [f"the picture of {own} is stretched to {WIDTH}x{HEIGHT}; stretch the first frame likewise"]


def render(shot: Shot) -> Array:
    """The tracking video of a Shot with depth: (49, 480, 720, 3) uint8. The whole Shot is spread over the 49."""
    points = first_frame_points(shot)
    color = colors(points.xy, points.depth)
    pictures = np.zeros((FRAMES, HEIGHT, WIDTH, 3), np.uint8)
    for number, (xy, depth) in enumerate(_moved(shot, points)):
        breathe()
        pictures[number] = draw(xy, depth, color)
    return pictures


@dataclass(frozen=True)
class Points:
    """What is seen in the first frame, points of one object beside each other."""

    xy: Array  # (P, 2) pixels of the tracking video
    depth: Array  # (P,)
    here: Array  # (3, P) in the first frame's camera
    groups: Mapping[int, slice]  # place in objects.pose, or -1 → its points


def first_frame_points(shot: Shot) -> Points:
    """One point for each pixel of the tracking video where the first frame shows something."""
    if shot.depth is None:
        raise BadInput("A Diffusion as Shader video needs depth; write the Shot with depth.")
    x, y = np.meshgrid((np.arange(WIDTH) + 0.5) / WIDTH * shot.width, (np.arange(HEIGHT) + 0.5) / HEIGHT * shot.height)
    pixels = np.stack([x, y], axis=-1).reshape(-1, 2)
    column, row = pixels.astype(np.int64).T
    depth = np.asarray(shot.depth[0], np.float64)[row, column]
    seen = np.isfinite(depth)
    if not seen.any():
        raise BadInput(f"Frame {shot.frames[0]} shows nothing: there is nothing to track.")
    pixels, depth, column, row = pixels[seen], depth[seen], column[seen], row[seen]
    here = camera.unproject(pixels, depth, shot.camera.intrinsics[0], bool(shot.camera.orthographic[0]))
    index = shot.objects.index[0][row, column].astype(np.int64) if shot.objects else np.zeros(len(row), np.int64)
    order = np.argsort(index, kind="stable")
    ends = np.searchsorted(index[order], np.arange(index.max() + 2))
    groups = {int(thing) - 1: slice(ends[thing], ends[thing + 1]) for thing in np.unique(index)}
    return Points(_video_pixels(pixels, shot)[order], depth[order], here[order].T.copy(), groups)


def _video_pixels(pixels: Array, shot: Shot) -> Array:
    return pixels * (WIDTH / shot.width, HEIGHT / shot.height)


def _moved(shot: Shot, points: Points) -> Iterator[tuple[Array, Array]]:
    """Where the points are in each picture of the video, and how far away; between frames in equal steps."""
    last = len(shot.frames) - 1
    known: dict[int, tuple[Array, Array]] = {}
    for at in np.linspace(0, last, FRAMES):
        before = min(int(at + 1e-9), last)
        share = at - before
        needed = {before} if share < 1e-9 else {before, before + 1}
        known = {frame: known.get(frame) or _at(shot, points, frame) for frame in needed}
        xy, depth = known[before]
        if len(needed) == 2:
            xy_after, depth_after = known[before + 1]
            xy, depth = xy + share * (xy_after - xy), depth + share * (depth_after - depth)
        yield xy, depth


def _at(shot: Shot, points: Points, frame: int) -> tuple[Array, Array]:
    """Every point at a frame: video pixels (P, 2), and depth (P,), nan behind the camera."""
    x, y, z = points.here.copy()
    for thing, group in points.groups.items():
        motion = np.linalg.inv(shot.camera.pose[frame])
        if shot.objects and thing >= 0:
            motion = motion @ shot.objects.pose[thing, frame] @ np.linalg.inv(shot.objects.pose[thing, 0])
        motion = motion @ shot.camera.pose[0]
        start = points.here[:, group]
        for axis, row in zip((x, y, z), motion[:3], strict=True):
            axis[group] = row[0] * start[0] + row[1] * start[1] + row[2] * start[2] + row[3]
    k = shot.camera.intrinsics[frame]
    if shot.camera.orthographic[frame]:
        depth, u, v = z, x, y
    else:
        depth = np.where(z > 0, z, np.nan)
        u, v = x / depth, y / depth
    pixels = np.stack([k[0, 0] * u + k[0, 1] * v + k[0, 2], k[1, 1] * v + k[1, 2]], axis=-1)
    return _video_pixels(pixels, shot), depth


def colors(xy: Array, depth: Array) -> Array:
    """The color (P, 3) uint8 of points from their first positions (P, 2), video pixels, and depth (P,)."""
    near = 1 / depth
    low, high = np.percentile(near, (2, 98))
    return colors_between(xy, near, low, high)


def colors_between(xy: Array, near: Array, low: float, high: float) -> Array:
    """The same for 1/z `near` and given percentiles of it."""
    blue = np.clip((near - low) / max(high - low, 1e-12), 0, 1)
    return (255 * np.stack([xy[:, 0] / WIDTH, xy[:, 1] / HEIGHT, blue], axis=-1)).astype(np.uint8)


def draw(xy: Array, depth: Array, color: Array, reach: int = REACH) -> Array:
    """One picture (480, 720, 3): each point a square of 2·reach+1 pixels, far ones first.

    Points outside the picture or without depth are left out.
    """
    with np.errstate(invalid="ignore"):
        inside = (xy[:, 0] >= 0) & (xy[:, 0] < WIDTH) & (xy[:, 1] > 0) & (xy[:, 1] < HEIGHT) & np.isfinite(depth)
    xy, depth, color = xy[inside], depth[inside], color[inside]
    order = np.argsort(-depth, kind="stable")
    column, row = xy[order].astype(np.int32).T
    center = np.full((HEIGHT + 2 * reach, WIDTH + 2 * reach), -1, np.int32)
    flat = (row + reach) * center.shape[1] + column + reach
    center.reshape(-1)[flat] = np.arange(len(order), dtype=np.int32)  # of several in one pixel the nearest stays
    nearest = np.full((HEIGHT, WIDTH), -1, np.int32)
    for down in range(2 * reach + 1):
        for right in range(2 * reach + 1):
            np.maximum(nearest, center[down : down + HEIGHT, right : right + WIDTH], out=nearest)
    palette = np.concatenate([color[order], np.zeros((1, 3), np.uint8)])  # the last, black, is where nothing is
    return palette[nearest]
