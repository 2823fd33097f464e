"""A Shot of version 2 carries geometry: what was written is read, what is wrong is named, and it is small."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from motion_bridge import shot as shots
from motion_bridge.errors import BadInput
from motion_bridge.shot import Camera, GeometryWriter, Shot

COUNT, HEIGHT, WIDTH = 4, 5, 7
SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
FACES = np.array([[0, 1, 2], [0, 2, 3]])


def at(x):
    pose = np.eye(4)
    pose[0, 3] = x
    return pose


@pytest.fixture
def folder(tmp_path) -> Path:
    """A floor that stands still, a ball that moves, and one that comes at the third frame and goes at the fourth."""
    folder = tmp_path / "shot"
    writer = GeometryWriter(folder)
    floor, ball, late = (writer.add_object(name) for name in ("floor", "bäll", "late"))
    connection = writer.add_triangles(FACES, writer.add_material("red", (0.8, 0.1, 0.1)))
    flat, packed = writer.add_mesh(SQUARE, connection), writer.add_mesh(SQUARE * 3 + 1, connection, tolerance=1e-3)
    for frame in range(COUNT):
        things = [(floor, flat, at(0)), (ball, packed, at(frame))] + ([(late, flat, at(9))] if frame == 2 else [])
        writer.add_frame(*(list(column) for column in zip(*things, strict=True)))
    intrinsics = np.tile([[6.0, 0.1, 3.5], [0, 6.0, 2.5], [0, 0, 1]], (COUNT, 1, 1))
    clip = np.tile([0.1, np.inf], (COUNT, 1))
    shot = Shot(
        frames=(1, 2, 3, 4),
        fps=24.0,
        width=WIDTH,
        height=HEIGHT,
        camera=Camera(np.tile(np.eye(4), (COUNT, 1, 1)), intrinsics, np.zeros(COUNT, bool), clip),
        first_frame=np.full((HEIGHT, WIDTH, 3), 7, np.uint8),
        geometry=writer.finish(),
        key_pictures={3: np.arange(HEIGHT * WIDTH * 3, dtype=np.uint16).reshape(HEIGHT, WIDTH, 3) * 601},
        times=np.array([1, 1.5, 2, 2.5]),
    )
    shots.save(shot, folder)
    return folder


def placed(shot, frame):
    rows = shot.geometry.placed(frame)
    return {
        name: (int(shot.geometry.placements.mesh[row]), shot.geometry.placements.pose[row][0, 3])
        for name, row in zip(shot.geometry.objects, rows, strict=True)
        if row >= 0
    }


def test_objects_stand_where_they_were_put_until_they_are_put_elsewhere(folder):
    shot = shots.load(folder)
    assert placed(shot, 0) == {"floor": (0, 0), "bäll": (1, 0)}
    assert placed(shot, 1) == {"floor": (0, 0), "bäll": (1, 1)}
    assert placed(shot, 2) == {"floor": (0, 0), "bäll": (1, 2), "late": (0, 9)}
    assert placed(shot, 3) == {"floor": (0, 0), "bäll": (1, 3)}
    assert len(shot.geometry.placements.frame) == 1 + COUNT + 2, "what stands still takes one row"


def test_vertices_are_exact_or_within_the_tolerance_of_sixteen_bits(folder):
    meshes = shots.load(folder).geometry.meshes
    np.testing.assert_array_equal(meshes.points(0), SQUARE)
    assert len(meshes.packed) == len(SQUARE) and meshes.packed.dtype == np.uint16
    np.testing.assert_allclose(meshes.points(1), SQUARE * 3 + 1, atol=3 / 65535)
    np.testing.assert_array_equal(meshes.triangles[meshes.faces(1)], FACES)


def test_what_sixteen_bits_would_blur_stays_in_floating_point(tmp_path):
    writer = GeometryWriter(tmp_path)
    connection = writer.add_triangles(FACES, 0)
    writer.add_mesh(SQUARE, connection, tolerance=1 / 65535 / 2.001)
    writer.add_mesh(SQUARE, connection, tolerance=1 / 65535 / 1.999)
    meshes = writer.finish().meshes
    assert len(meshes.vertices) == 4 and len(meshes.packed) == 4


def test_key_pictures_keep_their_bits_and_frames_their_times(folder):
    shot = shots.load(folder)
    assert list(shot.key_pictures) == [3] and shot.key_pictures[3].dtype == np.uint16
    np.testing.assert_array_equal(shot.key_pictures[3].ravel(), np.arange(HEIGHT * WIDTH * 3, dtype=np.uint16) * 601)
    np.testing.assert_array_equal(shot.times, [1, 1.5, 2, 2.5])
    assert shot.camera.clip is not None and shot.camera.clip[0].tolist() == [0.1, np.inf]


def test_only_what_needs_version_2_is_written_as_such(folder, tmp_path):
    assert json.loads((folder / "shot.json").read_text(encoding="utf-8"))["version"] == 2
    shot = shots.load(folder)
    plain = replace(shot, geometry=None, key_pictures={}, times=None, camera=replace(shot.camera, clip=None))
    shots.save(plain, tmp_path / "plain")
    header = json.loads((tmp_path / "plain" / "shot.json").read_text(encoding="utf-8"))
    assert header["version"] == 1 and "geometry" not in header and "key_pictures" not in header


def test_another_key_picture_is_another_shot(folder, tmp_path):
    shot, before = shots.load(folder), shots.digest(folder)
    other = replace(shot, key_pictures={3: shot.key_pictures[3] // 2})
    assert shots.differences(shot, other) == ["the key picture of frame 3"]
    assert shots.differences(shot, replace(shot, geometry=None)) != []
    shots.save(other, folder)
    assert shots.digest(folder) != before


def wrong(array, where, value):
    array = np.array(array)
    array[where] = value
    return array


@pytest.mark.parametrize(
    ("name", "where", "value", "sentence"),
    [
        ("vertices", (1, 0), np.nan, "geometry.vertices has values that are not numbers"),
        ("triangles", (1, 2), 4, "geometry.triangles at row 0"),
        ("triangles", (0, 0), -1, "geometry.triangles at row 0"),
        ("material", 1, 1, "geometry.material names material 1 of 1"),
        ("mesh", (0, 1), 99, "geometry.mesh at row 0"),
        ("bounds", (1, 1, 0), np.inf, "geometry.bounds"),
        ("placed.frame", 0, 3, "geometry.placed.frame must never fall"),
        ("placed.frame", -1, 4, "between 0 and 3"),
        ("placed.object", 0, 3, "geometry.placed.object lies outside of the 3 objects"),
        ("placed.object", 0, 1, "two rows for bäll at frame 1"),
        ("placed.mesh", 0, 2, "geometry.placed.mesh lies outside of the 2 meshes"),
        ("placed.pose", (2, 0, 0), np.nan, "geometry.placed.pose of bäll at frame 2 is not an affine matrix"),
        ("placed.pose", (0, 3, 0), 0.5, "geometry.placed.pose of floor at frame 1 is not an affine matrix"),
    ],
)
def test_wrong_geometry_is_refused_by_name(folder, name, where, value, sentence):
    path = folder / f"geometry.{name}.npy"
    array = wrong(np.load(path), where, value)
    path.unlink()
    np.save(path, array)
    with pytest.raises(BadInput, match=sentence):
        shots.load(folder)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"times": np.array([1.0, 3, 2, 4])}, "times must rise"),
        ({"key_pictures": {9: np.zeros((HEIGHT, WIDTH, 3), np.uint8)}}, "key_pictures names frame 9"),
        ({"key_pictures": {2: np.zeros((HEIGHT, WIDTH + 1, 3), np.uint8)}}, "the key picture of frame 2 has shape"),
    ],
)
def test_wrong_fields_of_version_2_are_refused(folder, changes, sentence):
    with pytest.raises(BadInput, match=sentence):
        shots.check(replace(shots.load(folder), **changes), "shot")


def test_a_camera_clip_is_a_near_and_a_farther_distance(folder):
    shot = shots.load(folder)
    with pytest.raises(BadInput, match=r"camera\.clip"):
        shots.check(replace(shot, camera=replace(shot.camera, clip=np.full((COUNT, 2), 2.0))), "shot")


def test_a_newer_version_is_never_half_understood(folder):
    path = folder / "shot.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "version": 3}), encoding="utf-8")
    with pytest.raises(BadInput, match="version 3"):
        shots.load(folder)


def test_geometry_is_small(tmp_path):
    """At most 45 bytes a triangle once, and 1 kB a frame for each object that moves."""
    side, frames = 60, 50
    grid = np.stack([*np.meshgrid(np.arange(side), np.arange(side)), np.zeros((side, side))], -1).reshape(-1, 3)
    corner = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).reshape(-1, 1)
    faces = np.concatenate([corner + [0, 1, side], corner + [1, side + 1, side]])
    size = {}
    for name, count in (("still", 1), ("moving", frames)):
        writer = GeometryWriter(tmp_path / name)
        wall, ball = writer.add_object("wall"), writer.add_object("ball")
        mesh = writer.add_mesh(grid.astype(np.float32), writer.add_triangles(faces, 0))
        for frame in range(count):
            writer.add_frame([wall, ball], [mesh, mesh], [at(0), at(frame)])
        writer.finish()
        size[name] = sum(path.stat().st_size for path in (tmp_path / name).iterdir())
    assert size["still"] / len(faces) < 45
    assert (size["moving"] - size["still"]) / (frames - 1) < 1000
