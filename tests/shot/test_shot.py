"""A Shot says what it holds, and refuses to be anything else: the sentence names the field and the frame."""

import errno
import hashlib
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from motion_bridge import shot as shots
from motion_bridge.errors import BadInput
from motion_bridge.shot import Camera, Objects, Shot, Tracks

FRAMES, HEIGHT, WIDTH = (10, 11, 13), 5, 7
SIZE = (len(FRAMES), HEIGHT, WIDTH)


@pytest.fixture
def shot() -> Shot:
    random = np.random.default_rng(0)
    count = len(FRAMES)
    intrinsics = np.tile([[6.0, 0.1, 3.5], [0, 6.0, 2.5], [0, 0, 1]], (count, 1, 1))
    return Shot(
        FRAMES,
        24.0,
        WIDTH,
        HEIGHT,
        Camera(np.tile(np.eye(4), (count, 1, 1)), intrinsics, np.zeros(count, bool)),
        random.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8),
        cuts=(11,),
        depth=np.where(random.random(SIZE) < 0.3, np.inf, 2).astype(np.float32),
        flow=random.standard_normal((*SIZE, 2)).astype(np.float32),
        objects=Objects(np.ones(SIZE, np.uint16), np.tile(np.eye(4), (1, count, 1, 1)), ("bäll",)),
        tracks=Tracks(
            np.ones((2, count, 2), np.float32), np.ones((2, count), bool), ("bäll", "floor"), ("path", "grid")
        ),
        prompts={10: "a red ball", 12: "a blue one"},
        negative={10: "text"},
        seed=7,
        settings={"mark_unseen": True},
        schedules={"translation_x": "0:(0)"},
    )


@pytest.fixture
def folder(shot, tmp_path) -> Path:
    shots.save(shot, tmp_path / "shot")
    return tmp_path / "shot"


def edit(folder: Path, **changes) -> None:
    path = folder / "shot.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}))


def test_what_was_saved_is_loaded(shot, folder):
    again = shots.load(folder)
    for name in ("frames", "fps", "width", "height", "cuts", "prompts", "negative", "seed", "settings", "schedules"):
        assert getattr(again, name) == getattr(shot, name)
    for one, other in ((again.camera, shot.camera), (again.objects, shot.objects), (again.tracks, shot.tracks)):
        for name, value in vars(other).items():
            np.testing.assert_array_equal(getattr(one, name), value)
    for name in ("first_frame", "depth", "flow"):
        np.testing.assert_array_equal(getattr(again, name), getattr(shot, name))


def test_the_arrays_lie_beside_the_description_under_their_own_names(folder):
    names = {path.name for path in folder.iterdir()}
    assert {"shot.json", "first_frame.png", "camera.pose.npy", "tracks.visible.npy", "depth.npy"} <= names
    assert not [name for name in names if name.endswith(".part")]


def test_optional_fields_may_be_absent(shot, tmp_path):
    shots.save(replace(shot, depth=None, flow=None, objects=None, tracks=None), tmp_path)
    again = shots.load(tmp_path)
    assert again.depth is again.flow is again.objects is again.tracks is None


def test_a_prompt_holds_until_the_next(shot):
    assert [shot.prompt(frame) for frame in (9, 10, 11, 12, 99)] == ["", *["a red ball"] * 2, *["a blue one"] * 2]


def test_the_same_shot_has_the_same_digest_and_another_pixel_another(shot, folder, tmp_path):
    shots.save(shot, tmp_path / "again")
    assert shots.digest(tmp_path / "again") == shots.digest(folder)
    shots.save(replace(shot, first_frame=255 - shot.first_frame), tmp_path / "other")
    assert shots.digest(tmp_path / "other") != shots.digest(folder)


def nan_at(array, *place):
    array = array.copy()
    array[place] = np.nan
    return array


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda s: {"frames": ()}, "frames is empty"),
        (lambda s: {"frames": (10, 10, 13)}, "frames must rise"),
        (lambda s: {"fps": float("nan")}, "fps is nan"),
        (lambda s: {"width": 0}, "width is 0; it must be between 1 and"),
        (lambda s: {"height": 99_999}, "height is 99999"),
        (lambda s: {"cuts": (12,)}, "cuts names frame 12"),
        (lambda s: {"first_frame": s.first_frame[1:]}, r"first_frame has shape \(4, 7, 3\); here it must be"),
        (lambda s: {"first_frame": s.first_frame / 255}, "first_frame is float64; it must be uint8"),
        (lambda s: {"depth": s.depth[:2]}, "depth has shape"),
        (lambda s: {"depth": s.depth.astype(np.float64)}, "depth is float64; it must be float16 or float32"),
        (lambda s: {"depth": nan_at(s.depth, 1, 2, 3)}, "depth has values that are not positive numbers at frame 11"),
        (lambda s: {"depth": -s.depth}, "depth has values that are not positive numbers at frame 10"),
        (lambda s: {"flow": nan_at(s.flow, 2, 0, 0, 1)}, "flow has values that are not numbers at frame 13"),
        (
            lambda s: {"camera": replace(s.camera, pose=nan_at(s.camera.pose, 1, 0, 0))},
            "camera.pose has values that are not numbers at frame 11",
        ),
        (lambda s: {"camera": replace(s.camera, pose=2 * s.camera.pose)}, "camera.pose at frame 10 is not a rotation"),
        (
            lambda s: {"camera": replace(s.camera, pose=s.camera.pose * [[1], [1], [-1], [1]])},
            "camera.pose at frame 10 is mirrored",
        ),
        (
            lambda s: {"camera": replace(s.camera, intrinsics=s.camera.intrinsics.transpose(0, 2, 1))},
            "camera.intrinsics at frame 10 is not upper triangular",
        ),
        (lambda s: {"objects": replace(s.objects, index=2 * s.objects.index)}, "at frame 10 names object 2 of 1"),
        (lambda s: {"objects": replace(s.objects, pose=s.objects.pose * [[0], [1], [1], [1]])}, "bäll at frame 10"),
        (
            lambda s: {"tracks": replace(s.tracks, xy=nan_at(s.tracks.xy, 1, 2, 0))},
            "tracks.xy has values that are not numbers at frame 13",
        ),
        (lambda s: {"tracks": replace(s.tracks, visible=s.tracks.xy[..., 0])}, "tracks.visible is float32"),
        (lambda s: {"tracks": replace(s.tracks, kind=("path", "free"))}, "tracks.kind 'free' is none of grid"),
    ],
)
def test_what_is_wrong_is_refused_before_it_is_written(shot, tmp_path, change, says):
    with pytest.raises(BadInput, match=says):
        shots.save(replace(shot, **change(shot)), tmp_path / "shot")
    assert not (tmp_path / "shot").exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"version": 3}, "is of version 3; this Motion Bridge reads versions 1 to 2"),
        ({"format": "other"}, 'does not say "format"'),
        ({"frames": [10, 11.5, 13]}, "frames holds 11.5"),
        ({"frames": 3}, "compare it with docs/shot.md"),
        ({"width": "7"}, "width holds '7'"),
        ({"prompts": {"ten": "x"}}, "prompts has the key 'ten', which is not a frame"),
        ({"arrays": ["camera.pose"]}, "compare it with docs/shot.md"),
        ({"arrays": ["../secret"]}, "is missing though shot.json lists it"),
        ({"objects": {"name": []}}, "objects.pose has shape"),
    ],
)
def test_an_edited_description_is_refused(folder, change, says):
    edit(folder, **change)
    with pytest.raises(BadInput, match=says):
        shots.load(folder)


def test_a_description_with_a_field_too_few_is_refused(folder):
    path = folder / "shot.json"
    header = json.loads(path.read_text(encoding="utf-8"))
    for name in header:
        path.write_text(json.dumps({key: value for key, value in header.items() if key != name}))
        with pytest.raises(BadInput):
            shots.load(folder)


@pytest.mark.parametrize("name", ["shot.json", "first_frame.png", "camera.pose.npy", "depth.npy", "tracks.xy.npy"])
def test_a_missing_or_shortened_file_is_refused_by_name(folder, name):
    path = folder / name
    whole = path.read_bytes()
    for kept in (0, 3, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:kept])
        with pytest.raises(BadInput, match=name):
            shots.load(folder)
    path.unlink()
    with pytest.raises(BadInput, match=name):
        shots.load(folder)


def test_an_array_that_needs_pickle_is_refused(folder):
    np.save(folder / "depth.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(BadInput, match="depth"):
        shots.load(folder)


def test_a_large_array_is_made_in_place_and_not_copied(shot, tmp_path):
    depth = shots.map_array(tmp_path, "depth", SIZE, np.float32)
    depth[:] = 3
    inode = (tmp_path / "depth.npy").stat().st_ino
    shots.save(replace(shot, depth=depth), tmp_path)
    assert (tmp_path / "depth.npy").stat().st_ino == inode
    assert (shots.load(tmp_path).depth == 3).all()


def test_saving_again_leaves_a_reader_what_he_read(shot, folder):
    before = shots.load(folder)
    pose = np.tile(np.eye(4), (3, 1, 1))
    pose[:, 0, 3] = 5
    shots.save(replace(shot, camera=replace(shot.camera, pose=pose)), folder)
    assert (before.camera.pose[:, 0, 3] == 0).all()
    assert (shots.load(folder).camera.pose[:, 0, 3] == 5).all()


HUGE = 10**30
NONSENSE = [
    ({"frames": "123"}, "frames holds '1'"),
    ({"frames": [True, 2, 3]}, "frames holds True"),
    ({"width": True}, "width holds True"),
    ({"frames": [1, 2, HUGE]}, "frames between"),
    ({"prompts": {str(HUGE): "a"}}, "frames between"),
    ({"seed": HUGE}, "64 bits"),
    ({"fps": HUGE * HUGE}, "not valid JSON"),
    ({"fps": [24]}, "fps|TypeError"),
    ({"fps": 0}, "fps is 0"),
    ({"fps": -24}, "fps is -24"),
    ({"objects": {"name": [1]}}, "objects.name must be a list of texts"),
    ({"tracks": {"name": ["a"], "kind": [["grid"]]}}, "must be a list of texts"),
    ({"tracks": 7}, "tracks is neither null nor an object"),
    ({"objects": []}, "objects is neither null nor an object"),
    ({"objects": {}}, "objects is neither null nor an object"),
    ({"geometry": []}, "geometry is neither null nor an object"),
    ({"arrays": "depth"}, "arrays must be a list"),
    ({"arrays": [["depth"]]}, "is missing though"),
    ({"arrays": ["../shot/depth\0"]}, "missing|null"),
    ({"settings": [["a", 1]]}, "AttributeError"),
    ({"prompts": ["a"]}, "AttributeError"),
    ({"cuts": [9]}, "cuts names frame 9"),
    ({"version": {"a": "\n" * 9999}}, "is of version"),
]


@pytest.mark.parametrize(("change", "says"), NONSENSE)
def test_a_description_of_nonsense_is_refused(folder, change, says):
    edit(folder, **change)
    with pytest.raises(BadInput, match=says) as caught:
        shots.load(folder)
    assert len(str(caught.value)) < 600


@pytest.mark.skipif(os.name == "nt", reason="FIFOs")
@pytest.mark.parametrize("name", ["shot.json", "first_frame.png", "depth.npy"])
@pytest.mark.parametrize("thing", ["fifo", "folder", "device", "dangling link"])
def test_what_is_no_file_in_a_shot_is_refused_without_waiting(folder, name, thing):
    (folder / name).unlink()
    match thing:
        case "fifo":
            os.mkfifo(folder / name)
        case "folder":
            (folder / name).mkdir()
        case "device":
            (folder / name).symlink_to("/dev/zero")
        case "dangling link":
            (folder / name).symlink_to("nowhere")
    for look in (shots.load, shots.digest):
        with pytest.raises(BadInput, match=name.replace(".", r"\.")):
            look(folder)


def test_stray_entries_in_a_shot_are_no_part_of_it(folder):
    before = shots.digest(folder)
    (folder / "._depth.npy").write_bytes(b"what macOS leaves on other disks")
    (folder / "notes.npy").mkdir()
    (folder / "gone.npy").symlink_to("nowhere")
    assert shots.digest(folder) == before
    assert shots.load(folder).depth is not None


def test_the_digest_of_a_shot_is_the_one_that_finished_frames_carry(folder):
    total = hashlib.blake2b(digest_size=16)
    for path in [folder / "shot.json", folder / "first_frame.png", *sorted(folder.glob("*.npy"))]:
        total.update(path.name.encode() + path.read_bytes())
    assert shots.digest(folder) == total.hexdigest()


def test_a_hundred_thousand_frames_and_cuts_are_checked_in_seconds(tmp_path):
    count = 100_000
    frames, lens = tuple(range(count)), np.tile(np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]]), (count, 1, 1))
    camera = Camera(np.tile(np.eye(4), (count, 1, 1)), lens, np.zeros(count, bool))
    shots.save(Shot(frames, 24.0, 1, 1, camera, np.zeros((1, 1, 3), np.uint8), cuts=frames[1:]), tmp_path / "long")
    began = time.process_time()
    assert len(shots.load(tmp_path / "long").cuts) == count - 1
    assert time.process_time() - began < 5


def test_a_disk_that_fills_while_a_shot_is_saved_is_a_sentence(shot, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(BadInput, match=r"shot does not fit: it needs \d[\d.,]* MB, and .* MB are free"):
        shots.save(shot, tmp_path / "shot")


def test_a_seed_has_64_bits_with_a_sign_or_without(shot, tmp_path):
    for number, seed in enumerate((-(2**63), 2**64 - 1)):
        shots.save(replace(shot, seed=seed), tmp_path / str(number))
        assert shots.load(tmp_path / str(number)).seed == seed
    for seed in (-(2**63) - 1, 2**64):
        with pytest.raises(BadInput, match="must fit into 64 bits"):
            shots.save(replace(shot, seed=seed), tmp_path / "refused")
