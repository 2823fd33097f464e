"""The camera read without the rest of the scene: the same numbers, or the whole scene is read after all."""

import importlib
from types import SimpleNamespace

import blender_scenes as kinds
import bpy
import pytest
from blender_data import assert_same, dump
from blender_session import add_box, checker_material

FRAMES = tuple(range(1, 31))


@pytest.fixture
def parts(extension):
    return SimpleNamespace(
        **{
            name.rpartition(".")[2]: importlib.import_module(f"{extension.__name__}.addon.scene.{name}")
            for name in ("isolated_camera", "snapshot", "first_frame", "camera", "evaluation")
        },
        errors=importlib.import_module(f"{extension.__name__}.backend.motion_bridge.errors"),
    )


@pytest.fixture
def whole_reads(parts, monkeypatch):
    """The frames of each reading of the whole scene."""
    reads = []
    read = parts.isolated_camera.whole_scene_samples

    def counted(context, frames):
        reads.append(tuple(frames))
        return read(context, frames)

    monkeypatch.setattr(parts.isolated_camera, "whole_scene_samples", counted)
    return reads


def parent_of(scene, parent):
    if parent.name not in scene.collection.objects:
        scene.collection.objects.link(parent)
    scene.camera.parent = parent
    return parent


def keyed(owner, path, *values):
    for frame, value in zip((FRAMES[0], FRAMES[-1]), values, strict=True):
        setattr(owner, path, value)
        owner.keyframe_insert(path, frame=frame)


def plain(scene):
    pass


def moving_parents(scene):
    inner = parent_of(scene, bpy.data.objects.new("inner", None))
    keyed(inner, "rotation_euler", (0, 0, 0), (0.2, 0.1, 2))
    inner.parent = bpy.data.objects.new("outer", None)  # in no scene at all
    keyed(inner.parent, "scale", (1, 1, 1), (-1, 2, 1))


def waving_target(scene):
    bpy.data.objects["floor"].modifiers.new("wave", "WAVE")
    constraint = scene.camera.constraints.new("TRACK_TO")
    constraint.target = bpy.data.objects["floor"]
    constraint.track_axis, constraint.up_axis = "TRACK_NEGATIVE_Z", "UP_Y"
    keyed(bpy.data.objects["floor"], "location", (0, 0, 0), (3, 0, 1))


def riding_on_a_vertex_of_a_wave(scene):
    bpy.data.objects["floor"].modifiers.new("wave", "WAVE").time_offset = -20
    scene.camera.parent, scene.camera.parent_type = bpy.data.objects["floor"], "VERTEX"


def along_a_path(scene):
    curve = bpy.data.curves.new("path", "CURVE")
    curve.dimensions, curve.use_path, curve.path_duration = "3D", True, 30
    spline = curve.splines.new("POLY")
    spline.points.add(3)
    for at, point in enumerate(spline.points):
        point.co = (at * 2, (at % 2) * 3, at, 1)
    path = bpy.data.objects.new("path", curve)
    scene.collection.objects.link(path)
    constraint = scene.camera.constraints.new("FOLLOW_PATH")
    constraint.target, constraint.use_curve_follow = path, True
    keyed(constraint, "offset", 0.0, -80.0)


def hidden_parent_whose_visibility_is_keyed(scene):
    parent = parent_of(scene, bpy.data.objects["mover"])
    for frame, hidden in ((1, False), (12, True), (20, False)):
        parent.hide_render = parent.hide_viewport = hidden
        parent.keyframe_insert("hide_render", frame=frame)
        parent.keyframe_insert("hide_viewport", frame=frame)


def arithmetic_driver(scene):
    curve = scene.camera.driver_add("location", 2)
    variable = curve.driver.variables.new()
    variable.targets[0].id, variable.targets[0].data_path = bpy.data.objects["mover"], "location.x"
    curve.driver.expression = f"{variable.name} + frame / 5"


def shaken_and_stripped_down(scene):
    track = scene.camera.animation_data.nla_tracks.new()
    track.strips.new("walk", 1, scene.camera.animation_data.action).scale = 2.0
    scene.camera.animation_data.action = None


def cut_between_cameras(scene):
    other = bpy.data.objects.new("other", bpy.data.cameras.new("other"))
    scene.collection.objects.link(other)
    keyed(other, "location", (1, -4, 2), (2, -4, 2))
    scene.timeline_markers.new("first", frame=1).camera = scene.camera
    scene.timeline_markers.new("second", frame=17).camera = other


def remapped_time(scene):
    scene.render.frame_map_old, scene.render.frame_map_new = 100, 250


def unusual_picture(scene):
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = 333, 217, 37
    render.pixel_aspect_x, render.pixel_aspect_y = 1.7, 1.0
    keyed(scene.camera.data, "shift_x", -0.2, 0.3)


SURE = [
    plain,
    moving_parents,
    waving_target,
    riding_on_a_vertex_of_a_wave,
    along_a_path,
    hidden_parent_whose_visibility_is_keyed,
    arithmetic_driver,
    shaken_and_stripped_down,
    cut_between_cameras,
    remapped_time,
    unusual_picture,
    kinds.everything_moves_the_camera,
]


def named(setup):
    return setup.__name__.replace("_", " ")


@pytest.mark.parametrize("setup", SURE, ids=named)
def test_every_number_is_the_whole_scenes_own_though_only_few_frames_of_it_are_read(scene, parts, whole_reads, setup):
    setup(scene)
    found = parts.isolated_camera.camera_samples(bpy.context, FRAMES)
    (checked,) = whole_reads
    assert len(checked) == parts.isolated_camera.CHECKED
    assert {FRAMES[0], FRAMES[-1]} < set(checked)
    whole = parts.isolated_camera.whole_scene_samples(bpy.context, FRAMES)
    assert found == whole
    assert len({(sample.name, sample.matrix, sample.lens) for sample in whole}) > 1


def test_sub_frames_are_the_same_too(scene, parts):
    frames = [at / 4 for at in range(4, 60)]
    found = parts.isolated_camera.camera_only_samples(bpy.context, frames)
    assert found == parts.isolated_camera.whole_scene_samples(bpy.context, frames)
    assert found[0].matrix != found[1].matrix


def rigid_body(scene):
    bpy.context.view_layer.objects.active = mover = parent_of(scene, bpy.data.objects["mover"])
    mover.animation_data_clear()
    bpy.ops.rigidbody.world_add()
    with bpy.context.temp_override(object=mover, active_object=mover):
        bpy.ops.rigidbody.object_add()


def cloth(scene):
    sheet = parent_of(scene, add_box(scene, "sheet", (0, 0, 3), (1, 1, 0.1), checker_material()))
    sheet.modifiers.new("cloth", "CLOTH")
    scene.camera.parent_type = "VERTEX"


def geometry_nodes(scene):
    tree = bpy.data.node_groups.new("nodes", "GeometryNodeTree")
    parent_of(scene, bpy.data.objects["pillar"]).modifiers.new("nodes", "NODES").node_group = tree


def driver_that_reads_another_scene(scene):
    other = bpy.data.scenes.new("other")
    curve = scene.camera.driver_add("location", 0)
    variable = curve.driver.variables.new()
    target = variable.targets[0]
    target.id_type, target.id, target.data_path = "SCENE", other, "frame_start"
    curve.driver.expression = variable.name


def driver_that_reads_this_scene(scene):
    driver_that_reads_another_scene(scene)
    target = scene.camera.animation_data.drivers[-1].driver.variables[0].targets[0]
    target.id, target.data_path = scene, "frame_current"


def driver_in_python(scene):
    scene.camera.driver_add("location", 0).driver.expression = "len(str(frame))"


def driver_by_context(scene):
    curve = scene.camera.driver_add("location", 0)
    variable = curve.driver.variables.new()
    variable.type = "CONTEXT_PROP"
    variable.targets[0].data_path = "frame_end"
    curve.driver.expression = variable.name


def keyed_simplification(scene):
    scene.render.use_simplify = True
    keyed(scene.render, "simplify_subdivision_render", 0, 3)


def frame_handler(scene):
    bpy.app.handlers.frame_change_pre.append(follow_the_frame)


def follow_the_frame(scene, *_):
    bpy.data.objects["mover"].location.y = scene.frame_current


DOUBTFUL = [
    rigid_body,
    cloth,
    geometry_nodes,
    driver_that_reads_another_scene,
    driver_that_reads_this_scene,
    driver_in_python,
    driver_by_context,
    keyed_simplification,
    frame_handler,
]


@pytest.mark.parametrize("setup", DOUBTFUL, ids=named)
def test_what_needs_more_than_the_cameras_is_read_from_the_whole_scene(scene, parts, whole_reads, setup):
    setup(scene)
    scenes = set(bpy.data.scenes)
    try:
        found = parts.isolated_camera.camera_samples(bpy.context, FRAMES)
    finally:
        if follow_the_frame in bpy.app.handlers.frame_change_pre:
            bpy.app.handlers.frame_change_pre.remove(follow_the_frame)
    assert whole_reads == [FRAMES]
    assert len(found) == len(FRAMES)
    assert set(bpy.data.scenes) == scenes


def test_a_single_number_that_differs_makes_the_whole_scene_be_read(scene, parts, whole_reads, monkeypatch):
    true = parts.isolated_camera.camera_only_samples(bpy.context, FRAMES)
    near = true[-1].near
    monkeypatch.setattr(
        parts.isolated_camera, "camera_only_samples", lambda *_: [*true[:-1], true[-1]._replace(near=near * (1 + 1e-7))]
    )
    assert parts.isolated_camera.camera_samples(bpy.context, FRAMES) == true
    assert whole_reads[-1] == FRAMES


def test_few_frames_are_read_from_the_whole_scene_at_once(scene, parts, whole_reads):
    parts.isolated_camera.camera_samples(bpy.context, FRAMES[:4])
    assert whole_reads == [FRAMES[:4]]


def only_the_camera(parts):
    picture = parts.first_frame.FromRender()
    return parts.snapshot.Request(FRAMES, frozenset(), picture)


def test_a_snapshot_that_asks_for_nothing_else_takes_this_way(scene, parts, whole_reads):
    taken = parts.snapshot.snapshot(bpy.context, only_the_camera(parts))
    assert [len(frames) for frames in whole_reads] == [parts.isolated_camera.CHECKED]
    assert taken.geometry is None
    whole = parts.camera.placed(parts.isolated_camera.whole_scene_samples(bpy.context, FRAMES))
    for ours, theirs in zip(taken.cameras, whole, strict=True):
        assert (ours.pose == theirs.pose).all() and (ours.intrinsics == theirs.intrinsics).all()


def test_many_cameras_at_once_are_placed_as_each_alone(scene, parts):
    moving_parents(scene)
    samples = parts.isolated_camera.whole_scene_samples(bpy.context, FRAMES)
    for together, sample in zip(parts.camera.placed(samples), samples, strict=True):
        (alone,) = parts.camera.placed([sample])
        assert (together.pose == alone.pose).all() and (together.intrinsics == alone.intrinsics).all()


@pytest.fixture
def cut_scene(scene):
    cut_between_cameras(scene)
    scene.frame_set(5, subframe=0.25)
    bpy.context.view_layer.objects.active = bpy.data.objects["floor"]
    return scene


def whole_dump():
    bpy.data.objects.tag(False)  # anybody may leave these flags in any state
    return dump()


def test_nothing_of_it_is_left(cut_scene, parts):
    before = whole_dump()
    parts.isolated_camera.read_cameras(bpy.context, FRAMES)
    assert_same(before, whole_dump())


def test_nothing_of_it_is_left_when_a_camera_cannot_be_used(cut_scene, parts):
    bpy.data.cameras["other"].type = "PANO"
    bpy.context.view_layer.update()
    before = whole_dump()
    with pytest.raises(parts.errors.BadInput, match="'other' at frame 17 is pano"):
        parts.isolated_camera.read_cameras(bpy.context, FRAMES)
    assert_same(before, whole_dump())
