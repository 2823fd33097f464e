"""The queue, presets, the panel's first steps, and that its words fit."""

import importlib
import time
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from blender_session import PACKAGE


def part(name):
    return importlib.import_module(f"{PACKAGE}.{name}")


@pytest.fixture
def two_cameras(scene, painted):
    """The scene's own camera, and another one above it."""
    scene.frame_end = 2
    own = scene.camera
    other = bpy.data.objects.new("above", bpy.data.cameras.new("above"))
    other.location = (0, -7, 5)
    scene.collection.objects.link(other)
    return own, other


def entries(scene):
    return [(entry.camera.name, entry.seed, entry.state, entry.outcome) for entry in scene.motion_bridge.queue]


def test_a_queue_makes_takes_of_several_cameras_and_seeds_in_order(scene, two_cameras, tmp_path):
    own, other = two_cameras
    scene.motion_bridge.seed = 5
    assert bpy.ops.motion_bridge.queue_add(cameras="SCENE", seeds=2) == {"FINISHED"}
    scene.camera = other
    bpy.ops.motion_bridge.queue_add(cameras="SCENE")
    scene.camera = own
    assert bpy.ops.motion_bridge.queue_run() == {"FINISHED"}
    made = [(own.name, 5, "DONE", "take_001"), (own.name, 6, "DONE", "take_002"), ("above", 5, "DONE", "take_003")]
    assert entries(scene) == made
    assert scene.camera == own, "the scene gets its camera back"
    load = part("backend.motion_bridge.shot").load
    shots = [load(tmp_path / f"motion_bridge/take_00{number}/shot") for number in (1, 2, 3)]
    assert [shot.seed for shot in shots] == [5, 6, 5]
    assert np.array_equal(shots[0].camera.pose, shots[1].camera.pose)
    assert not np.array_equal(shots[0].camera.pose, shots[2].camera.pose)
    with pytest.raises(RuntimeError, match="nothing to render"):
        bpy.ops.motion_bridge.queue_run()


def test_what_fails_says_why_and_the_rest_is_made(scene, two_cameras):
    bpy.ops.motion_bridge.queue_add(cameras="ALL")
    first, second = scene.motion_bridge.queue
    first.engine = "deforum"  # which Blender's Python cannot run
    assert bpy.ops.motion_bridge.queue_run() == {"FINISHED"}
    assert (first.state, second.state) == ("FAILED", "DONE")
    assert "torch" in first.outcome


def test_a_cancelled_queue_stops_and_its_entries_wait(scene, two_cameras):
    queue, window = part("addon.render.queue"), part("addon.render.manager").window
    bpy.ops.motion_bridge.queue_add(cameras="ALL")
    scene.frame_end = 200
    queue.Queue.scene, queue.Queue.camera = scene.name, scene.camera.session_uid
    entry = scene.motion_bridge.queue[0]
    queue._look_through(scene, entry)
    window.begin(bpy.context, queue.request_of(scene, entry))
    window.step()
    assert bpy.ops.motion_bridge.queue_cancel() == {"FINISHED"}
    deadline = time.monotonic() + 60
    while window.step():
        assert time.monotonic() < deadline, "the job never ended"
    assert [state for _, _, state, _ in entries(scene)] == ["WAITING", "WAITING"] and not queue.running()


def test_a_queue_that_is_running_or_a_live_session_holds_other_work(scene, monkeypatch):
    waiting = ("render", "take_seed", "take_resume", "clean_takes", "queue_run")
    polls = lambda: [getattr(bpy.ops.motion_bridge, name).poll() for name in waiting]  # noqa: E731
    assert all(polls())
    monkeypatch.setattr(part("addon.render.queue").Queue, "scene", scene.name)  # between two of its takes
    assert not any(polls())
    monkeypatch.undo()
    monkeypatch.setattr(part("addon.live.session"), "_session", object())
    assert not any(polls())


def test_a_camera_that_is_renamed_while_the_queue_runs_is_given_back(scene, two_cameras):
    own, other = two_cameras
    queue = part("addon.render.queue")
    bpy.ops.motion_bridge.queue_add(cameras="ALL")
    queue.Queue.scene, queue.Queue.camera = scene.name, own.session_uid
    queue._look_through(scene, next(each for each in scene.motion_bridge.queue if each.camera == other))
    own.name = "renamed"
    queue._end()
    assert scene.camera == own
    queue.Queue.scene, queue.Queue.camera = scene.name, own.session_uid
    scene.camera = other
    bpy.data.objects.remove(own)
    queue._end()
    assert scene.camera == other, "where it is gone the present one stays"


def test_a_queue_ends_where_a_take_is_cancelled_as_it_begins(scene, two_cameras, monkeypatch):
    queue, window = part("addon.render.queue"), part("addon.render.manager").window
    cancelled = part("backend.motion_bridge.errors").Cancelled
    asked = []

    def begin(context, request):
        asked.append(request)
        raise cancelled("Cancelled")

    monkeypatch.setattr(window, "begin", begin)
    bpy.ops.motion_bridge.queue_add(cameras="ALL")
    queue.Queue.scene, queue.Queue.camera = scene.name, scene.camera.session_uid
    queue._next()
    assert len(asked) == 1 and not queue.running()
    assert [state for _, _, state, _ in entries(scene)] == ["WAITING", "WAITING"]


def test_the_sketch_has_a_sequencer_made_for_it_too(scene, painted, monkeypatch):
    window, made = part("addon.render.manager").window, []
    monkeypatch.setattr(part("addon.viewer.sequencer_area"), "make_soon", made.append)
    assert bpy.ops.motion_bridge.render_sketch() == {"FINISHED"}
    window.cancel()
    while window.step():
        pass
    assert len(made) == 1


def test_seeds_beyond_blenders_numbers_begin_anew(scene, two_cameras):
    scene.motion_bridge.seed = 2**31 - 1
    bpy.ops.motion_bridge.queue_add(cameras="SCENE", seeds=2)
    assert [entry.seed for entry in scene.motion_bridge.queue] == [2**31 - 1, 0]


def test_entries_are_moved_and_removed(scene, two_cameras):
    bpy.ops.motion_bridge.queue_add(cameras="SCENE", seeds=3)
    assert bpy.ops.motion_bridge.queue_move(by=-1) == {"FINISHED"}
    assert [entry.seed for entry in scene.motion_bridge.queue] == [0, 2, 1]
    bpy.ops.motion_bridge.queue_remove()
    assert [entry.seed for entry in scene.motion_bridge.queue] == [0, 1]


def test_a_preset_of_ones_own_is_kept_by_blender_and_brings_its_settings_back(scene):
    settings = scene.motion_bridge
    settings.engine, settings.deforum.cadence, settings.draft.size = "deforum", 3, "50"
    assert bpy.ops.motion_bridge.preset_add(name="Slow Fog") == {"FINISHED"}
    (kept,) = Path(bpy.utils.user_resource("SCRIPTS", path="presets/motion_bridge")).glob("*.py")
    settings.engine, settings.deforum.cadence, settings.draft.size = "reproject", 1, "100"
    bpy.ops.script.execute_preset(filepath=str(kept), menu_idname="MOTION_BRIDGE_MT_presets")
    assert (settings.engine, settings.deforum.cadence, settings.draft.size) == ("deforum", 3, "50")
    assert bpy.ops.motion_bridge.preset_add(name="Slow Fog", remove_active=True) == {"FINISHED"}
    assert not kept.exists()


def test_the_panel_speaks_german_where_blender_does(scene):
    view = bpy.context.preferences.view
    locale = next(iter(part("addon.ui.translations").catalog()))
    try:
        view.language = locale
    except TypeError:
        pytest.skip("this Blender was built without languages")
    view.use_translate_interface = True
    try:
        assert bpy.app.translations.pgettext_iface("First Frame") == "Erstes Bild"
    finally:
        view.language = "en_US"


def test_a_prompt_that_is_typed_is_a_key_and_the_diamond_adds_and_removes_more(scene):
    settings = scene.motion_bridge
    scene.frame_set(4)
    settings.prompt = "fog\nover hills"
    assert [(key.frame, key.text) for key in settings.prompts] == [(1, "fog\nover hills")]
    bpy.ops.motion_bridge.prompt_diamond()
    settings.prompt = "night"
    assert [key.frame for key in settings.prompts] == [1, 4] and settings.prompt == "night"
    scene.frame_set(3)
    assert settings.prompt == "fog\nover hills"
    scene.frame_set(4)
    bpy.ops.motion_bridge.prompt_diamond()
    assert [key.frame for key in settings.prompts] == [1]


def test_a_camera_that_nothing_moves_is_said_before_rendering(scene):
    still, at_once = part("addon.scene.still_camera").surely_still, part("addon.ui.estimate").at_once
    assert not still(scene) and "does not move" not in at_once(scene)
    scene.camera.animation_data_clear()
    scene.camera.data.animation_data_clear()
    assert still(scene) and at_once(scene) == "12 frames · 128 × 72; the camera does not move"
    scene.camera.constraints.new("TRACK_TO")
    assert not still(scene)
    scene.camera.constraints.clear()
    for frame in (1, 9):
        scene.camera.keyframe_insert("location", frame=frame)
    assert still(scene), "its keys hold one value"
    scene.camera.parent = scene.objects["mover"]
    assert not still(scene)


def test_an_unsaved_file_is_said_and_a_temporary_place_is_a_click_away(scene):
    steps = part("addon.ui.first_steps")
    assert steps.obstacle(scene) == ""
    bpy.ops.wm.read_homefile(use_empty=False)
    scene = bpy.context.scene
    assert steps.obstacle(scene).startswith("Takes go beside the file")
    assert bpy.ops.motion_bridge.temporary_output() == {"FINISHED"}
    assert steps.obstacle(scene) == "" and Path(scene.motion_bridge.output).is_absolute()
    scene.camera = None
    assert "no camera" in steps.obstacle(scene)


def test_what_an_engine_ignores_is_hidden(scene):
    panels = part("addon.ui.panels")
    assert not panels.listens("reproject", "prompts") and not panels.listens("reproject", "seed")
    assert panels.listens("deforum", "prompts") and panels.listens("motionstream", "seed")
    prompts = bpy.types.MOTION_BRIDGE_PT_view3d_prompts
    assert not prompts.poll(bpy.context)
    scene.motion_bridge.engine = "deforum"
    assert prompts.poll(bpy.context)


def test_notes_use_the_panels_words_and_short_paths(scene, tmp_path):
    words = part("addon.ui.notes").in_the_panels_words
    scene.motion_bridge.engine = "deforum"
    said = words(f"noise_schedule is ignored; see {tmp_path}/motion_bridge/take_001.", scene.motion_bridge)
    assert said == "Noise is ignored; see //motion_bridge/take_001."


class Layout:
    """Stands in for Blender's layout: keeps what has to fit, and how much room each text has, at a scale of 1.

    Blender gives the parts of a row as much as they ask for where it can, so a row fits where all of them together do.
    """

    def __init__(self, width):
        self.width, self.too_wide = width, []

    def _text(self, text, icon="NONE", needs=0.0):
        width = part("addon.ui.text").width_of(text) + 10 + (20 if icon not in ("NONE", None) else 0) + needs
        if width > self.width:
            self.too_wide.append((text, round(width), round(self.width)))
        return width

    def label(self, text="", icon="NONE", **_):
        self._text(text, icon)

    def operator(self, name, text=None, icon="NONE", **_):
        area, _, action = name.partition(".")
        label = getattr(getattr(bpy.ops, area), action).get_rna_type().name
        self._text(label if text is None else text, icon)
        return SimpleNamespace()

    def prop(self, data, name, text=None, icon="NONE", expand=False, **_):
        found = data.bl_rna.properties[name]
        if found.type == "ENUM" and expand:
            share = Layout(self.width / len(found.enum_items))
            for item in found.enum_items:
                share._text(item.name)
            self.too_wide += share.too_wide
        elif found.type in ("INT", "FLOAT"):
            self._text(found.name if text is None else text, needs=40)

    def prop_enum(self, data, name, value, **_):
        self._text(data.bl_rna.properties[name].enum_items[value].name)

    def split(self, factor=0.5, **_):
        return _Split(self, factor)

    def row(self, **_):
        return self

    column = grid_flow = row

    def box(self):
        return _Inner(self, self.width - 16)

    def __getattr__(self, name):
        return lambda *_, **__: self


class _Inner(Layout):
    def __init__(self, outer, width):
        self.width, self.too_wide = width, outer.too_wide


class _Split(_Inner):
    """Its first part is a share of the width, the rest the other."""

    def __init__(self, outer, factor):
        super().__init__(outer, outer.width * factor)
        self._other = outer.width * (1 - factor)

    def row(self, **_):
        return _Inner(self, self._other)


CONTENT = 237  # pixels of a panel in the sidebar as it is at first, 292 wide: measured in the window


@pytest.mark.parametrize("engine", ["reproject", "deforum", "motionstream", "video", "comfyui"])
@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_every_word_of_the_panel_fits_the_sidebar_as_it_is_at_first(scene, engine, scale):
    panels = part("addon.ui.panels")
    scene.motion_bridge.engine = engine
    system = SimpleNamespace(ui_scale=scale)
    context = SimpleNamespace(
        scene=scene,
        region=SimpleNamespace(width=292 * scale),
        preferences=SimpleNamespace(system=system),
        window_manager=bpy.context.window_manager,
    )
    for output in ("//motion_bridge/", ""):
        scene.motion_bridge.output = output or scene.motion_bridge.output
        layout = Layout(CONTENT)
        panels.draw_choices(layout, context)
        panels.draw_buttons(layout, context)
        assert layout.too_wide == []


def test_the_rule_about_width_sees_what_is_too_wide():
    layout = Layout(CONTENT)
    layout.label(text="A label that is so long that no sidebar has room for it")
    layout.split(factor=0.5).label(text="Half of the panel for this")
    assert len(layout.too_wide) == 2
