"""Meshes are cut into triangles exactly where Blender cuts them, and read again only when they changed."""

import importlib

import blender_scenes as kinds
import bpy
import numpy as np
import pytest


@pytest.fixture
def parts(extension):
    names = ("geometry.mesh", "geometry.array_store", "geometry.instances", "evaluation")
    return {name: importlib.import_module(f"{extension.__name__}.addon.scene.{name}") for name in names}


def crumpled(share):
    """Move every vertex of the active object by a share of its size, so that many quads fold."""
    mesh = bpy.context.object.data
    places = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", places)
    places += np.random.default_rng(0).normal(size=places.shape) * np.ptp(places) * share
    mesh.vertices.foreach_set("co", places)
    mesh.update()
    return mesh


@pytest.mark.parametrize(
    "add",
    [
        lambda: bpy.ops.mesh.primitive_grid_add(x_subdivisions=60, y_subdivisions=60),
        lambda: bpy.ops.mesh.primitive_monkey_add(),
        lambda: bpy.ops.mesh.primitive_ico_sphere_add(),
        lambda: bpy.ops.mesh.primitive_cylinder_add(vertices=9),
    ],
    ids=["quads", "quads and triangles", "triangles", "faces of many corners"],
)
@pytest.mark.parametrize("share", [0, 0.003, 0.05])
def test_the_triangles_are_blenders(scene, parts, add, share):
    add()
    mesh = crumpled(share)
    store = parts["geometry.array_store"].Store()
    shape = parts["geometry.mesh"].MeshReader(store).read(bpy.context.object)
    theirs = parts["geometry.mesh"].blenders_triangles(mesh)
    np.testing.assert_array_equal(store.get(shape.triangles), theirs)
    assert len(theirs) > 30


def test_crumpled_quads_do_fold(scene, parts):
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=60, y_subdivisions=60)
    mesh = crumpled(0.05)
    vertices = np.array([vertex.co[:] for vertex in mesh.vertices], np.float32)
    corners = np.array([loop.vertex_index for loop in mesh.loops], np.int32)
    assert 0.05 < parts["geometry.mesh"].turned_quads(vertices, corners, np.arange(0, len(corners), 4)).mean() < 0.95


def test_a_mesh_is_kept_once_however_often_it_stands_and_however_long_it_is_still(scene, parts, monkeypatch):
    kinds.deforming(scene)
    kinds.instances(scene)
    reads = []
    read = parts["geometry.mesh"].MeshReader.read

    def counted(self, thing, materials):
        reads.append(thing.name)
        return read(self, thing, materials)

    monkeypatch.setattr(parts["geometry.mesh"].MeshReader, "read", counted)
    reader = parts["geometry.instances"].Reader()
    parts["evaluation"].each_frame(bpy.context, range(1, 6), lambda depsgraph, frame: reader.read(depsgraph))
    assert sorted(reads) == sorted(["floor", "pillar", "mover", "ball", *["Grid"] * 5])
    assert len(reader.geometry.shapes) == 4 + 5
    assert len({frame.instance for frame in reader.geometry.frames}) == 1


def test_what_was_put_into_the_store_comes_out_once(parts):
    store = parts["geometry.array_store"].Store()
    random = np.random.default_rng(0)
    arrays = [
        random.random((5, 3)),
        random.integers(0, 9, 7).astype(np.int32),
        np.empty((0, 3)),
        np.array([1.5], np.float32),
    ]
    handles = [store.put(array) for array in arrays]
    assert [store.put(array.copy()) for array in arrays] == handles
    for array, handle in zip(arrays, handles, strict=True):
        np.testing.assert_array_equal(store.get(handle), array)
        assert store.get(handle).dtype == array.dtype
    assert store.put(np.zeros(3)) != store.put(np.zeros((3, 1)))
