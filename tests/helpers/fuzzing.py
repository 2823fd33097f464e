"""Hostile input of every kind that comes from outside, made by chance from good input, and what the readers do with it.

    python tests/helpers/fuzzing.py KIND COUNT SEED FOLDER      one line of JSON: see Result

The reader must answer each case or refuse it with one of errors.py; anything else ends the run and names the case,
which SEED and its number make again.
"""

import json
import os
import random
import shutil
import struct
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

BACKEND = Path(__file__).resolve().parents[2] / "backend"
if __name__ == "__main__":
    sys.path.insert(0, str(BACKEND))

import numpy as np  # noqa: E402  the backend lies beside the tests
from motion_bridge.errors import MotionBridgeError  # noqa: E402

COUNTS = {  # kind → (in the suite, at length)
    "messages": (5_000, 100_000),
    "shots": (150, 10_000),
    "settings": (150, 10_000),
    "tracks": (200, 10_000),
    "cameras": (200, 10_000),
    "pngs": (150, 2_000),
    "videos": (20, 500),
    "models": (20, 500),
}
SLOWEST = 2.0  # seconds a case
MOST_MEMORY = 256  # MiB above the idle process
HOSTILE = [  # JSON values that readers do not expect
    *(None, True, False, 0, -1, 1, 2**31, 2**53 + 1, -(2**63), 10**30, 1e308, -0.0, 1e-320, "", "a" * 10_000),
    *(
        [],
        {},
        [[]],
        [{}],
        {"": {}},
        [None] * 3,
        "\0",
        "../../etc/passwd",
        "/dev/zero",
        "\u202e",
        "NaN",
        "1e400",
        "0:(1)",
    ),
    *([0] * 10_000, {str(k): k for k in range(2_000)}, "(" * 5_000, "0:(" + "9" * 5_000 + ")"),
]
RAW = [
    *(b"[" * 5000, b"NaN", b"1e999", b'"\\ud800"', b"null", b"-", b"true"),
    *(b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff"),
]

DTYPES = [
    *("<f8", ">f8", "<f4", "<f2", "<i8", ">i4", "<i4", "<i2", "|i1", "<u8", "<u4", "<u2", "|u1", "|b1"),
    *("<c16", "|S3", "<U2", "|V8", "<M8[s]", "<m8[s]"),
]
NUMBERS = [  # that arrays hold where readers expect others
    *(np.nan, np.inf, -np.inf, -1.0, 0.0, -0.0, 0.5, 1.0, 1e-320, 1e300, -1e300),
    *(255.0, 65535.0, 2.0**31 - 1, -(2.0**31), 2.0**32, 2.0**53, 2.0**62, 2.0**63 - 1024, -(2.0**63)),
]

Case = Callable[[], object]  # reads one hostile input
Cases = Callable[[Path, random.Random], Iterator[Case]]


@dataclass(frozen=True)
class Result:
    """What became of many cases."""

    cases: int
    refused: int
    slowest: float  # seconds of process time
    memory: float  # MiB at most above the idle process


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The same bytes with a few of them changed, lost, doubled, swapped for numbers that like to overflow."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(changed))
        match chance.randrange(7):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : at + chance.randint(1, 40)]
            case 2:
                changed[at:at] = chance.randbytes(chance.randint(1, 40))
            case 3:
                raw = chance.choice(RAW[-3:])
                changed[at : at + 4] = raw
            case 4:
                changed[at:at] = changed[at : at + chance.randint(1, 200)]
            case 5:
                changed[at:at] = chance.choice(RAW)
            case 6:
                del changed[at:]
        if not changed:
            changed += b"\0"
    return bytes(changed)


def mutated_json(value: Any, chance: random.Random) -> Any:
    """A document with a few of its values replaced, removed or moved."""
    value = json.loads(json.dumps(value))
    for _ in range(chance.randint(1, 3)):
        holder, key = _place(value, chance)
        if holder is None:
            return _hostile(chance)
        match chance.randrange(4):
            case 0 if isinstance(holder, dict):
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[chance.choice(list(holder))] = holder[key]
            case 2 if isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
                holder[key] = chance.choice([-1, 0, 1e300, 2**40, -holder[key], holder[key] + 0.5])
            case _:
                holder[key] = _hostile(chance)
    return value


def _hostile(chance: random.Random) -> Any:
    return json.loads(json.dumps(chance.choice(HOSTILE)))  # its own: it may be changed next


def _place(value: Any, chance: random.Random) -> tuple[Any, Any]:
    """A container in a document, and one of its keys; None where there is none."""
    holder, key = None, None
    while isinstance(value, dict | list) and value:
        holder, key = value, chance.choice(list(value) if isinstance(value, dict) else range(len(value)))
        value = value[key]
        if chance.random() < 0.4:
            break
    return holder, key


def hostile_array(array: Any, chance: random.Random) -> Any:
    """An array of another type, shape or order, or with numbers that nobody expects."""
    for _ in range(chance.randint(1, 2)):
        array = np.atleast_1d(array)
        match chance.randrange(7):
            case 0:
                array = array.astype(chance.choice(DTYPES), casting="unsafe")
            case 1:
                array = chance.choice(_SHAPES)(array)
            case 2:
                array = np.asfortranarray(array)
            case _ if array.size and array.dtype.kind in "fiub":
                array = np.array(array)
                where = [chance.randrange(array.size) for _ in range(chance.choice([1, 3, array.size]))]
                array.flat[where] = np.array(chance.choice(NUMBERS)).astype(array.dtype)
    return array


_SHAPES: list[Callable[[Any], Any]] = [
    *(np.transpose, np.ravel, np.atleast_3d, np.squeeze),
    *(lambda each: each[..., None], lambda each: each[None], lambda each: each[:0], lambda each: each[..., :0]),
    *(lambda each: each[1:], lambda each: each[..., 1:], lambda each: each[:1], lambda each: each.ravel()[:1]),
    *(lambda each: np.repeat(each, 2, 0), lambda each: np.repeat(each, 2, -1), lambda each: each[::-1]),
    lambda each: each.ravel()[0] if each.size else np.zeros(()),
]


def hostile_npy(data: bytes, chance: random.Random) -> bytes:
    """A .npy file with a right header around a hostile array, or a header that lies about it."""
    import io

    out = io.BytesIO()
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            array = hostile_array(np.load(io.BytesIO(data)), chance)
        except Exception:  # it is hostile already, in whatever way; not every type becomes every other
            array = np.zeros(0, chance.choice(DTYPES))
    np.save(out, array)
    if chance.random() < 0.8:
        return out.getvalue()
    shape = tuple(chance.choice([-1, 0, 1, 3, 2**31, 2**40, 2**62]) for _ in range(chance.choice([0, 1, 2, 4, 40])))
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": array.dtype.str, "fortran_order": False, "shape": shape})
    return out.getvalue() + array.tobytes()


def text_of(document: Any, chance: random.Random) -> bytes:
    """A document's JSON: mutated as a document, as bytes, or as both."""
    changed = mutated_json(document, chance) if chance.random() < 0.7 else document
    text = json.dumps(changed).encode()
    return mutated(text, chance) if chance.random() < 0.4 else text


# Each kind: good input once, then hostile cases without end.


def messages(folder: Path, chance: random.Random) -> Iterator[Case]:
    import io

    from motion_bridge.ipc import events, protocol

    frame = {"index": 2, "number": -3, "path": "/å/frame_-0003.png", "width": 4, "height": 2, "channels": 3}
    sent = [
        protocol.Message("hello", 0, 0, {"protocol": protocol.PROTOCOL}),
        protocol.Message("alive", 0, 1, {"state": "working"}),
        protocol.Message("started", 1, 2, {"total": 48, "missing": 2}),
        protocol.Message("frame", 1, 3, frame, bytes(range(24))),
        protocol.Message("said", 1, 4, {"message": "Depth is estimated."}),
        protocol.Message("failed", 1, 5, {"error": "oom", "message": "The picture does not fit."}),
    ]
    valid = b"".join(protocol.encode(message) + message.payload for message in sent)

    def receive(data: bytes) -> None:
        reader = protocol.Reader(io.BytesIO(data))
        while (message := reader.receive()) is not None:
            if message.kind not in ("hello", "alive"):
                events.of_message(message)

    while True:
        data = mutated(valid, chance)
        yield lambda data=data: receive(data)


def shots(folder: Path, chance: random.Random) -> Iterator[Case]:
    from backend_processes import a_shot
    from motion_bridge import shot as stored
    from motion_bridge.geometry.computed_maps import with_maps
    from motion_bridge.shot import Objects, Tracks

    shot = a_shot(count=4, width=16, height=9)
    size = (4, 9, 16)
    tracks = Tracks(np.ones((2, 4, 2), np.float32), np.ones((2, 4), bool), ("a", "b"), ("grid", "path"))
    objects = Objects(np.ones(size, np.uint16), np.tile(np.eye(4), (1, 4, 1, 1)), ("a",))
    maps = replace(shot, depth=np.ones(size, np.float32), tracks=tracks, objects=objects, prompts={1: "a hill"})
    stored.save(maps, folder / "maps")
    _save_geometry(shot, folder / "geometry")
    headers = {name: json.loads((folder / name / "shot.json").read_bytes()) for name in ("maps", "geometry")}

    def look(at: Path) -> None:
        found = stored.load(at)
        stored.digest(at)
        found.prompt(1)
        drawn = with_maps(found)
        if drawn.depth is not None and drawn.width * drawn.height < 1000:  # as they were, and no more than that
            for k in range(min(len(drawn.frames), 2)):
                assert drawn.depth[k].shape == (drawn.height, drawn.width)
                if drawn.flow is not None:
                    assert np.isfinite(drawn.flow[k]).all()
                if drawn.objects is not None:
                    assert drawn.objects.index[k].max() <= len(drawn.objects.name)

    place = folder / "hostile"
    while True:
        shutil.rmtree(place, ignore_errors=True)
        good = chance.choice(sorted(headers))
        shutil.copytree(folder / good, place)
        for _ in range(chance.randint(1, 2)):
            file = chance.choice(sorted(place.iterdir()))
            if not file.is_file() or file.is_symlink():
                continue
            match chance.randrange(12):
                case 0 if hasattr(os, "mkfifo"):
                    file.unlink()
                    os.mkfifo(file)
                case 1:
                    file.unlink()
                    chance.choice([file.mkdir, lambda file=file: file.symlink_to("/dev/zero")])()
                case 2:
                    (place / chance.choice(["stray.npy", "._depth.npy", "shot"])).mkdir(exist_ok=True)
                case _ if file.name == "shot.json":
                    file.write_bytes(text_of(headers[good], chance))
                case kind if file.suffix == ".npy" and kind > 5:
                    file.write_bytes(hostile_npy(file.read_bytes(), chance))
                case _:
                    file.write_bytes(mutated(file.read_bytes(), chance))
        yield lambda: look(place)


def _save_geometry(shot: Any, folder: Path) -> None:
    """A Shot of version 2 with all that it may have: a floor, a packed ball, a flag that waves, one that comes late."""
    from motion_bridge import shot as stored

    square = np.array([[0, 0, 3], [1, 0, 3], [1, 1, 3], [0, 1, 3]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    writer = stored.GeometryWriter(folder)
    floor, ball, flag, late = (writer.add_object(name) for name in ("floor", "bäll", "flag", "late"))
    connection = writer.add_triangles(faces, writer.add_material("red", (0.8, 0.1, 0.1)))
    waves = writer.add_triangles(faces[::-1], writer.add_material("blue", (0.1, 0.1, 0.9)))
    flat = writer.add_mesh(square, connection)
    packed = writer.add_mesh(square * 3 + 1, connection, tolerance=1e-3)
    for k in range(len(shot.frames)):
        pose = np.eye(4)
        pose[0, 3] = k / 8
        things = [(floor, flat), (ball, packed), (flag, writer.add_mesh(square + k / 10, waves))]
        things += [(late, flat)] if k == 2 else []
        objects, meshes = [of for of, _ in things], [mesh for _, mesh in things]
        writer.add_frame(objects, meshes, [pose] * len(things))
    clip = np.tile([0.1, np.inf], (len(shot.frames), 1))
    deep = np.full((shot.height, shot.width, 3), 30_000, np.uint16)
    shot = replace(
        shot,
        geometry=writer.finish(),
        key_pictures={3: deep},
        times=np.array(shot.frames) + 0.5,
        camera=replace(shot.camera, clip=clip),
    )
    stored.save(shot, folder)


def settings(folder: Path, chance: random.Random) -> Iterator[Case]:
    from motion_bridge.engines.deforum import settings_import
    from motion_bridge.files import regular
    from motion_bridge.schedules import settings_files, webui_writer
    from motion_bridge.schedules.parseq import document

    steps = {"translation_x": np.linspace(0, 1, 12), "zoom": np.ones(12)}
    parseq = document.document(steps, fps=24)
    del parseq["rendered_frames"]
    written = {"zoom": "0: (1.02), 10: (sin(t))", "angle": "0:(1)"}
    classic = webui_writer.document(written, width=64, height=48, fps=24.0, max_frames=12)
    good = [classic, parseq, {"zoom": "0:(1)", "prompts": {"0": "a hill", "6": "a sea"}, "seed": 3, "max_frames": 12}]

    def read(path: Path) -> None:
        settings_import.read(path)
        found = settings_files.read(regular.read_text(path), path.name)
        context = found.context()
        if context.max_frames <= 1000:
            settings_files.evaluate(found, context)

    path = folder / "settings.txt"
    while True:
        bare = chance.random() < 0.1
        path.write_bytes(mutated(b"0: (1), 5:(t)", chance) if bare else text_of(chance.choice(good), chance))
        yield lambda: read(path)


def tracks(folder: Path, chance: random.Random) -> Iterator[Case]:
    from motion_bridge.track_formats import ati, clip_transform, comfyui, native, wan_move, wantrack

    generator = np.random.default_rng(3)
    xy = generator.uniform(0, 60, (5, 30, 2)).astype(np.float32)
    clip = clip_transform.Clip(xy, np.ones((5, 30), bool), tuple(range(30)), 24.0, 64, 48, ("a",) * 5, ("grid",) * 5)
    native.write(clip, folder / "native.npz", "real")
    wantrack.write(clip, folder / "wantrack.npz", "real")
    ati.write(clip, folder / "ati.pth", "real")
    wan_move.write(clip, folder / "move.npy", "real")
    comfyui.write(clip, folder / "comfyui.json", "real")
    text = json.loads((folder / "comfyui.json").read_text())
    readers: dict[str, Callable[[Path], object]] = {
        "native.npz": native.read,
        "wantrack.npz": lambda path: wantrack.read(path, 64, 48),
        "ati.pth": lambda path: ati.read(path, 64, 48),
        "move_tracks.npy": lambda path: wan_move.read(path, 64, 48),
        "move_visibility.npy": lambda path: wan_move.read(path, 64, 48),
        "comfyui.json": lambda path: comfyui.read(path, 64, 48),
    }
    good = {name: (folder / name).read_bytes() for name in readers}
    while True:
        name = chance.choice(sorted(readers))
        for each in ("move_tracks.npy", "move_visibility.npy"):
            (folder / each).write_bytes(good[each])
        data = text_of(text, chance) if name == "comfyui.json" else mutated(good[name], chance)
        if name.endswith(".npz") and chance.random() < 0.7:
            data = _zip_again(good[name], chance)
        elif name.endswith(".npy") and chance.random() < 0.7:
            data = hostile_npy(good[name], chance)
        (folder / name).write_bytes(data)
        yield lambda name=name: readers[name](folder / name)


def _zip_again(data: bytes, chance: random.Random) -> bytes:
    """The same archive with hostile arrays inside, its checksums right."""
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            if chance.random() < 0.4:
                hostile = mutated(content, chance), bytes(1 << 22), content + bytes(1 << 20), b""
                content = chance.choice(hostile) if chance.random() < 0.4 else hostile_npy(content, chance)
            new.writestr(entry.filename, content)
    return out.getvalue()


def cameras(folder: Path, chance: random.Random) -> Iterator[Case]:
    from backend_processes import a_shot
    from motion_bridge import camera_formats

    shot = a_shot(count=5, width=64, height=48)
    camera_formats.write(shot, "nerfstudio", folder / "transforms.json")
    camera_formats.write(shot, "realestate10k", folder / "lines.txt")
    camera_formats.write(shot, "colmap", folder / "colmap")
    camera_formats.write(shot, "sana-wm", folder / "sana.npy")
    camera_formats.write(shot, "sana-wm-bench", folder / "sana.npz")
    good = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}

    def read(path: Path) -> None:
        camera_formats.is_camera_file(path)
        found = camera_formats.read(path, 64, 48)
        assert np.isfinite(found.pose).all() and np.isfinite(found.intrinsics).all() and found.fps > 0
        camera_formats.path.from_first(found)

    while True:
        for path, data in good.items():
            path.write_bytes(data)
        path = chance.choice(sorted(good))
        match path.suffix:
            case ".json":
                path.write_bytes(text_of(json.loads(good[path]), chance))
            case ".txt" if chance.random() < 0.7:
                words = good[path].decode().replace("\n", " \n ").split(" ")
                for _ in range(chance.randint(1, 3)):
                    words[chance.randrange(len(words))] = chance.choice([*_WORDS, *map(str, NUMBERS)])
                path.write_text(" ".join(words))
            case ".npy" if chance.random() < 0.7:
                path.write_bytes(hostile_npy(good[path], chance))
            case ".npz" if chance.random() < 0.7:
                path.write_bytes(_zip_again(good[path], chance))
            case _:
                path.write_bytes(mutated(good[path], chance))
        yield lambda path=path: read(path)


_WORDS = ["", "\n", "x", "1e400", "-1", "0", "PINHOLE", "SIMPLE_PINHOLE", "OPENCV", "9" * 400, "\0", "#", "1_0", "²"]


def pngs(folder: Path, chance: random.Random) -> Iterator[Case]:
    from motion_bridge.media import png

    pixels = np.random.default_rng(1).integers(0, 256, (24, 31, 3), np.uint8)
    good = png.encode(pixels, {"motion_bridge": '{"frame": 1}'})
    path = folder / "a.png"

    def read() -> None:
        try:
            png.read_text(path)
        finally:
            png.read(path)

    while True:
        path.write_bytes(mutated(good, chance) if chance.random() < 0.3 else _png_again(good, chance))
        yield read


def _png_again(data: bytes, chance: random.Random) -> bytes:
    """The same chunks with hostile bodies, their checksums right."""
    out, at = bytearray(data[:8]), 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length
        match kind, chance.randrange(5):
            case b"IHDR", 0 | 1:
                sides = [chance.choice([0, 1, 24, 31, 5000, 16384, 2**31 - 1]) for _ in range(2)]
                modes = [chance.choice([1, 2, 4, 8, 16]), chance.choice([0, 2, 3, 4, 6, 7]), 0, 0, chance.randrange(2)]
                body = struct.pack(">2I5B", *sides, *modes)
            case b"IDAT", 0:
                body = mutated(body, chance)
            case b"IDAT", 1:
                body = zlib.compress(mutated(zlib.decompress(body), chance))
            case b"IDAT", 2:
                body = zlib.compress(bytes(chance.choice([0, 100, 1 << 24])))
            case b"iTXt", 0 | 1:
                body = mutated(body, chance)
        chunks = [(kind, body)]
        if chance.random() < 0.2:
            strange = chance.choice([b"eXIf", b"PLTE", b"iTXt", b"zTXt", b"tRNS", b"IHDR", b"IDAT"])
            chunks.insert(0, (strange, chance.randbytes(chance.randint(0, 60))))
        for each, content in chunks:
            out += struct.pack(">I", len(content)) + each + content + struct.pack(">I", zlib.crc32(each + content))
    return bytes(out)


def videos(folder: Path, chance: random.Random) -> Iterator[Case]:
    import av
    from av import logging
    from motion_bridge.media import video

    logging.set_level(None)
    good: dict[str, bytes] = {}
    for suffix, codec, pixels in (
        (".mp4", "libx264", "yuv420p"),
        (".mkv", "mpeg4", "yuv420p"),
        (".gif", "gif", "rgb8"),
    ):
        with av.open(str(folder / f"good{suffix}"), "w") as container:
            stream = container.add_stream(codec, rate=24)
            stream.width, stream.height, stream.pix_fmt = 48, 32, pixels
            for number in range(8):
                picture = np.full((32, 48, 3), 20 * number, np.uint8)
                container.mux(
                    stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixels))
                )
            container.mux(stream.encode())
        good[suffix] = (folder / f"good{suffix}").read_bytes()
    while True:
        suffix = chance.choice(sorted(good))
        path = folder / f"hostile{suffix}"
        path.write_bytes(mutated(good[suffix], chance))
        yield chance.choice(
            [
                lambda path=path: video.read_footage(path),
                lambda path=path: list(video.frames_at_rate(path, 6, 24.0, 32, 32)),
                lambda path=path: video.read_picture(path),
            ]
        )


def models(folder: Path, chance: random.Random) -> Iterator[Case]:
    from motion_bridge.engines.motionstream.checkpoints import inference_config
    from motion_bridge.model_registry import folder_check, parameter_count

    weights = BACKEND / "motion_bridge" / "weights"
    place = folder / "model"

    def look() -> None:
        if (place / "motionstream.json").exists():
            folder_check.weight_faults(place / "transformer", "transformer/")
            inference_config.read(place)
            return
        folder_check.check(place)
        parameter_count.count_parameters(place)
        folder_check.pipeline_class(place)
        folder_check.variant(place)

    while True:
        shutil.rmtree(place, ignore_errors=True)
        source = weights / chance.choice(["sketch-image", "sketch-image", "sketch-video"])
        shutil.copytree(source, place, copy_function=os.link)
        files = sorted(path for path in place.rglob("*") if path.is_file())
        for file in chance.sample(files, chance.randint(1, 2)):
            content = file.read_bytes()
            file.unlink(missing_ok=True)  # a link: the good one stays
            match chance.randrange(6):
                case 0:
                    continue
                case 1 if hasattr(os, "mkfifo"):
                    os.mkfifo(file)
                case 2:
                    file.symlink_to(chance.choice(["/dev/zero", "nowhere", place]))
                case _ if file.suffix == ".json":
                    file.write_bytes(text_of(json.loads(content), chance))
                case _:
                    file.write_bytes(mutated(content[: 1 << 16], chance) + content[1 << 16 :])
        if chance.random() < 0.2 and (place / "vae").is_dir():
            index = {"weight_map": mutated_json({"a": "model.safetensors", "b": "../../other.safetensors"}, chance)}
            (place / "vae" / "model.safetensors.index.json").write_text(json.dumps(index))
        yield look


def run(kind: str, count: int, seed: int, folder: Path) -> Result:
    """Read so many hostile inputs of a kind."""
    chance = random.Random(seed)
    cases: Iterator[Case] = globals()[kind](folder, chance)
    refused, slowest = 0, 0.0
    idle = 0.0
    for number in range(count):
        case = next(cases)
        if number == 1:  # what is imported at the first use is there by now
            idle = _settle()
        began = time.process_time()
        try:
            case()
        except MotionBridgeError:
            refused += 1
        except BaseException as fault:
            kept = Path(tempfile.mkdtemp(prefix="fuzz-")) / kind
            shutil.copytree(folder, kept, symlinks=True, ignore=_only_files)
            raise SystemExit(f"{kind} {number} of seed {seed}: {type(fault).__name__}: {fault}; see {kept}") from fault
        slowest = max(slowest, time.process_time() - began)
    return Result(count, refused, slowest, max(0.0, _peak() - idle))


def _only_files(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not (Path(folder, name).is_dir() or Path(folder, name).is_file())]


def _settle() -> float:
    """MiB of the process now; its peak is counted from here on, where the system can."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> float:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    said = run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
    print(json.dumps(asdict(said)))
