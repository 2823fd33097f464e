"""What must hold of a Shot; whatever does not is named by field and frame."""

import math
from collections.abc import Iterator

import numpy as np

from ..errors import BadInput
from .geometry_files import geometry_faults
from .types import LARGEST_SIDE, TRACK_KINDS, Array, Objects, Shot, Tracks

LARGEST_FRAME = 10**9
PIECE = 1 << 20  # numbers that are looked at together


def check(shot: Shot, where: str) -> None:
    """Raise BadInput for the first thing that is wrong, naming field and frame."""
    for fault in _faults(shot):
        raise BadInput(f"{where}: {fault}")


def _faults(shot: Shot) -> Iterator[str]:
    count = len(shot.frames)
    size = (shot.height, shot.width)
    if count == 0:
        yield "frames is empty; a Shot needs at least one."
    if any(abs(frame) > LARGEST_FRAME for frame in (*shot.frames, *shot.prompts, *shot.negative)):
        yield f"frames, prompts and negative name frames between -{LARGEST_FRAME} and {LARGEST_FRAME}."
    if not -(1 << 63) <= shot.seed < 1 << 64:
        yield f"seed is {shot.seed}; it must fit into 64 bits."
    if any(b <= a for a, b in zip(shot.frames, shot.frames[1:], strict=False)):
        yield "frames must rise."
    if not (math.isfinite(shot.fps) and shot.fps > 0):
        yield f"fps is {shot.fps}; it must be positive."
    for name, side in (("width", shot.width), ("height", shot.height)):
        if not 1 <= side <= LARGEST_SIDE:
            yield f"{name} is {side}; it must be between 1 and {LARGEST_SIDE} pixels."
    yield from _array_faults("first_frame", shot.first_frame, (*size, 3), ("uint8",), None)
    frames = shot.frames
    yield from _array_faults("camera.pose", shot.camera.pose, (count, 4, 4), ("float64",), frames)
    yield from _array_faults("camera.intrinsics", shot.camera.intrinsics, (count, 3, 3), ("float64",), frames)
    yield from _array_faults("camera.orthographic", shot.camera.orthographic, (count,), ("bool",), frames)
    if shot.camera.clip is not None:
        yield from _array_faults("camera.clip", shot.camera.clip, (count, 2), ("float64",), frames, infinite=True)
        if shot.camera.clip.shape == (count, 2) and (shot.camera.clip[:, 1] <= shot.camera.clip[:, 0]).any():
            yield "camera.clip must be a near and a farther distance."
    yield from _camera_faults(shot)
    known = set(frames)
    for cut in shot.cuts:
        if cut not in known:
            yield f"cuts names frame {cut}, which is not one of the Shot's frames."
    if shot.depth is not None:
        yield from _array_faults("depth", shot.depth, (count, *size), ("float16", "float32"), frames, infinite=True)
    if shot.flow is not None:
        yield from _array_faults("flow", shot.flow, (count, *size, 2), ("float32",), frames)
    if shot.objects is not None:
        yield from _object_faults(shot.objects, shot, count, size)
    if shot.tracks is not None:
        yield from _track_faults(shot.tracks, frames)
    if shot.geometry is not None:
        yield from geometry_faults(shot.geometry, frames)
    for frame, picture in shot.key_pictures.items():
        if frame not in known:
            yield f"key_pictures names frame {frame}, which is not one of the Shot's frames."
        name = f"the key picture of frame {frame}"
        yield from _array_faults(name, picture, (*size, 3), ("uint8", "uint16"), None)
    if shot.times is not None:
        yield from _array_faults("times", shot.times, (count,), ("float64",), frames)
        if len(shot.times) == count and (np.diff(shot.times) <= 0).any():
            yield "times must rise."


def _camera_faults(shot: Shot) -> Iterator[str]:
    pose, k = np.asarray(shot.camera.pose), np.asarray(shot.camera.intrinsics)
    turn = pose[:, :3, :3]
    with np.errstate(over="ignore", invalid="ignore"):
        last = np.abs(pose[:, 3] - (0, 0, 0, 1)).max(axis=1) > 1e-9
        bent = ~(np.abs(turn @ turn.transpose(0, 2, 1) - np.eye(3)).max(axis=(1, 2)) <= 1e-5)
        mirrored = np.linalg.det(turn) < 0
        below = np.abs(k[:, [1, 2, 2, 2], [0, 0, 1, 2]] - (0, 0, 0, 1)).max(axis=1) > 1e-9
    flat = (k[:, 0, 0] == 0) | (k[:, 1, 1] == 0) | below
    for wrong, what in (
        (last | bent, "camera.pose at frame {} is not a rotation and a position."),
        (mirrored, "camera.pose at frame {} is mirrored; a mirror belongs in camera.intrinsics."),
        (flat, "camera.intrinsics at frame {} is not upper triangular with a last row of 0 0 1."),
    ):
        if wrong.any():
            yield what.format(shot.frames[int(wrong.argmax())])


def _object_faults(objects: Objects, shot: Shot, count: int, size: tuple[int, int]) -> Iterator[str]:
    known = len(objects.name)
    yield from _array_faults("objects.index", objects.index, (count, *size), ("uint16",), shot.frames)
    yield from _array_faults("objects.pose", objects.pose, (known, count, 4, 4), ("float64",), None)
    for at, frame in enumerate(shot.frames):
        if objects.index[at].max(initial=0) > known:
            yield f"objects.index at frame {frame} names object {objects.index[at].max()} of {known}."
    with np.errstate(all="ignore"):
        flat = np.abs(np.linalg.det(objects.pose[..., :3, :3])) == 0
    if flat.any():
        thing, at = np.argwhere(flat)[0]
        yield f"objects.pose of {objects.name[thing]} at frame {shot.frames[at]} has no inverse (zero scale)."


def _track_faults(tracks: Tracks, frames: tuple[int, ...]) -> Iterator[str]:
    points, count = len(tracks.name), len(frames)
    yield from _array_faults("tracks.xy", tracks.xy, (points, count, 2), ("float32",), frames, axis=1)
    yield from _array_faults("tracks.visible", tracks.visible, (points, count), ("bool",), frames)
    if len(tracks.kind) != points:
        yield f"tracks.kind has {len(tracks.kind)} entries for {points} tracks."
    for kind in set(tracks.kind) - set(TRACK_KINDS):
        yield f"tracks.kind {kind!r} is none of {', '.join(TRACK_KINDS)}."


def _array_faults(
    name: str,
    array: Array,
    shape: tuple[int, ...],
    dtypes: tuple[str, ...],
    frames: tuple[int, ...] | None,
    *,
    infinite: bool = False,
    axis: int = 0,
) -> Iterator[str]:
    if array.shape != shape:
        yield f"{name} has shape {array.shape}; here it must be {shape}."
    elif array.dtype.name not in dtypes:
        yield f"{name} is {array.dtype.name}; it must be {' or '.join(dtypes)}."
    elif array.dtype.kind == "f":
        by_frame = np.moveaxis(array, axis, 0) if frames else array[None]
        together = max(1, PIECE * len(by_frame) // max(1, array.size))
        for start in range(0, len(by_frame), together):  # some frames at a time: the whole may be larger than memory
            piece = by_frame[start : start + together]
            wrong = np.isnan(piece) | (piece <= 0 if infinite else np.isinf(piece))
            if wrong.any():
                first = start + int(wrong.reshape(len(piece), -1).any(axis=1).argmax())
                place = f" at frame {frames[first]}" if frames else ""
                yield f"{name} has values that are not {'positive ' if infinite else ''}numbers{place}."
