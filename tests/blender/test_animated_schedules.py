"""Schedules that Blender animates: what it shows at a frame is what the Shot says there, whatever animates it."""

import json
from typing import Any

import bpy
import numpy as np
import pytest
from blender_session import run

FRAMES = tuple(range(1, 13))
PATH = "motion_bridge.deforum.curves"


@pytest.fixture
def deforum(scene, painted):
    scene.motion_bridge.engine = "deforum"
    scene.motion_bridge.deforum.motion = "2D"
    return scene.motion_bridge.deforum


@pytest.fixture
def curves(deforum):
    return deforum.curves


def told(deforum, name, frames=FRAMES):
    """The values of a schedule at the frames of a job, as an engine reads them."""
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.schedules import Context, values

    text = deforum.id_data.motion_bridge.generation("deforum", tuple(frames)).schedules[name]
    return values(text, Context(len(frames)), name)


def shown(deforum, name, frames=FRAMES):
    """The values that Blender itself shows when somebody goes from frame to frame."""
    scene, found = deforum.id_data, []
    before = scene.frame_current
    for frame in frames:
        scene.frame_set(frame)
        found.append(getattr(deforum.curves, name))
    scene.frame_set(before)
    return np.array(found, np.float64)


def keyed(group, name, *keys):
    for frame, value in keys:
        setattr(group, name, value)
        group.keyframe_insert(name, frame=frame)


def curve_of(scene, name):
    from bl_ext.user_default.motion_bridge.addon import compat

    return next(curve for curve in compat.own_curves(scene) if curve.data_path == f"{PATH}.{name}")


def driven(group, name, expression, target=None, path=""):
    driver = group.driver_add(name).driver
    if target is not None:
        variable = driver.variables.new()
        variable.name = "of"
        variable.targets[0].id_type = target.id_type
        variable.targets[0].id, variable.targets[0].data_path = target, path
    driver.expression = expression


def by_keys(scene, group):
    keyed(group, "noise_schedule", (1, 0.02), (12, 0.3))


def beyond_the_limits(scene, group):
    keyed(group, "start_sigma", (1, 0.1), (6, 1.0))
    curve = curve_of(scene, "start_sigma")
    curve.keyframe_points[1].co.y = 3.0
    curve.update()


def by_whole_numbers(scene, group):
    keyed(group, "kernel_schedule", (1, 3), (12, 14))


def by_noise(scene, group):
    keyed(group, "noise_schedule", (1, 0.1), (12, 0.2))
    modifier = curve_of(scene, "noise_schedule").modifiers.new("NOISE")
    modifier.strength, modifier.scale = 0.1, 2.5


def by_a_driver(scene, group):
    driven(group, "zoom", "1 + of * 0.01", bpy.data.objects["mover"], "location.x")


def by_a_driver_of_the_frame(scene, group):
    driven(group, "angle", "frame / 7")


def by_a_driver_of_code(scene, group):
    bpy.context.preferences.filepaths.use_scripts_auto_execute = True
    driven(group, "angle", "len(str(frame)) + bpy.context.scene.frame_current * 0.5")


def muted(scene, group):
    keyed(group, "contrast_schedule", (1, 0.5), (12, 1.5))
    curve_of(scene, "contrast_schedule").mute = True
    group.contrast_schedule = 0.875


def in_a_muted_group(scene, group):
    from bl_ext.user_default.motion_bridge.addon import compat

    points = compat.new_curve(scene, f"{PATH}.contrast_schedule", "Look").keyframe_points
    points.insert(1, 0.5)
    points.insert(12, 1.5)
    curve_of(scene, "contrast_schedule").group.mute = True
    group.contrast_schedule = 0.875


def by_nla_strips(scene, group):
    keyed(group, "translation_x", (1, -2), (6, 5))
    data = scene.animation_data
    track = data.nla_tracks.new()
    strip = track.strips.new("there", 3, data.action)
    if hasattr(strip, "action_slot"):
        strip.action_slot = data.action_slot
    strip.blend_in = 2
    data.action = None


def in_a_second_slot(scene, group):
    if "slots" not in bpy.types.Action.bl_rna.properties:
        pytest.skip("actions have slots since 4.4")
    keyed(group, "rotation_3d_z", (1, -2), (12, 5))
    data = scene.animation_data
    other = data.action.slots.new(id_type="SCENE", name="other")
    data.action_slot = other
    keyed(group, "rotation_3d_z", (1, 4), (12, -1))


def in_stretched_time(scene, group):
    scene.render.frame_map_old, scene.render.frame_map_new = 100, 160
    keyed(group, "noise_schedule", (1, 0.02), (12, 0.3))


def with_a_driver_in_stretched_time(scene, group):
    scene.render.frame_map_old, scene.render.frame_map_new = 100, 50
    by_a_driver(scene, group)


KINDS = {
    by_keys: "noise_schedule",
    beyond_the_limits: "start_sigma",
    by_whole_numbers: "kernel_schedule",
    by_noise: "noise_schedule",
    by_a_driver: "zoom",
    by_a_driver_of_the_frame: "angle",
    by_a_driver_of_code: "angle",
    muted: "contrast_schedule",
    in_a_muted_group: "contrast_schedule",
    by_nla_strips: "translation_x",
    in_a_second_slot: "rotation_3d_z",
    in_stretched_time: "noise_schedule",
    with_a_driver_in_stretched_time: "zoom",
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_shot_says_what_blender_shows_at_every_frame(scene, deforum, curves, kind):
    kind(scene, curves)
    wanted = shown(deforum, KINDS[kind])
    scene.frame_set(4)
    scenes, at = set(bpy.data.scenes), [tuple(obj.location) for obj in scene.objects]
    value = getattr(curves, KINDS[kind])
    assert np.ptp(wanted) > 0 or "muted" in kind.__name__
    np.testing.assert_allclose(told(deforum, KINDS[kind]), wanted, atol=1e-6)
    np.testing.assert_allclose(told(deforum, KINDS[kind], FRAMES[2::3]), wanted[2::3], atol=1e-6)
    assert set(bpy.data.scenes) == scenes and scene.frame_current == 4
    assert [tuple(obj.location) for obj in scene.objects] == at and getattr(curves, KINDS[kind]) == value


def test_a_heavy_scene_is_not_evaluated_for_a_driver(scene, deforum, curves):
    """A handler counts how often anything is evaluated, and an object that was moved without a key stays there."""
    seen = []
    bpy.app.handlers.frame_change_post.append(lambda *_: seen.append(1))
    by_a_driver(scene, curves)
    mover = bpy.data.objects["mover"]
    mover.location.y = 77
    try:
        told(deforum, "zoom")
    finally:
        bpy.app.handlers.frame_change_post.pop()
    assert not seen and mover.location.y == 77


def test_a_number_without_keys_is_told_where_it_differs_and_automatic_stays_automatic(deforum, curves):
    made = deforum.schedules()
    assert made == {"start_sigma": "0:(0.65)", "zoom": "0: (1)", "translation_z": "0: (0)"}
    curves.noise_schedule, curves.cfg_scale_schedule = 0.125, 4
    assert deforum.schedules() == {**made, "noise_schedule": "0:(0.125)", "cfg_scale_schedule": "0:(4)"}


def test_a_schedule_has_one_source_and_a_text_of_an_old_file_holds(deforum, curves):
    deforum.texts.noise_schedule = "0:(0.5)"
    curves.noise_schedule = 0.1
    assert deforum.source("noise_schedule") == "TEXT" and told(deforum, "noise_schedule")[0] == 0.5
    deforum.sources.noise_schedule = "CURVE"
    assert told(deforum, "noise_schedule")[0] == pytest.approx(0.1)
    deforum.texts.noise_schedule = "0:(0.25)"  # a text that is given holds
    assert told(deforum, "noise_schedule")[0] == 0.25
    deforum.texts.noise_schedule = ""
    assert told(deforum, "noise_schedule")[0] == pytest.approx(0.1)


def test_a_file_is_the_same_after_it_was_saved_and_opened(scene, deforum, curves, tmp_path):
    by_keys(scene, curves)
    deforum.texts.zoom = "0:(1.01)"
    deforum.sources.angle, curves.angle = "CURVE", 2
    before = deforum.schedules()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "keyed.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "keyed.blend"))
    assert bpy.context.scene.motion_bridge.deforum.schedules() == before


def test_the_command_line_hands_on_what_is_keyed(scene, deforum, curves, tmp_path):
    by_noise(scene, curves)
    wanted = shown(deforum, "noise_schedule")[4:9]
    assert run("shot", "--output", tmp_path / "shot", "--frames", "5-9") == 0
    made = json.loads((tmp_path / "shot" / "shot.json").read_text())["schedules"]["noise_schedule"]
    found = [float(key.split("(")[1].rstrip(")")) for key in made.split(", ")]
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_undo_takes_a_conversion_back_in_one_step(scene, deforum):
    deforum.texts.noise_schedule = "0:(0.1), 11:(0.4)"
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.motion_bridge.schedule_source("EXEC_DEFAULT", True, schedule="noise_schedule", action="TO_CURVE")
    deforum = bpy.context.scene.motion_bridge.deforum
    assert deforum.source("noise_schedule") == "CURVE" and bpy.context.scene.animation_data.action
    bpy.ops.ed.undo()
    scene = bpy.context.scene
    assert scene.motion_bridge.deforum.source("noise_schedule") == "TEXT"
    assert scene.animation_data is None or scene.animation_data.action is None


TEXTS = {
    "noise_schedule": "0:(0.02), 5:(0.3), 11:(0.1)",
    "zoom": "0:(1.0025+0.02*sin(1.25*3.14*t/30))",
    "angle": "0:(0), 3:(5.), 7:(-2), 9:(where(t>10, 3, -3))",
    "kernel_schedule": "0:(3), 4:(7.), 8:(5)",
    "strength_schedule": "0:(0.65)",
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(("start", "step"), [(1, 1), (40, 3)])
def test_a_text_becomes_a_curve_and_a_text_again_within_the_tolerance(scene, deforum, name, start, step):
    from bl_ext.user_default.motion_bridge.addon.properties.schedule_conversion import TOLERANCE

    scene.frame_start, scene.frame_step, scene.frame_end = start, step, start + 11 * step
    frames = range(start, scene.frame_end + 1, step)
    deforum.change_by = "strength_schedule"
    setattr(deforum.texts, name, TEXTS[name])
    wanted = told(deforum, name, frames)
    wanted = np.trunc(wanted) if name == "kernel_schedule" else wanted
    bpy.ops.motion_bridge.schedule_source(schedule=name, action="TO_CURVE")
    assert deforum.source(name) == "CURVE" and getattr(deforum.texts, name) == TEXTS[name]
    np.testing.assert_allclose(shown(deforum, name, frames), wanted, atol=TOLERANCE)
    setattr(deforum.texts, name, "")
    bpy.ops.motion_bridge.schedule_source(schedule=name, action="TO_TEXT")
    assert deforum.source(name) == "TEXT"
    again = told(deforum, name, frames)
    np.testing.assert_allclose(np.trunc(again) if name == "kernel_schedule" else again, wanted, atol=TOLERANCE + 1e-6)
    if name in ("noise_schedule", "strength_schedule"):
        assert getattr(deforum.texts, name) == TEXTS[name]


def test_a_new_text_takes_the_place_of_the_keys_there_were(scene, deforum, curves):
    keyed(curves, "angle", (2, 1), (5, 9), (60, 3))
    keyed(curves, "zoom", (1, 1), (9, 1.1))
    deforum.texts.angle = "0:(1), 11:(4)"
    bpy.ops.motion_bridge.schedule_source(schedule="angle", action="TO_CURVE")
    points = curve_of(scene, "angle").keyframe_points
    assert [tuple(point.co) for point in points] == [(1, 1), (12, 4)]
    assert {point.interpolation for point in points} == {"LINEAR"} and curve_of(scene, "zoom")


def test_everything_is_converted_at_once(scene, deforum, curves):
    deforum.texts.noise_schedule, deforum.texts.angle = "0:(0.02), 11:(0.3)", "0:(t)"
    before = {name: told(deforum, name) for name in ("noise_schedule", "angle")}
    assert bpy.ops.motion_bridge.schedule_source(action="TO_CURVE") == {"FINISHED"}
    assert {deforum.source(name) for name in before} == {"CURVE"}
    for name, values in before.items():
        np.testing.assert_allclose(told(deforum, name), values, atol=1e-4)
    bpy.ops.motion_bridge.schedule_source(action="TO_TEXT")
    assert {name for name in type(deforum.texts).__annotations__ if deforum.source(name) == "TEXT"} == set(before)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("zoom", "0:(1), 5:(2*", "column 13"),
        ("start_sigma", "0:(0.5), 6:(1.5)", r"start_sigma is 1\.16667 at frame 5.*between 0 and 1"),
        ("angle", "0:(3)", "driven"),
    ],
)
def test_what_cannot_be_a_curve_says_why_and_changes_nothing(deforum, curves, name, text, why):
    if why == "driven":
        by_a_driver_of_the_frame(deforum.id_data, curves)
    setattr(deforum.texts, name, text)
    with pytest.raises(RuntimeError, match=why):
        bpy.ops.motion_bridge.schedule_source(schedule=name, action="TO_CURVE")
    assert deforum.source(name) == "TEXT" and getattr(deforum.texts, name) == text


def test_a_preset_sets_numbers_and_leaves_what_is_keyed_alone(scene, deforum, curves):
    by_keys(scene, curves)
    bpy.ops.motion_bridge.deforum_preset(preset=first_preset())
    assert deforum.source("start_sigma") == "CURVE" and deforum.source("noise_schedule") == "TEXT"
    assert len(curve_of(scene, "noise_schedule").keyframe_points) == 2


def first_preset():
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.engines.deforum import presets

    return next(name for name, preset in presets.PRESETS.items() if "noise" in preset.values)


@pytest.mark.parametrize("by", ["start_sigma", "strength_schedule"])
def test_restoring_says_again_what_a_take_was_told(scene, deforum, curves, by):
    from bl_ext.user_default.motion_bridge.addon.properties import settings_of

    by_keys(scene, curves)
    deforum.change_by, curves.strength_schedule, curves.cfg_scale_schedule = by, 0.8, 3
    settings = settings_of(scene)
    before = settings.generation("deforum", FRAMES)
    curves.cfg_scale_schedule, curves.color_amount, deforum.texts.angle = 0, 0.5, "0:(t)"
    keyed(curves, "contrast_schedule", (1, 0.5), (12, 1.5))
    deforum.change_by = "start_sigma"
    settings.show_engine(before)
    after = settings.generation("deforum", FRAMES).schedules
    assert after.pop("contrast_schedule") == "0: (1.0)"  # its keys stay; the text says that it is as at first
    assert after == before.schedules


def test_the_value_of_now_is_what_holds(scene, deforum, curves):
    from bl_ext.user_default.motion_bridge.addon.properties import current_value

    by_keys(scene, curves)
    deforum.texts.angle = "0:(t*2)"
    scene.frame_set(7)
    assert current_value(scene, "noise_schedule") == pytest.approx(curve_of(scene, "noise_schedule").evaluate(7))
    assert current_value(scene, "angle") == 12 and current_value(scene, "cadence") == deforum.cadence


def test_a_linked_scene_is_read_and_its_schedules_are_not_converted(scene, deforum, curves, tmp_path):
    by_a_driver(scene, curves)
    deforum.texts.noise_schedule = "0:(0.1), 11:(0.4)"
    wanted = shown(deforum, "zoom")
    scene.name = "Library"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_homefile(use_empty=True)
    libraries: Any = bpy.data.libraries
    with libraries.load(str(tmp_path / "library.blend"), link=True) as (there, here):
        here.scenes = there.scenes
    linked = here.scenes[0]
    np.testing.assert_allclose(told(linked.motion_bridge.deforum, "zoom"), wanted, atol=1e-6)
    bpy.context.window.scene = linked
    with pytest.raises(RuntimeError, match="linked"):
        bpy.ops.motion_bridge.schedule_source(schedule="noise_schedule", action="TO_CURVE")
