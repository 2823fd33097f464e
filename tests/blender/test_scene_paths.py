"""Everything that a person can pick is followed to where Blender has it, and is visible when a picture shows it."""

import importlib
from typing import Any

import blender_scenes as kinds
import bpy
import cycles_passes as truth
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

FRAMES = tuple(range(1, 13))


@pytest.fixture
def parts(extension):
    names = ("snapshot", "tracks.sources", "first_frame")
    return {name: importlib.import_module(f"{extension.__name__}.addon.scene.{name}") for name in names}


@pytest.fixture
def bad_input(extension):
    return importlib.import_module(f"{extension.__name__}.backend.motion_bridge.errors").BadInput


@pytest.fixture
def read(extension, parts, tmp_path):
    """Sources → the Shot of the current scene."""
    shots = importlib.import_module(f"{extension.__name__}.backend.motion_bridge.shot")

    def read(*sources, frames=FRAMES, needs=(), **more):
        render = bpy.context.scene.render
        picture = parts["first_frame"].FromPixels(np.zeros((render.resolution_y, render.resolution_x, 3), np.uint8))
        request = parts["snapshot"].Request(tuple(frames), frozenset(needs), picture, sources=sources, **more)
        taken = parts["snapshot"].snapshot(bpy.context, request)
        parts["snapshot"].complete(taken, tmp_path / "shot", lambda done, total: None, lambda: False)
        reader.notes = taken.notes
        return shots.load(tmp_path / "shot")

    reader: Any = read
    return reader


def blenders(scene, frame, points):
    """Pixels (N, 2) of world points, by Blender's own helper."""
    scene.frame_set(frame)
    views = np.array([world_to_camera_view(scene, scene.camera, Vector(point)) for point in points])
    return np.column_stack([views[:, 0], 1 - views[:, 1]]) * (scene.render.resolution_x, scene.render.resolution_y)


def assert_follows(scene, xy, places):
    """xy (N, T, 2) is where `places()`, world points at the scene's current frame, are projected by Blender."""
    for at, frame in enumerate(FRAMES):
        scene.frame_set(frame)
        np.testing.assert_allclose(xy[:, at], blenders(scene, frame, places()), atol=2e-3)


def test_an_objects_origin(scene, parts, read):
    tracks = read(parts["tracks.sources"].Origin("mover")).tracks
    assert tracks.name == ("mover",) and tracks.kind == ("path",)
    assert_follows(scene, tracks.xy, lambda: [bpy.data.objects["mover"].matrix_world.translation])
    assert np.abs(np.diff(tracks.xy[0, :, 0])).sum() > 20


def test_an_origin_inside_its_own_object_is_visible_until_another_hides_it(scene, parts, read):
    """The box passes behind the pillar."""
    tracks = read(parts["tracks.sources"].Origin("mover")).tracks
    index = [truth.passes(scene, frame, "Index")["Index"][..., 0] for frame in numbered(scene, FRAMES)]
    for at in range(len(FRAMES)):
        column, row = tracks.xy[0, at].astype(int)
        around = index[at][row - 1 : row + 2, column - 1 : column + 2]
        if (around == around[0, 0]).all():
            assert tracks.visible[0, at] == (around[0, 0] == 3), FRAMES[at]
    assert tracks.visible[0].any() and not tracks.visible[0].all()


def numbered(scene, frames):
    for number, name in enumerate(("floor", "pillar", "mover"), 1):
        bpy.data.objects[name].pass_index = number
    return frames


def test_an_empty_and_a_light(scene, parts, read):
    empty = bpy.data.objects.new("handle", None)
    scene.collection.objects.link(empty)
    kinds.keyed(empty, "location", (0, -1, 1), (1, 0, 2))
    tracks = read(parts["tracks.sources"].Origin("handle"), parts["tracks.sources"].Origin("sun", kind="live")).tracks
    assert tracks.name == ("handle", "sun") and tracks.kind == ("path", "live")
    assert_follows(scene, tracks.xy[:1], lambda: [empty.matrix_world.translation])


def test_bones_bend_with_their_armature(scene, parts, read):
    kinds.bent_by_bones(scene)
    bone = parts["tracks.sources"].Bone
    tracks = read(bone("rig", "upper"), bone("rig", "upper", along=1.0), bone("rig", "lower", along=0.5)).tracks
    rig = bpy.data.objects["rig"]

    def places():
        lower, upper = (rig.pose.bones[name] for name in ("lower", "upper"))
        local = (upper.head, upper.tail, (lower.head + lower.tail) / 2)
        return [rig.matrix_world @ place for place in local]

    assert_follows(scene, tracks.xy, places)
    assert np.ptp(tracks.xy[1, :, 0]) > 5
    assert tracks.visible.mean() > 0.9, "a bone is not hidden by the mesh that it bends"


def test_vertices_of_a_group_ride_on_the_deformed_mesh(scene, parts, read):
    kinds.bent_by_bones(scene)
    pole = bpy.data.objects["pole"]
    group = pole.vertex_groups.new(name="top")
    chosen = [vertex.index for vertex in pole.data.vertices if vertex.co.z > 0.6]
    group.add(chosen, 1.0, "REPLACE")
    tracks = read(parts["tracks.sources"].Vertices("pole", group="top", count=1000)).tracks
    assert len(tracks.name) == len(chosen) > 20

    def places():
        evaluated = pole.evaluated_get(bpy.context.evaluated_depsgraph_get())
        return [evaluated.matrix_world @ evaluated.data.vertices[number].co for number in chosen]

    assert_follows(scene, tracks.xy, places)
    front = tracks.visible.mean()
    assert 0.3 < front < 0.9, "the vertices at the back are hidden by the mesh itself"


def test_a_few_vertices_of_many_are_spread_evenly(scene, parts, read):
    kinds.deforming(scene)
    few = np.array(read(parts["tracks.sources"].Vertices("Grid", count=16)).tracks.xy[:, 0])
    every = read(parts["tracks.sources"].Vertices("Grid", count=100_000)).tracks.xy[:, 0]
    assert len(few) == 16 and len(every) == 81 * 81
    np.testing.assert_allclose(np.ptp(few, axis=0), np.ptp(every, axis=0), rtol=0.15)
    apart = np.linalg.norm(few[:, None] - few[None], axis=-1)
    assert np.sort(apart, axis=1)[:, 1].mean() > 3


def test_a_curves_control_points(scene, parts, read):
    kinds.curves_text_and_metaballs(scene)
    curve = bpy.data.objects["curve"]
    kinds.keyed(curve, "location", (0, 0, 0), (0.5, 0, 0.3))
    tracks = read(parts["tracks.sources"].CurvePoints("curve")).tracks
    assert_follows(scene, tracks.xy, lambda: [curve.matrix_world @ p.co for p in curve.data.splines[0].bezier_points])


def test_the_surfaces_of_text_and_metaballs(scene, parts, read):
    kinds.curves_text_and_metaballs(scene)
    tracks = read(parts["tracks.sources"].Surface(("text", "metaball"), 30)).tracks
    assert set(tracks.name) == {"text", "metaball"} and tracks.visible[:, 0].all()


def test_points_on_chosen_objects_are_spread_over_what_is_visible_of_them(scene, parts, read):
    tracks = read(parts["tracks.sources"].Surface(("pillar", "mover"), 40)).tracks
    assert len(tracks.name) == 40 and set(tracks.name) == {"pillar", "mover"}
    numbered(scene, FRAMES)
    index = truth.passes(scene, 1, "Index")["Index"][..., 0]
    column, row = tracks.xy[:, 0].astype(int).T
    assert np.isin(index[row, column], (2, 3)).mean() > 0.95
    for name, number in (("pillar", 2), ("mover", 3)):
        share = (index == number).sum() / np.isin(index, (2, 3)).sum()
        assert tracks.name.count(name) / 40 == pytest.approx(share, abs=0.2)


def test_instances_of_a_collection(scene, parts, read):
    kinds.instances(scene)
    tracks = read(parts["tracks.sources"].Instances("ball")).tracks
    assert tracks.name == ("ball",) * 3
    empties = [thing for thing in scene.objects if thing.instance_type == "COLLECTION"]
    theirs = blenders(scene, 1, [empty.matrix_world.translation for empty in empties])
    np.testing.assert_allclose(np.sort(tracks.xy[:, 0], axis=0), np.sort(theirs, axis=0), atol=2e-3)
    still = np.linalg.norm(np.diff(tracks.xy, axis=1), axis=-1).sum(axis=1)
    assert still.max() > 1.5 * np.median(still), "one of the three moves by itself"


def test_a_pinned_place_of_the_picture_stays(scene, parts, read):
    tracks = read(parts["tracks.sources"].Pixel(12.5, 30.5), parts["tracks.sources"].Pixel(-3, 0)).tracks
    assert tracks.kind == ("pinned", "pinned")
    assert (tracks.xy[0] == (12.5, 30.5)).all() and tracks.visible[0].all() and not tracks.visible[1].any()


def test_a_pane_of_glass_hides_what_is_behind_it_unless_one_looks_through(scene, parts, read):
    bpy.ops.mesh.primitive_plane_add(size=20, location=(0, -5, 0), rotation=(1.5708, 0, 0))
    pane = bpy.context.object
    material = bpy.data.materials.new("glass")
    material.use_nodes = True
    shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Transmission Weight"].default_value = 1.0
    pane.data.materials.append(material)
    origin = parts["tracks.sources"].Origin("mover")
    assert not read(origin, frames=(1, 2)).tracks.visible.any()
    assert read(origin, frames=(1, 2), through_glass=True).tracks.visible.all()


def test_points_are_hidden_where_the_camera_clips_and_outside_of_the_picture(scene, parts, read):
    places = {"near": (0, -6.7, 2.2), "far": (0, 30, 3), "beside": (9, 0, 1), "behind": (0, -12, 2), "seen": (0, -3, 2)}
    for name, place in places.items():
        empty = bpy.data.objects.new(name, None)
        empty.location = place
        scene.collection.objects.link(empty)
    scene.camera.data.clip_start, scene.camera.data.clip_end = 0.5, 25
    tracks = read(*(parts["tracks.sources"].Origin(name) for name in places), frames=(1, 2)).tracks
    assert dict(zip(tracks.name, tracks.visible[:, 0].tolist(), strict=True)) == {
        "near": False,
        "far": False,
        "beside": False,
        "behind": False,
        "seen": True,
    }
    assert np.isfinite(tracks.xy).all()


def test_a_mesh_whose_faces_change_is_said_and_its_points_end(scene, parts, read):
    build = bpy.data.objects["pillar"].modifiers.new("grow", "REMESH")
    build.mode, build.octree_depth = "BLOCKS", 2
    kinds.keyed(build, "octree_depth", 2, 4, frames=(6, 8))
    tracks = read(parts["tracks.sources"].Surface(("pillar",), 20)).tracks
    assert tracks.visible[:, 0].all() and not tracks.visible[:, 8:].any()
    (note,) = read.notes
    assert ("'pillar'" in note and "frame 7" in note) or "frame 8" in note


def test_an_object_that_vanishes_takes_its_points_along_and_brings_them_back(scene, parts, read):
    pillar = bpy.data.objects["pillar"]
    kinds.keyed(pillar, "hide_render", False, True, False, frames=(1, 4, 9))
    tracks = read(parts["tracks.sources"].Surface(("pillar",), 20)).tracks
    seen = tracks.visible.mean(axis=0)
    assert seen[0] == 1 and (seen[3:8] == 0).all() and seen[9] > 0.5


@pytest.mark.parametrize(
    "kind", [kinds.fixed_lens, kinds.deforming, kinds.bent_by_bones, kinds.instances, kinds.mirrored]
)
def test_dense_flow_is_the_vector_pass(scene, read, kind):
    scene.render.resolution_x, scene.render.resolution_y = 416, 240
    kind(scene)
    shot = read(frames=(5, 6), needs=("flow", "depth"))
    vector = truth.passes(scene, 6, "Vector", "Z")
    theirs = vector["Vector"][..., :2] * (1, -1)
    assert (shot.flow[0] == 0).all()
    error = np.linalg.norm(shot.flow[1] - theirs, axis=-1)
    both = np.isfinite(shot.depth[1]) & (vector["Z"][..., 0] < 1e9)
    clear = both & (np.abs(shot.depth[1] / vector["Z"][..., 0] - 1) < 1e-3)
    assert clear.mean() > 0.4
    print(f"{kind.__name__}: mean {error[clear].mean():.5f} px, 99.9 % within {np.quantile(error[clear], 0.999):.5f}")
    assert error[clear].mean() < 0.01 and np.quantile(error[clear], 0.999) < 0.1


def test_the_sky_turns_with_the_camera(scene, read):
    for thing in [thing for thing in scene.objects if thing.type == "MESH"]:
        bpy.data.objects.remove(thing)
    shot = read(frames=(5, 6), needs=("flow",))
    pixels = np.array([[10.5, 8.5], [100.5, 60.5]])
    camera = shot.camera
    ray = np.column_stack([pixels, np.ones(2)]) @ np.linalg.inv(camera.intrinsics[1]).T @ camera.pose[1, :3, :3].T
    there = ray @ camera.pose[0, :3, :3] @ camera.intrinsics[0].T
    expected = there[:, :2] / there[:, 2:] - pixels
    np.testing.assert_allclose(shot.flow[1][[8, 60], [10, 100]], expected, atol=1e-3)


def test_what_cannot_be_followed_is_refused_by_name(scene, parts, read, bad_input):
    hidden = bpy.data.objects.new("hidden", None)
    scene.collection.objects.link(hidden)
    hidden.hide_render = True
    kinds.curves_text_and_metaballs(scene)
    make = parts["tracks.sources"]
    for source, says in (
        (make.Origin("nobody"), "no object 'nobody'"),
        (make.Origin("hidden"), "'hidden' is not part of the render at frame 1"),
        (make.Bone("pillar", "arm"), "'pillar' has no bone 'arm'"),
        (make.CurvePoints("pillar"), "'pillar' is not a curve"),
        (make.Vertices("pillar", group="top"), "'pillar' has no vertex group 'top'"),
        (make.Vertices("pillar", indices=(0, 99)), "'pillar' has 8 vertices"),
        (make.Vertices("camera"), "'camera' shows no mesh"),
        (make.Surface(("sun",), 5), "shows nothing of sun"),
        (make.Instances("pillar"), "no instances of or from 'pillar'"),
    ):
        with pytest.raises(bad_input, match=says):
            read(source, frames=(1, 2))
