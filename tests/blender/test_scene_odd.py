"""Scenes as they come: broken links, cycles, flat and vanishing things, odd names. Read, or refused by name."""

import importlib
from typing import Any

import blender_scenes as kinds
import bpy
import numpy as np
import pytest
from blender_session import names, run

FRAMES = (1, 2, 6, 12)


@pytest.fixture
def read(extension, tmp_path):
    names = ("snapshot", "first_frame", "tracks.sources")
    parts = {name: importlib.import_module(f"{extension.__name__}.addon.scene.{name}") for name in names}
    shots = importlib.import_module(f"{extension.__name__}.backend.motion_bridge.shot")

    def read(frames=FRAMES, needs=("depth", "objects", "flow"), grid=30, **more):
        render = bpy.context.scene.render
        picture = parts["first_frame"].FromPixels(np.zeros((render.resolution_y, render.resolution_x, 3), np.uint8))
        request = parts["snapshot"].Request(tuple(frames), frozenset(needs), picture, grid=grid, **more)
        taken = parts["snapshot"].snapshot(bpy.context, request)
        folder = tmp_path / f"shot {len(list(tmp_path.iterdir()))}"
        parts["snapshot"].complete(taken, folder, lambda done, total: None, lambda: False)
        return shots.load(folder)

    reader: Any = read
    reader.sources = parts["tracks.sources"]
    return reader


@pytest.fixture
def bad_input(extension):
    return importlib.import_module(f"{extension.__name__}.backend.motion_bridge.errors").BadInput


def missing_targets(scene):
    pillar, camera = bpy.data.objects["pillar"], scene.camera
    for kind in ("BOOLEAN", "ARMATURE", "CURVE", "SHRINKWRAP", "NODES", "DATA_TRANSFER"):
        pillar.modifiers.new(kind, kind)
    for kind in ("TRACK_TO", "COPY_LOCATION", "FOLLOW_PATH", "CHILD_OF", "DAMPED_TRACK"):
        camera.constraints.new(kind)


def cyclic_drivers(scene):
    camera, mover = scene.camera, bpy.data.objects["mover"]
    for one, other in ((camera, mover), (mover, camera)):
        driver = one.driver_add("location", 0).driver
        driver.type = "AVERAGE"
        variable = driver.variables.new()
        variable.targets[0].id, variable.targets[0].data_path = other, "location[0]"


def cyclic_constraints(scene):
    for one, other in (("pillar", "mover"), ("mover", "pillar")):
        bpy.data.objects[one].constraints.new("COPY_ROTATION").target = bpy.data.objects[other]


def broken_driver(scene):
    scene.camera.driver_add("location", 2).driver.expression = "no_such_name + ("


def flat_things(scene):
    bpy.data.objects["pillar"].scale = (1, 0, 1)
    bpy.data.objects["mover"].scale = (0, 0, 0)
    empty = bpy.data.objects.new("flat parent", None)
    empty.scale = (1, 1, 0)
    scene.collection.objects.link(empty)
    bpy.data.objects["floor"].parent = empty


def degenerate_meshes(scene):
    mesh = bpy.data.meshes.new("odd")
    points = [(0, 0, 1), (0, 0, 1), (1, 0, 1), (2, 0, 1), (0, 1, 2), (5, 5, 5)]
    mesh.from_pydata(points, [(4, 5)], [(0, 1, 2), (0, 2, 3), (0, 2, 4), (0, 1, 2, 4)])
    scene.collection.objects.link(bpy.data.objects.new("odd", mesh))
    for name in ("no faces", "nothing"):
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata(points if name == "no faces" else [], [(0, 1)] if name == "no faces" else [], [])
        scene.collection.objects.link(bpy.data.objects.new(name, mesh))


def not_a_number(scene):
    mesh = bpy.data.objects["pillar"].data
    mesh.vertices[0].co = (float("nan"), 0, 0)
    mesh.vertices[1].co = (float("inf"), 0, 0)


def camera_inside_a_mesh(scene):
    bpy.ops.mesh.primitive_cube_add(size=1, location=(0, -7, 2.2))


def empty_collections(scene):
    empty = bpy.data.collections.new("empty")
    scene.collection.children.link(empty)
    instancer = bpy.data.objects.new("instancer", None)
    instancer.instance_type, instancer.instance_collection = "COLLECTION", empty
    scene.collection.objects.link(instancer)
    other = bpy.data.objects.new("instancer of nothing", None)
    other.instance_type = "COLLECTION"
    scene.collection.objects.link(other)


def unicode_names(scene):
    bpy.data.objects["mover"].name = "Würfel 立方体 🎲"
    scene.camera.name = "Kamera «1»"
    scene.name = "Szene/\\:*?"


def everything_hidden(scene):
    for thing in scene.objects:
        thing.hide_render = thing.type == "MESH"


@pytest.mark.parametrize(
    "oddity",
    [
        missing_targets,
        cyclic_drivers,
        cyclic_constraints,
        broken_driver,
        flat_things,
        degenerate_meshes,
        not_a_number,
        camera_inside_a_mesh,
        empty_collections,
        unicode_names,
        everything_hidden,
    ],
    ids=lambda oddity: oddity.__name__.replace("_", " "),
)
def test_it_is_read_all_the_same(scene, read, oddity):
    oddity(scene)
    bpy.context.view_layer.update()
    shot = read()
    assert shot.depth.shape == (4, 72, 128) and shot.tracks.xy.shape == (900, 4, 2)
    if oddity is unicode_names:
        assert "Würfel 立方体 🎲" in shot.objects.name and "Würfel 立方体 🎲" in shot.tracks.name
    if oddity is camera_inside_a_mesh:
        assert shot.depth[0].max() < 1, "the inside of the cube hides all else"
    if oddity is everything_hidden:
        assert np.isinf(shot.depth).all() and (shot.flow[1] != 0).any()
    if oddity is not_a_number:
        assert (shot.objects.index[3] == 2).sum() > 50


def test_a_camera_under_a_flat_parent_is_refused_by_frame(scene, read, bad_input):
    parent = kinds.parent_of_camera(scene)
    kinds.keyed(parent, "scale", (1, 1, 1), (0, 0, 0), frames=(2, 6))
    with pytest.raises(bad_input, match="'camera' is flat at frame 6"):
        read()
    with pytest.raises(bad_input, match="'camera' is flat at frame 6"):
        read(needs=(), grid=0)


def test_no_view_layer_for_rendering_is_refused(scene, read, bad_input):
    for layer in scene.view_layers:
        layer.use = False
    with pytest.raises(bad_input, match="No view layer of the scene 'Scene' is set to Use for Rendering"):
        read()


@pytest.mark.parametrize("frames", [(), (3, 3), (5, 4)])
def test_frames_that_do_not_rise_are_refused(scene, read, bad_input, frames):
    with pytest.raises(bad_input, match="rising range"):
        read(frames)


def camera_places(scene, frames):
    found = []
    for frame in frames:
        scene.frame_set(int(frame // 1), subframe=frame % 1)
        found.append(np.array(scene.camera.matrix_world)[:3, 3])
    return found


@pytest.mark.parametrize("needs", [("depth",), ()], ids=["with geometry", "camera alone"])
def test_remapped_time_and_frames_before_zero_are_what_blender_renders(scene, read, needs):
    scene.render.frame_map_old, scene.render.frame_map_new = 100, 300
    frames = (-7, 0, *range(1, 32, 3))
    shot = read(frames, needs=needs, grid=0)
    np.testing.assert_allclose(shot.camera.pose[:, :3, 3], camera_places(scene, frames), atol=1e-6)
    assert not np.allclose(shot.camera.pose[5, :3, 3], shot.camera.pose[-1, :3, 3])


def test_linked_and_overridden_things_are_read(scene, read, tmp_path):
    library = str(tmp_path / "library.blend")
    bpy.data.libraries.write(library, {bpy.data.objects["mover"], bpy.data.objects["pillar"]})
    before = read()
    for name in ("mover", "pillar"):
        bpy.data.objects.remove(bpy.data.objects[name])
    with bpy.data.libraries.load(library, link=True) as (_, wanted):  # pyright: ignore[reportGeneralTypeIssues]
        wanted.objects = ["mover", "pillar"]
    for thing in wanted.objects:
        scene.collection.objects.link(thing)
    wanted.objects[1].override_create(remap_local_usages=True)
    bpy.context.view_layer.update()
    after = read()
    np.testing.assert_allclose(after.depth, before.depth, rtol=1e-6)
    assert after.objects.name == before.objects.name == ("static", "mover")


def test_particles_and_objects_that_come_and_go(scene, read):
    bpy.ops.mesh.primitive_plane_add(size=3, location=(0, -2, 2.5))
    emitter = bpy.context.object
    emitter.modifiers.new("particles", "PARTICLE_SYSTEM")
    settings = emitter.particle_systems[0].settings
    settings.count, settings.frame_start, settings.frame_end, settings.lifetime = 40, 2, 8, 4
    settings.render_type, settings.instance_object = "OBJECT", bpy.data.objects["mover"]
    settings.particle_size = 0.3
    shot = read(range(1, 13))
    moving = [(shot.objects.index[at] > 1).sum() for at in range(12)]
    assert len(shot.objects.name) > 10 and max(moving[3:8]) > moving[0]


def test_two_things_of_one_mesh_are_kept_apart(scene, read):
    twin = bpy.data.objects.new("twin", bpy.data.objects["mover"].data)
    scene.collection.objects.link(twin)
    kinds.keyed(twin, "location", (0, -2, 1), (0, -2, 2))
    shot = read()
    assert sorted(shot.objects.name) == ["mover", "static", "twin"]
    assert set(np.unique(shot.objects.index)) >= {1, 2, 3}


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (5, 1)])
def test_pictures_of_a_pixel_a_row_or_a_column_are_read_and_exported(scene, read, extension, bad_input, tmp_path, size):
    formats = importlib.import_module(f"{extension.__name__}.backend.motion_bridge.track_formats")
    written = importlib.import_module(f"{extension.__name__}.backend.motion_bridge.schedules.camera.documents")
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = 4 * size[0], 4 * size[1], 25
    shot = read(grid=3, sources=(read.sources.Origin("mover"), read.sources.Surface((), 4)))
    assert shot.depth.shape == (4, *size[::-1]) and shot.flow.shape == (4, *size[::-1], 2)
    assert np.isfinite(shot.flow).all() and np.isfinite(shot.tracks.xy).all()
    assert shot.tracks.visible[:9, 0].all() and set(shot.tracks.name) > {"mover"}
    for name in formats.MODULES:
        (first, *_) = formats.write(shot, name, tmp_path / f"{name}.npy").files
        assert first.stat().st_size > 0
    for made in (written.for_webui(shot, 0.1), written.for_metric(shot, 0.25)):
        assert np.isfinite(made.error.each).all()
        with pytest.raises(bad_input, match=f"W is {size[0]}; the webui takes 8 to 8192 pixels"):
            written.settings_file(shot, made)


def test_a_take_of_one_pixel_is_made(scene, painted, tmp_path):
    scene.render.resolution_x = scene.render.resolution_y = 4
    scene.render.resolution_percentage = 25
    assert run("render", "--frames", "1-3", "--grid", "2", "--output", tmp_path / "out") == 0
    assert len(names(tmp_path / "out")) == 3
