"""A Shot as a folder: `shot.json`, `first_frame.png` and one `.npy` file for each array, named after its field."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadInput
from ..files import json_text, npy, regular, reserve, writing
from ..media import png
from .geometry_files import LAYOUT, assemble_geometry, geometry_arrays, geometry_header
from .types import Array, Camera, Objects, Shot, Tracks
from .validation import check

FORMAT = "motion-bridge shot"
VERSION = 2  # written for Shots that use what version 1 lacks; all others stay version 1, and both are read
HEADER = "shot.json"
ARRAYS = (
    "camera.pose",
    "camera.intrinsics",
    "camera.orthographic",
    "depth",
    "flow",
    "objects.index",
    "objects.pose",
    "tracks.xy",
    "tracks.visible",
    "camera.clip",
    "times",
    *LAYOUT,
)


def save(shot: Shot, folder: Path) -> None:
    """Write a Shot; shot.json comes last, so a folder without it was interrupted.

    Arrays that are already maps of the folder's own files (see `map_array`) are flushed, not copied. BadInput when the
    disk is full or cannot be written to.
    """
    check(shot, str(folder))
    arrays = {name: array for name, array in _arrays(shot).items() if array is not None}
    with reserve.room_for(folder, sum(array.nbytes for array in arrays.values())):
        folder.mkdir(parents=True, exist_ok=True)
        for name, array in arrays.items():
            path = folder / f"{name}.npy"
            if isinstance(array, np.memmap) and array.filename and Path(array.filename).resolve() == path.resolve():
                array.flush()
            else:
                with writing.replacing(folder, path.name) as file:
                    np.save(file, array, allow_pickle=False)
        writing.write(folder, "first_frame.png", png.encode(shot.first_frame))
        for frame, picture in shot.key_pictures.items():
            writing.write(folder, key_picture_name(frame), png.encode(picture))
        header = json.dumps(_header(shot), indent=1, ensure_ascii=False, allow_nan=False)
        writing.write(folder, HEADER, header.encode())


def map_array(folder: Path, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
    """A new array that lives in the Shot's folder, for what would not fit in memory while it is made.

    BadInput when the disk has no room for all of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return reserve.map_new(folder, f"{name}.npy", shape, dtype)


def load(folder: Path) -> Shot:
    """Read and validate a Shot; its arrays stay on disk and are mapped into memory.

    BadInput names the file, the field and, where there is one, the frame.
    """
    header, where = _read_header(folder), folder / HEADER
    try:
        shot = _assemble(header, folder)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as fault:
        raise BadInput(
            f"{where}: {type(fault).__name__} at {str(fault)[:100]}; compare it with docs/shot.md."
        ) from None
    check(shot, str(folder))
    return shot


def digest(folder: Path) -> str:
    """A name for a Shot's exact content: frames made from another one are recognized by it.

    Other files that lie in the folder do not count.
    """
    total = hashlib.blake2b(digest_size=16)
    header = _read_header(folder)
    arrays = sorted(f"{name}.npy" for name in _array_names(header, folder))
    for name in (HEADER, "first_frame.png", *arrays, *map(key_picture_name, _key_frames(header))):
        total.update(name.encode())
        with regular.open_regular(folder / name) as file:
            while block := file.read(1 << 20):
                total.update(block)
    return total.hexdigest()


def differences(one: Shot, other: Shot) -> list[str]:
    """The names of the fields in which two Shots differ."""
    a, b = ({**_header(each), **_arrays(each), **_pictures(each)} for each in (one, other))
    return [name for name in {**a, **b} if name != "version" and not _equal(a.get(name), b.get(name))]


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.array_equal(a, b)
    return a is b or a == b


def key_picture_name(frame: int) -> str:
    """The file of a key picture: key_0001.png, key_-0005.png."""
    return f"key_{'-' if frame < 0 else ''}{abs(frame):04d}.png"


def _pictures(shot: Shot) -> dict[str, Array]:
    keys = {f"the key picture of frame {frame}": picture for frame, picture in shot.key_pictures.items()}
    return {"first_frame": shot.first_frame, **keys}


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
        "camera.clip": shot.camera.clip,
        "times": shot.times,
        **(geometry_arrays(shot.geometry) if shot.geometry else {}),
    }


def _header(shot: Shot) -> dict[str, Any]:
    newer = {}
    if shot.geometry or shot.key_pictures or shot.times is not None or shot.camera.clip is not None:
        newer = {
            "geometry": shot.geometry and geometry_header(shot.geometry),
            "key_pictures": sorted(shot.key_pictures),
        }
    return {
        "format": FORMAT,
        "version": VERSION if newer else 1,
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
        **newer,
    }


def _read_header(folder: Path) -> dict[str, Any]:
    where = folder / HEADER
    if not os.path.lexists(where):
        raise BadInput(f"{folder} holds no {HEADER}: it is not a Shot, or writing it was interrupted.")
    header = json_text.read(where)
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise BadInput(f'{where} does not say "format": "{FORMAT}".')
    version = header.get("version")
    if version not in range(1, VERSION + 1) or not isinstance(version, int) or isinstance(version, bool):
        raise BadInput(
            f"{where} is of version {str(version)[:40]}; this Motion Bridge reads versions 1 to {VERSION}. "
            "Write the Shot again, or update Motion Bridge."
        )
    return header


def _array_names(header: dict[str, Any], folder: Path) -> list[str]:
    """The arrays that shot.json lists, as far as a Shot has such."""
    listed = header.get("arrays")
    if not isinstance(listed, list):
        raise BadInput(f"{folder / HEADER}: arrays must be a list of names.")
    for name in listed:
        if not isinstance(name, str) or (name not in ARRAYS and not os.path.lexists(folder / f"{name}.npy")):
            raise BadInput(f"{folder}: {str(name)[:40]}.npy is missing though {HEADER} lists it.")
    return [name for name in ARRAYS if name in listed]


def _key_frames(header: dict[str, Any]) -> list[int]:
    """The frames of which there is a key picture beside the first."""
    return [_whole(frame, "key_pictures") for frame in header.get("key_pictures", ())]


def _assemble(header: dict[str, Any], folder: Path) -> Shot:
    arrays = {name: _map(folder, name) for name in _array_names(header, folder)}
    objects, tracks = (_object(header[name], name) for name in ("objects", "tracks"))
    geometry = _object(header.get("geometry"), "geometry")
    pose, intrinsics, orthographic = (arrays[f"camera.{name}"] for name in ("pose", "intrinsics", "orthographic"))
    return Shot(
        frames=tuple(_whole(frame, "frames") for frame in header["frames"]),
        fps=float(header["fps"]),
        width=_whole(header["width"], "width"),
        height=_whole(header["height"], "height"),
        camera=Camera(pose, intrinsics, orthographic, arrays.get("camera.clip")),
        first_frame=png.read(folder / "first_frame.png"),
        cuts=tuple(_whole(cut, "cuts") for cut in header["cuts"]),
        depth=arrays.get("depth"),
        flow=arrays.get("flow"),
        objects=None
        if objects is None
        else Objects(arrays["objects.index"], arrays["objects.pose"], _texts(objects["name"], "objects.name")),
        tracks=None
        if tracks is None
        else Tracks(
            arrays["tracks.xy"],
            arrays["tracks.visible"],
            _texts(tracks["name"], "tracks.name"),
            _texts(tracks["kind"], "tracks.kind"),
        ),
        geometry=None if geometry is None else assemble_geometry(geometry, arrays),
        key_pictures={frame: png.read_deep(folder / key_picture_name(frame)) for frame in _key_frames(header)},
        times=arrays.get("times"),
        prompts=_by_frame(header["prompts"], "prompts"),
        negative=_by_frame(header["negative"], "negative"),
        seed=_whole(header["seed"], "seed"),
        settings=dict(header["settings"].items()),
        schedules={name: str(text) for name, text in header["schedules"].items()},
    )


def _object(value: Any, name: str) -> dict[str, Any] | None:
    if value is not None and not (isinstance(value, dict) and value):
        raise BadInput(f"{HEADER}: {name} is neither null nor an object with something in it.")
    return value


def _map(folder: Path, name: str) -> Array:
    path = folder / f"{name}.npy"
    if not os.path.lexists(path):
        raise BadInput(f"{folder}: {path.name} is missing though {HEADER} lists it.")
    return npy.map_read_only(path)


def _texts(values: Any, name: str) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise BadInput(f"{HEADER}: {name} must be a list of texts.")
    return tuple(values)


def _whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInput(f"{HEADER}: {name} holds {repr(value)[:40]}, which is not a whole number.")
    return value


def _by_frame(texts: Mapping[str, str], name: str) -> dict[int, str]:
    found = {}
    for key, text in texts.items():
        try:
            found[int(key)] = str(text)
        except ValueError:
            raise BadInput(f"{HEADER}: {name} has the key {key[:40]!r}, which is not a frame.") from None
    return found
