"""A Shot as a folder: `shot.json`, `first_frame.png` and one `.npy` file for each array, named after its field."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..errors import BadInput
from ..media import png
from .types import Array, Camera, Objects, Shot, Tracks
from .validation import check

FORMAT = "motion-bridge shot"
VERSION = 1


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
