"""The contract between Blender and the engines: one camera move as plain data, and its folder format.

A folder holds `shot.json`, `first_frame.png` and one `.npy` file for each array, named after its field. docs/shot.md
says the same for people who write Shots without this project. Everything is validated when it is loaded or saved and
nowhere else.
"""

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from . import png
from .errors import BadInput

FORMAT = "motion-bridge shot"
VERSION = 1
LARGEST_SIDE = 16384  # pixels; above it a frame no longer fits one message
TRACK_KINDS = ("grid", "path", "live", "pinned")

Array = NDArray[Any]


@dataclass(frozen=True)
class Camera:
    """The camera at every frame; axes and pixels as in motion/camera.py."""

    pose: Array  # (T, 4, 4) float64, camera to world, no scale
    intrinsics: Array  # (T, 3, 3) float64, pixels
    orthographic: Array  # (T,) bool: no division by depth


@dataclass(frozen=True)
class Tracks:
    """Points followed through the picture."""

    xy: Array  # (N, T, 2) float32, pixels
    visible: Array  # (N, T) bool: inside the picture, in front of the camera, not hidden by geometry
    name: tuple[str, ...]  # (N,) the object that a point belongs to
    kind: tuple[str, ...]  # (N,) one of TRACK_KINDS


@dataclass(frozen=True)
class Objects:
    """Which rigid thing is seen at each pixel, and how each of them moves."""

    index: Array  # (T, H, W) uint16: 0 where there is nothing, i where pose[i - 1] is seen
    pose: Array  # (M, T, 4, 4) float64, object to world, any invertible affine matrix
    name: tuple[str, ...]  # (M,)


@dataclass(frozen=True)
class Shot:
    """Everything about one camera move that a generator needs."""

    frames: tuple[int, ...]  # (T,) frame numbers, rising
    fps: float
    width: int  # pixels
    height: int
    camera: Camera
    first_frame: Array  # (H, W, 3) uint8, sRGB, top row first
    cuts: tuple[int, ...] = ()  # frames at which another camera takes over
    depth: Array | None = None  # (T, H, W) float16 or float32 along the optical axis, scene units, inf where nothing is
    flow: Array | None = None  # (T, H, W, 2) float32: where each pixel of frame k came from in frame k-1, pixels
    objects: Objects | None = None
    tracks: Tracks | None = None
    prompts: Mapping[int, str] = field(default_factory=dict)  # held from their frame until the next
    negative: Mapping[int, str] = field(default_factory=dict)
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)  # the engine's own
    schedules: Mapping[str, str] = field(default_factory=dict)  # Deforum strings

    def prompt(self, frame: int) -> str:
        """The prompt that holds at a frame number; empty before the first."""
        keys = [key for key in self.prompts if key <= frame]
        return self.prompts[max(keys)] if keys else ""


def save(shot: Shot, folder: Path) -> None:
    """Write a Shot; shot.json comes last, so a folder without it was interrupted.

    Arrays that are already maps of the folder's own files (see `map_array`) are flushed, not copied.
    """
    check(shot, str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in _arrays(shot).items():
        if array is None:
            continue
        path = folder / f"{name}.npy"
        if isinstance(array, np.memmap) and array.filename and Path(array.filename).resolve() == path.resolve():
            array.flush()
        else:
            with _replacing(path) as file:
                np.save(file, array, allow_pickle=False)
    with _replacing(folder / "first_frame.png") as file:
        file.write(png.encode(shot.first_frame))
    with _replacing(folder / "shot.json") as file:
        file.write(json.dumps(_header(shot), indent=1, ensure_ascii=False, allow_nan=False).encode())


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A new file in an old one's place, so that whoever has the old one mapped keeps what he read."""
    part = path.with_name(path.name + ".part")
    with open(part, "wb") as file:
        yield file
    os.replace(part, path)


def map_array(folder: Path, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
    """A new array that lives in the Shot's folder, for what would not fit in memory while it is made."""
    folder.mkdir(parents=True, exist_ok=True)
    return np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=dtype, shape=shape)


def load(folder: Path) -> Shot:
    """Read and validate a Shot; its arrays stay on disk and are mapped into memory.

    BadInput names the file, the field and, where there is one, the frame.
    """
    where = folder / "shot.json"
    try:
        header = json.loads(where.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"{folder} holds no shot.json: it is no Shot, or writing it was interrupted.") from None
    except (OSError, ValueError) as fault:
        raise BadInput(f"{where} cannot be read: {fault}.") from None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise BadInput(f'{where} does not say "format": "{FORMAT}".')
    if header.get("version") != VERSION:
        raise BadInput(f"{where} is of version {header.get('version')}; this Motion Bridge reads version {VERSION}.")
    try:
        shot = _assemble(header, folder)
    except (KeyError, TypeError, AttributeError, ValueError) as fault:
        raise BadInput(f"{where}: {type(fault).__name__} at {fault}; compare it with docs/shot.md.") from None
    check(shot, str(folder))
    return shot


def digest(folder: Path) -> str:
    """A name for a Shot's exact content: frames made from another one are recognised by it."""
    total = hashlib.blake2b(digest_size=16)
    names = ["shot.json", "first_frame.png", *sorted(path.name for path in folder.glob("*.npy"))]
    for name in names:
        total.update(name.encode())
        with open(folder / name, "rb") as file:
            while block := file.read(1 << 20):
                total.update(block)
    return total.hexdigest()


def differences(one: Shot, other: Shot) -> list[str]:
    """The names of the fields in which two Shots differ."""
    a, b = ({**_header(each), **_arrays(each), "first_frame": each.first_frame} for each in (one, other))
    return [name for name in a if not _equal(a[name], b[name])]


def _equal(a: Any, b: Any) -> bool:
    return np.array_equal(a, b) if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) else a is b or a == b


def check(shot: Shot, where: str) -> None:
    """Raise BadInput for the first thing that is wrong, naming field and frame."""
    for fault in _faults(shot):
        raise BadInput(f"{where}: {fault}")


def _faults(shot: Shot) -> Iterator[str]:
    count = len(shot.frames)
    size = (shot.height, shot.width)
    if count == 0:
        yield "frames is empty; a Shot needs at least one."
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
    yield from _camera_faults(shot)
    for cut in shot.cuts:
        if cut not in frames:
            yield f"cuts names frame {cut}, which is not one of the Shot's frames."
    if shot.depth is not None:
        yield from _array_faults("depth", shot.depth, (count, *size), ("float16", "float32"), frames, infinite=True)
    if shot.flow is not None:
        yield from _array_faults("flow", shot.flow, (count, *size, 2), ("float32",), frames)
    if shot.objects is not None:
        yield from _object_faults(shot.objects, shot, count, size)
    if shot.tracks is not None:
        yield from _track_faults(shot.tracks, frames)


def _camera_faults(shot: Shot) -> Iterator[str]:
    for at, frame in enumerate(shot.frames):
        pose, k = shot.camera.pose[at], shot.camera.intrinsics[at]
        turn = pose[:3, :3]
        if np.abs(pose[3] - (0, 0, 0, 1)).max() > 1e-9 or np.abs(turn @ turn.T - np.eye(3)).max() > 1e-5:
            yield f"camera.pose at frame {frame} is not a rotation and a position."
        if np.linalg.det(turn) < 0:
            yield f"camera.pose at frame {frame} is mirrored; a mirror belongs in camera.intrinsics."
        if k[0, 0] == 0 or k[1, 1] == 0 or np.abs(k[[1, 2, 2, 2], [0, 0, 1, 2]] - (0, 0, 0, 1)).max() > 1e-9:
            yield f"camera.intrinsics at frame {frame} is not upper triangular with a last row of 0 0 1."


def _object_faults(objects: Objects, shot: Shot, count: int, size: tuple[int, int]) -> Iterator[str]:
    known = len(objects.name)
    yield from _array_faults("objects.index", objects.index, (count, *size), ("uint16",), shot.frames)
    yield from _array_faults("objects.pose", objects.pose, (known, count, 4, 4), ("float64",), None)
    for at, frame in enumerate(shot.frames):
        if objects.index[at].max(initial=0) > known:
            yield f"objects.index at frame {frame} names object {objects.index[at].max()} of {known}."
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
        pieces = np.moveaxis(array, axis, 0) if frames else [array]
        for at, piece in enumerate(pieces):  # a frame at a time: the whole may be larger than memory
            bad = np.isnan(piece).any() or (not infinite and np.isinf(piece).any())
            if bad or (infinite and (piece <= 0).any()):
                place = f" at frame {frames[at]}" if frames else ""
                yield f"{name} has values that are not {'positive ' if infinite else ''}numbers{place}."


def _arrays(shot: Shot) -> dict[str, Array | None]:
    objects, tracks = shot.objects, shot.tracks
    return {
        "camera.pose": shot.camera.pose,
        "camera.intrinsics": shot.camera.intrinsics,
        "camera.orthographic": shot.camera.orthographic,
        "depth": shot.depth,
        "flow": shot.flow,
        "objects.index": objects.index if objects else None,
        "objects.pose": objects.pose if objects else None,
        "tracks.xy": tracks.xy if tracks else None,
        "tracks.visible": tracks.visible if tracks else None,
    }


def _header(shot: Shot) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "frames": list(shot.frames),
        "fps": shot.fps,
        "width": shot.width,
        "height": shot.height,
        "cuts": list(shot.cuts),
        "seed": shot.seed,
        "prompts": {str(frame): text for frame, text in shot.prompts.items()},
        "negative": {str(frame): text for frame, text in shot.negative.items()},
        "settings": dict(shot.settings),
        "schedules": dict(shot.schedules),
        "objects": {"name": list(shot.objects.name)} if shot.objects else None,
        "tracks": {"name": list(shot.tracks.name), "kind": list(shot.tracks.kind)} if shot.tracks else None,
        "arrays": [name for name, array in _arrays(shot).items() if array is not None],
    }


def _assemble(header: dict[str, Any], folder: Path) -> Shot:
    arrays = {name: _map(folder, str(name)) for name in header["arrays"]}
    objects, tracks = header["objects"], header["tracks"]
    return Shot(
        frames=tuple(_whole(frame, "frames") for frame in header["frames"]),
        fps=float(header["fps"]),
        width=_whole(header["width"], "width"),
        height=_whole(header["height"], "height"),
        camera=Camera(arrays["camera.pose"], arrays["camera.intrinsics"], arrays["camera.orthographic"]),
        first_frame=_first_frame(folder),
        cuts=tuple(_whole(cut, "cuts") for cut in header["cuts"]),
        depth=arrays.get("depth"),
        flow=arrays.get("flow"),
        objects=objects and Objects(arrays["objects.index"], arrays["objects.pose"], tuple(objects["name"])),
        tracks=tracks
        and Tracks(arrays["tracks.xy"], arrays["tracks.visible"], tuple(tracks["name"]), tuple(tracks["kind"])),
        prompts=_by_frame(header["prompts"], "prompts"),
        negative=_by_frame(header["negative"], "negative"),
        seed=_whole(header["seed"], "seed"),
        settings=dict(header["settings"]),
        schedules={str(name): str(text) for name, text in header["schedules"].items()},
    )


def _first_frame(folder: Path) -> Array:
    path = folder / "first_frame.png"
    if not path.is_file():
        raise BadInput(f"{folder}: first_frame.png is missing.")
    return png.read(path)


def _map(folder: Path, name: str) -> Array:
    path = folder / f"{name}.npy"
    if path.name not in os.listdir(folder):
        raise BadInput(f"{folder}: {path.name} is missing though shot.json lists it.")
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as fault:
        raise BadInput(f"{path} is damaged or cut short: {fault}.") from None


def _whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInput(f"shot.json: {name} holds {value!r}, which is not a whole number.")
    return value


def _by_frame(texts: Mapping[str, str], name: str) -> dict[int, str]:
    found = {}
    for key, text in texts.items():
        try:
            found[int(key)] = str(text)
        except ValueError:
            raise BadInput(f"shot.json: {name} has the key {key!r}, which is not a frame.") from None
    return found
