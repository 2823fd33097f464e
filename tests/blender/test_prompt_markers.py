"""Prompts in the timeline: what is done to a marker happens to the list, and the other way round."""

import bpy
import pytest


@pytest.fixture
def settings(scene):
    return scene.motion_bridge


@pytest.fixture
def parts(extension):
    from bl_ext.user_default.motion_bridge.addon.properties import prompt_markers

    return prompt_markers


def markers(scene):
    return sorted((marker.frame, marker.name) for marker in scene.timeline_markers)


def listed(settings):
    return [(key.frame, key.text) for key in settings.prompts]


def held(scene):
    return dict(scene.motion_bridge.generation("reproject").prompts)


def add(settings, frame, text):
    key = settings.prompts.add()
    key.frame, key.text = frame, text
    return key


def test_what_the_list_says_stands_in_the_timeline(scene, settings):
    key = add(settings, 3, "a street")
    add(settings, 8, "a forest")
    assert markers(scene) == [(3, "prompt: a street"), (8, "prompt: a forest")]
    key.frame, key.text = 5, "a harbor"
    assert markers(scene) == [(5, "prompt: a harbor"), (8, "prompt: a forest")]
    assert held(scene) == {5: "a harbor", 8: "a forest"}


def test_what_is_done_to_a_marker_counts_at_once_and_comes_into_the_list(scene, settings, parts):
    for frame, text in ((3, "a street"), (8, "a forest"), (11, "the sea")):
        add(settings, frame, text)
    street, forest, sea = scene.timeline_markers
    street.frame, forest.name = 4, "prompt: a meadow"
    scene.timeline_markers.remove(sea)
    scene.timeline_markers.new("Prompt:snow", frame=12)
    scene.timeline_markers.new("cut here", frame=2)
    assert held(scene) == {4: "a street", 8: "a meadow", 12: "snow"}
    assert listed(settings) == [(3, "a street"), (8, "a forest"), (11, "the sea")]  # asking changes nothing
    assert parts.synchronize(scene) and not parts.synchronize(scene)
    assert listed(settings) == [(4, "a street"), (8, "a meadow"), (12, "snow")]
    settings.prompts[2].text = "deep snow"
    assert (12, "prompt: deep snow") in markers(scene) and len(scene.timeline_markers) == 4


def test_a_long_text_stays_whole_and_its_name_ends_between_letters(scene, settings, parts):
    for length in range(40, 51):
        text = "x" * length + "é" * 40 + "\nand a second line"
        key = add(settings, length, text)
        marker = scene.timeline_markers[-1]
        assert len(marker.name.encode()) <= 63 and marker.name.endswith("é…"), length
        assert marker.name == parts.name_of(text) and held(scene)[length] == text
        parts.remove(scene, len(settings.prompts) - 1)
        assert not scene.timeline_markers and not len(settings.prompts)
    key = add(settings, 1, "x" * 54 + "é")  # 64 bytes with its prefix
    assert scene.timeline_markers[0].name == "prompt: " + "x" * 52 + "…"
    key.text = "x" * 53 + "é"
    assert scene.timeline_markers[0].name == "prompt: " + "x" * 53 + "é"


def test_a_long_prompt_that_is_renamed_is_what_its_name_says(scene, settings):
    add(settings, 1, "words " * 40)
    scene.timeline_markers[0].name = "prompt: a few words"
    assert held(scene) == {1: "a few words"}


def test_a_copied_marker_is_a_prompt_of_its_own(scene, settings, parts):
    add(settings, 1, "hills " * 30)
    first = scene.timeline_markers[0]
    copy = scene.timeline_markers.new(first.name, frame=9)
    copy.motion_bridge_prompt, copy.motion_bridge_prompt_id = first.motion_bridge_prompt, first.motion_bridge_prompt_id
    parts.synchronize(scene)
    assert listed(settings) == [(1, "hills " * 30), (9, "hills " * 30)]
    settings.prompts[1].text = "valleys"
    assert held(scene) == {1: "hills " * 30, 9: "valleys"}
    assert len({key.marker for key in settings.prompts}) == 2


def test_markers_may_share_a_frame_and_a_camera_is_never_touched(scene, settings, parts):
    cut = scene.timeline_markers.new("cut", frame=4)
    cut.camera = scene.camera
    add(settings, 4, "night")
    assert (cut.name, cut.frame, cut.camera) == ("cut", 4, scene.camera) and len(scene.timeline_markers) == 2
    add(settings, 4, "day")
    assert held(scene) == {4: "day"}  # the later one
    both = scene.timeline_markers.new("prompt: dawn", frame=7)
    both.camera = scene.camera
    parts.synchronize(scene)
    settings.prompts[2].frame = 9
    assert (both.frame, both.camera, both.name) == (7, scene.camera, "camera")
    assert (9, "prompt: dawn") in markers(scene) and held(scene) == {4: "day", 9: "dawn"}
    parts.clear(scene)
    assert markers(scene) == [(4, "cut"), (7, "camera")] and not listed(settings)
    assert all(marker.camera == scene.camera for marker in scene.timeline_markers)


def test_without_markers_the_list_alone_counts(scene, settings):
    add(settings, 3, "a street")
    scene.timeline_markers.new("prompt: snow", frame=5)
    settings.prompt_markers = False
    assert held(scene) == {3: "a street"} and not [m for m in scene.timeline_markers if m.frame == 3]
    settings.prompt_markers = True
    assert (3, "prompt: a street") in markers(scene)


def test_a_list_from_before_there_were_markers_means_what_it_meant(scene, settings, parts):
    settings.prompt_markers = False
    add(settings, 3, "a street")
    settings.property_unset("prompt_markers")
    assert not scene.timeline_markers and not settings.prompts[0].marker
    assert held(scene) == {3: "a street"} and not parts.synchronize(scene) and not scene.timeline_markers


def test_the_buttons_edit_both(scene, settings):
    scene.frame_set(6)
    assert bpy.ops.motion_bridge.prompt_key() == {"FINISHED"}
    settings.prompts[0].text = "rain"
    scene.frame_set(9)
    bpy.ops.motion_bridge.prompt_key()
    assert markers(scene) == [(6, "prompt: rain"), (9, "prompt: rain")]
    settings.active_prompt = 0
    bpy.ops.motion_bridge.prompt_remove()
    assert markers(scene) == [(9, "prompt: rain")] and listed(settings) == [(9, "rain")]


def test_a_key_is_chosen_where_a_marker_was_just_made_by_hand(scene, settings):
    add(settings, 3, "a street")
    scene.timeline_markers.new("prompt: snow", frame=6)
    scene.frame_set(6)
    assert bpy.ops.motion_bridge.prompt_key() == {"FINISHED"}
    assert listed(settings) == [(3, "a street"), (6, "snow")] and settings.active_prompt == 1


def test_undo_keeps_list_and_timeline_together(scene, settings, parts):
    bpy.ops.ed.undo_push(message="empty")
    add(settings, 3, "a street")
    bpy.ops.ed.undo_push(message="one")
    bpy.context.scene.timeline_markers[0].frame = 5
    parts.synchronize(bpy.context.scene)
    bpy.ops.ed.undo_push(message="moved")
    bpy.ops.ed.undo()
    scene = bpy.context.scene
    assert held(scene) == {3: "a street"} and markers(scene) == [(3, "prompt: a street")]
    bpy.ops.ed.undo()
    assert held(bpy.context.scene) == {} and markers(bpy.context.scene) == []
    bpy.ops.ed.redo()
    bpy.ops.ed.redo()
    assert held(bpy.context.scene) == {5: "a street"} and listed(bpy.context.scene.motion_bridge) == [(5, "a street")]


def test_both_are_there_after_saving_and_opening(scene, settings, tmp_path):
    add(settings, 3, "é" * 50)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.context.scene.timeline_markers[0].frame = 4
    assert held(bpy.context.scene) == {4: "é" * 50}
