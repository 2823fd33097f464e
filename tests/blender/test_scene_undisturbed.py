"""Reading a scene changes nothing in it, also when it fails half-way."""

import importlib

import bpy
import numpy as np
import pytest
from blender_data import assert_same, dump


@pytest.fixture
def scene_parts(extension):
    names = ("snapshot", "first_frame", "evaluation", "restore_state")
    return {name: importlib.import_module(f"{extension.__name__}.addon.scene.{name}") for name in names}


@pytest.fixture
def busy_scene(scene):
    """A scene in the middle of somebody's work: odd frame, a selection, unusual render settings, markers, strips."""
    for thing in scene.objects:
        thing.select_set(thing.name in ("mover", "floor"))
    bpy.context.view_layer.objects.active = bpy.data.objects["floor"]
    scene.frame_set(5, subframe=0.25)
    render = scene.render
    render.image_settings.file_format = "OPEN_EXR"
    render.image_settings.color_depth, render.image_settings.color_mode = "32", "RGBA"
    render.filepath, render.use_border, render.use_stamp = "//somewhere/", True, True
    render.use_persistent_data = render.use_multiview = render.use_sequencer = True
    scene.view_settings.exposure = 0.5
    scene.timeline_markers.new("cut", frame=7).camera = scene.camera
    editor = scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    end = {"length": 10} if bpy.app.version >= (5, 0, 0) else {"frame_end": 11}
    strips.new_effect(name="color", type="COLOR", channel=1, frame_start=1, **end)
    bpy.context.view_layer.update()
    return scene


def request(parts, **changes):
    fields = {
        "frames": (2, 9),
        "needs": frozenset({"depth", "objects"}),
        "first_frame": parts["first_frame"].FromRender(),
    }
    return parts["snapshot"].Request(**{**fields, "grid": 3, **changes})


def test_the_dump_notices_small_things(busy_scene):
    before = dump()
    busy_scene.view_settings.exposure = 0.6
    bpy.data.objects["mover"].select_set(False)
    after = dump()
    with pytest.raises(AssertionError, match="exposure"):
        assert_same({("s", ""): before["scenes", "Scene"]}, {("s", ""): after["scenes", "Scene"]})
    assert before["selection"] != after["selection"]


def test_a_snapshot_leaves_everything_as_it_was(busy_scene, scene_parts):
    before = dump()
    scene_parts["snapshot"].snapshot(bpy.context, request(scene_parts))
    assert_same(before, dump())


def test_a_snapshot_that_fails_leaves_everything_as_it_was(busy_scene, scene_parts, monkeypatch):
    before = dump()

    def fail(depsgraph, frame):
        raise RuntimeError(f"broken at {frame}")

    monkeypatch.setattr(scene_parts["snapshot"], "sample", fail)
    with pytest.raises(RuntimeError, match="broken at 2"):
        scene_parts["snapshot"].snapshot(bpy.context, request(scene_parts))
    assert_same(before, dump())


def test_a_missing_first_frame_leaves_everything_as_it_was(busy_scene, scene_parts, extension):
    errors = importlib.import_module(f"{extension.__name__}.backend.motion_bridge.errors")
    before = dump()
    with pytest.raises(errors.BadInput, match=r"nowhere\.png"):
        wanted = request(scene_parts, first_frame=scene_parts["first_frame"].FromFile("//nowhere.png"))
        scene_parts["snapshot"].snapshot(bpy.context, wanted)
    assert_same(before, dump())


def test_edit_mode_is_not_left_and_what_is_edited_counts(busy_scene, scene_parts):
    import bmesh

    floor = bpy.data.objects["floor"]
    assert isinstance(floor.data, bpy.types.Mesh)
    bpy.ops.object.mode_set(mode="EDIT")
    mesh = bmesh.from_edit_mesh(floor.data)
    for vertex in mesh.verts:
        vertex.co.z += 1
    taken = scene_parts["snapshot"].snapshot(bpy.context, request(scene_parts, needs=frozenset({"depth"})))
    assert bpy.context.mode == "EDIT_MESH"
    geometry = taken.geometry
    number = next(at for at, thing in enumerate(geometry.instances) if thing.name == "floor")
    frame = geometry.frames[0]
    place = geometry.store.get(frame.instance).tolist().index(number)
    vertices = geometry.store.get(geometry.shapes[geometry.store.get(frame.shape)[place]].vertices)
    assert vertices[:, 2].min() > 0.9
    bpy.ops.object.mode_set(mode="OBJECT")


def test_other_peoples_render_handlers_are_silent_while_the_scene_is_read_and_there_afterwards(busy_scene, scene_parts):
    calls = []

    def handler(*arguments):
        calls.append(arguments)

    bpy.app.handlers.render_complete.append(handler)
    bpy.app.handlers.render_pre.append(handler)
    try:
        picture = scene_parts["first_frame"].FromPixels(np.zeros((72, 128, 3), np.uint8))
        scene_parts["snapshot"].snapshot(bpy.context, request(scene_parts, first_frame=picture))
        assert not calls
        assert handler in bpy.app.handlers.render_complete and handler in bpy.app.handlers.render_pre
    finally:
        bpy.app.handlers.render_complete.remove(handler)
        bpy.app.handlers.render_pre.remove(handler)


def test_the_last_render_is_still_there_after_the_scene_was_read(scene, scene_parts):
    bpy.ops.render.render()
    before = scene_parts["first_frame"].render_result(scene)
    scene.frame_set(9)
    scene_parts["snapshot"].snapshot(bpy.context, request(scene_parts))
    np.testing.assert_array_equal(scene_parts["first_frame"].render_result(scene), before)
