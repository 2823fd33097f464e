"""The Deforum engine in Blender: what the panel, a settings file and the command line say reaches the Shot."""

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest
from blender_session import ROOT

PUBLIC = json.loads((ROOT / "tests/data/deforum_settings.json").read_text(encoding="utf-8"))


@pytest.fixture
def deforum(scene, painted):
    scene.motion_bridge.engine = "deforum"
    return scene.motion_bridge.deforum


@pytest.fixture
def shot(deforum, tmp_path):
    """A function: what `shot` writes for the scene as it is, with these options."""
    from bl_ext.user_default.motion_bridge.addon.cli import command
    from bl_ext.user_default.motion_bridge.backend.motion_bridge import shot as shots

    def write(*options):
        folder = tmp_path / f"shot{len(list(tmp_path.iterdir()))}"
        assert command.run(["shot", "--output", str(folder), *map(str, options)]) == 0
        return shots.load(folder)

    return write


@pytest.fixture
def engine(extension):
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.engines.deforum.engine import engine

    return engine


def test_the_engine_of_a_new_scene_needs_nothing_installed(scene):
    assert scene.motion_bridge.engine == "reproject"


def test_everything_in_the_panel_is_known_to_the_engine_and_says_at_first_what_it_does(deforum, engine):
    found = deforum.engine_settings()
    assert set(found) <= set(engine.defaults)
    assert set(type(deforum.texts).__annotations__) <= set(engine.schedules)
    differing = {name for name, value in found.items() if value != engine.defaults[name]}
    assert differing == set()


def test_each_field_of_the_panel_is_what_the_engines_own_description_says(scene, extension):
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.engines.deforum import settings as of_deforum
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.engines.motionstream import settings as of_stream

    seen = 0
    for group, schema in (("deforum", of_deforum.SETTINGS), ("motionstream", of_stream.SETTINGS)):
        for name, field in getattr(scene.motion_bridge, group).bl_rna.properties.items():
            if name not in schema:
                continue
            said, seen = schema[name], seen + 1
            assert (field.name, field.description) == (said.label, said.help)
            if field.type == "ENUM":
                there = {item.identifier: (item.name, item.description) for item in field.enum_items}
                wanted = {each.value or "BEST": (each.label, each.help) for each in said.choices}
                assert wanted.items() <= there.items() and field.default == (said.default or "BEST"), name
            else:
                assert field.default == said.default, name
            if field.type == "INT" and said.least is not None:
                assert field.hard_min == min(said.least, said.least if said.automatic is None else said.automatic)
    assert seen == 51


NUMBERS = {  # what a .blend stores for an item of a menu: these never change
    "device": ["BEST", "cuda", "mps", "cpu"],
    "precision": ["auto", "fp32", "bf16", "fp16", "fp8", "4-bit"],
    "control": ["none", "depth", "canny"],
    "reference": ["none", "first", "IMAGE"],
    "feedback": ["pixel", "latent"],
    "prompt_blending": ["held", "linear", "spherical"],
    "change_by": ["start_sigma", "strength_schedule"],
    "padding": ["border", "reflection", "wrap", "zeros"],
    "sampling": ["spline", "bicubic", "bilinear", "nearest"],
    "color_coherence": ["auto", "None", "LAB", "RGB", "HSV", "Latent"],
    "color_reference": ["first", "video", "IMAGE"],
    "noise_type": ["moving", "gaussian", "perlin"],
    "seed_behavior": ["iter", "fixed", "random", "ladder", "alternate", "schedule"],
    "hybrid_motion": ["None", "Optical Flow", "Perspective", "Affine"],
    "hybrid_composite": ["None", "Before Motion", "Normal", "After Generation"],
    "hybrid_mask": ["None", "Depth", "Video Depth", "Blend", "Difference"],
    "motion": {"scene": 1824323565, "2D": 1854693763, "video": 1046736150, "interpolation": 16250387},
    "depth": {"scene": 1824323565, "FLAT": 837788664, "midas-dpt-hybrid": 454692513},
    "model": {"auto": 861737725, "flux.2-klein-4b": 1354975347, "sketch": 1075300113, "FOLDER": 237856549},
}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_stored_menu_means_what_it_meant(deforum, name):
    there = {item.identifier: item.value for item in deforum.bl_rna.properties[name].enum_items}
    stored = NUMBERS[name]
    stored = stored if isinstance(stored, dict) else {item: number for number, item in enumerate(stored)}
    assert stored.items() <= there.items()


def test_a_stored_zero_or_minus_one_reads_as_automatic_and_a_number_does_not(scene, deforum):
    stream = scene.motion_bridge.motionstream
    for group, name, stored in (
        (deforum, "working_size", 0),
        (stream, "steps", 0),
        (stream, "chunk", 0),
        (stream, "sink", -1),
        (stream, "window", -1),
    ):
        setattr(group, name, stored)
        assert getattr(group, f"{name}_automatic") is True
        assert group.engine_settings()[name] == stored
        setattr(group, f"{name}_automatic", False)
        chosen = getattr(group, name)
        assert chosen > 0 and getattr(group, f"{name}_automatic") is False
        setattr(group, f"{name}_automatic", False)
        assert getattr(group, name) == chosen
        setattr(group, f"{name}_automatic", True)
        assert getattr(group, name) == stored


def test_empty_schedules_show_one_format(extension):
    from bl_ext.user_default.motion_bridge.addon.properties.deforum import AUTOMATIC
    from bl_ext.user_default.motion_bridge.addon.properties.schedules import FIELDS
    from bl_ext.user_default.motion_bridge.addon.ui.schedules import placeholder

    for name in FIELDS:
        shown = placeholder(name)
        assert shown == "Automatic" if name in AUTOMATIC else re.fullmatch(r"0:\(.+\)", shown), name


def test_what_the_panel_says_is_what_the_shot_says(deforum, shot):
    deforum.model, deforum.cadence, deforum.color_coherence = "sd-1.5", 3, "RGB"
    deforum.texts.noise_schedule = "0:(0.1), 5:(0)"
    deforum.texts.start_sigma = " 0:(0.4) "
    made = shot("--frames", "1-4")
    assert (made.settings["model"], made.settings["cadence"], made.settings["color_coherence"]) == ("sd-1.5", 3, "RGB")
    assert made.settings["motion"] == "scene" and made.geometry is not None
    assert made.schedules == {"noise_schedule": "0:(0.1), 5:(0)", "start_sigma": "0:(0.4)"}


def test_schedules_move_nothing_that_nobody_moves_and_need_nothing_of_the_scene(deforum, shot):
    deforum.motion, deforum.texts.zoom = "2D", "0:(1.01)"
    made = shot("--frames", "1-3")
    assert made.geometry is None and made.depth is None
    assert made.schedules["zoom"] == "0:(1.01)" and made.schedules["translation_z"] == "0: (0)"
    deforum.motion = "3D"
    assert shot("--frames", "1-3").geometry is not None


def test_strength_and_share_are_never_asked_for_together(deforum):
    deforum.texts.start_sigma, deforum.texts.strength_schedule = "0:(0.4)", "0:(0.8)"
    assert deforum.schedules() == {"start_sigma": "0:(0.4)"}
    deforum.change_by = "strength_schedule"
    assert deforum.schedules() == {"strength_schedule": "0:(0.8)", "start_sigma": "0:(-1)"}


def test_paths_are_whole_and_a_model_may_be_a_folder(deforum, tmp_path):
    deforum.model, deforum.model_folder = "FOLDER", "//klein"
    deforum.guide_video, deforum.mask_file = "//walk.mp4", "//mask.png"
    deforum.color_reference, deforum.color_image = "IMAGE", "//look.png"
    found = deforum.engine_settings()
    assert [found[name] for name in ("model", "guide_video", "mask_file", "color_reference")] == [
        str(tmp_path / name) for name in ("klein", "walk.mp4", "mask.png", "look.png")
    ]


def test_a_preset_fills_the_fields_and_leaves_nothing_of_the_one_before(deforum):
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.engines.deforum import presets

    before = {}
    for name in presets.PRESETS:
        assert bpy.ops.motion_bridge.deforum_preset(preset=name) == {"FINISHED"}
        before[name] = (deforum.schedules(), deforum.cadence)
    assert len({str(each) for each in before.values()}) == len(presets.PRESETS)
    for name in reversed(presets.PRESETS):
        bpy.ops.motion_bridge.deforum_preset(preset=name)
        assert (deforum.schedules(), deforum.cadence) == before[name]


def settings_file(tmp_path: Path, **entries) -> Path:
    path = tmp_path / "deforum_settings.txt"
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


def test_a_files_strength_is_not_hidden_by_what_an_empty_field_of_the_panel_stands_for(deforum, shot, tmp_path):
    path = settings_file(tmp_path, strength_schedule="0:(0.7)", max_frames=4)
    made = shot("--frames", "1-4", "--settings", path)
    assert made.schedules["strength_schedule"] == "0:(0.7)" and made.schedules["start_sigma"] == "0:(-1)"
    preset = shot("--frames", "1-4", "--settings", path, "--preset", "creative", "--set", "noise=0.5")
    assert preset.schedules["start_sigma"] == "0:(0.85)" and preset.schedules["noise_schedule"] == "0:(0.5)"


def test_a_settings_file_fills_the_panel_from_the_first_frame_of_the_range_on(scene, deforum, tmp_path):
    scene.frame_start, scene.frame_end = 101, 112
    path = settings_file(
        tmp_path,
        animation_mode="3D",
        max_frames=48,
        fps=12,
        W=320,
        H=200,
        seed=77,
        diffusion_cadence=4,
        translation_z="0:(2)",
        strength_schedule="0:(0.7)",
        prompts={"0": "hills", "30": "sea"},
        tiling=True,
    )
    assert bpy.ops.motion_bridge.deforum_import(filepath=str(path)) == {"FINISHED"}
    settings = scene.motion_bridge
    assert [(key.frame, key.text) for key in settings.prompts] == [(101, "hills"), (131, "sea")]
    assert (settings.seed, deforum.motion, deforum.cadence) == (77, "3D", 4)
    assert deforum.schedules()["strength_schedule"] == "0:(0.7)" and deforum.schedules()["translation_z"] == "0:(2)"
    assert (scene.frame_end, scene.render.resolution_x) == (112, 128)
    bpy.ops.motion_bridge.deforum_import(filepath=str(path), with_size=True)
    assert (scene.frame_end, scene.render.resolution_x, scene.render.resolution_y) == (148, 320, 200)
    assert scene.render.fps / scene.render.fps_base == 12


@pytest.mark.parametrize("name", PUBLIC)
def test_public_settings_files_come_into_the_panel_whole(deforum, engine, tmp_path, name):
    path = settings_file(tmp_path, **PUBLIC[name]["settings"])
    assert bpy.ops.motion_bridge.deforum_import(filepath=str(path)) == {"FINISHED"}
    assert set(deforum.engine_settings()) <= set(engine.defaults)
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.engines.deforum import settings_import

    imported = settings_import.read(path, deforum.engine_settings()["model"]).generation
    shown = {field: text for field, text in imported.schedules.items() if field in type(deforum.texts).__annotations__}
    assert {field: getattr(deforum.texts, field) for field in shown} == shown
    kept = deforum.engine_settings()
    assert {
        field: kept[field] for field in imported.settings if field in kept and field not in ("mode", "depth_model")
    } == {
        field: value
        for field, value in imported.settings.items()
        if field in kept and field not in ("mode", "depth_model")
    }


def test_a_file_that_cannot_be_read_changes_nothing_and_says_why(scene, deforum, tmp_path):
    path = tmp_path / "broken.txt"
    path.write_text("{")
    with pytest.raises(RuntimeError, match=r"broken\.txt is not valid JSON"):
        bpy.ops.motion_bridge.deforum_import(filepath=str(path))
    assert not scene.motion_bridge.prompts


def test_a_schedule_says_what_it_means_while_it_is_typed(extension):
    from bl_ext.user_default.motion_bridge.addon.properties.schedules import meaning

    assert meaning("zoom", "0:(1), 5:(2*", 12, 0, 24.0)[0] == "zoom, key 5, column 13: a value is missing."
    assert meaning("zoom", "0:(1), 12:(2)", 12, 0, 24.0)[1] == "Key 12 has no effect: the last frame is 11."
    wrong, idle, series = meaning("zoom", "0:(0), 10:(1)", 11, 0, 24.0)
    assert not wrong and not idle and series[5] == 0.5


def test_the_command_takes_a_file_a_preset_and_single_settings_in_this_order(shot, tmp_path):
    prompts = {"0": "hills", "2": "sea"}
    path = settings_file(
        tmp_path, animation_mode="2D", diffusion_cadence=5, angle="0:(2)", zoom="0:(1.1)", prompts=prompts
    )
    made = shot("--settings", path, "--preset", "smooth", "--set", "zoom=1.05", "--set", "seed_behavior=fixed")
    assert made.settings["cadence"] == 3 and made.settings["seed_behavior"] == "fixed"
    assert (made.schedules["angle"], made.schedules["zoom"]) == ("0:(2)", "0:(1.05)")
    assert made.prompts == {1: "hills", 3: "sea"}
    assert shot("--settings", path, "--frames", "10-14", "--prompt", "10: fog").prompts == {10: "fog"}
    assert shot("--settings", path, "--frames", "10-14").prompts == {10: "hills", 12: "sea"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--set", "zom=1"], "did you mean 'zoom'?"),
        (["--set", "zoom"], "write --set name=value"),
        (["--set", "zoom=1.02"], "zoom moves nothing while the motion is scene; it belongs to motion 2D"),
        (["--set", "noise=0:(1), 3:(2*"], "noise_schedule, key 3, column 13"),
        (["--set", "cadence=two"], "it must be a whole number"),
        (["--prompt", "5: hills"], "The prompts begin at frame 5; give one for frame 1, where the job does."),
        (["--preset", "smoth"], "did you mean 'smooth'?"),
        (["--settings", "{tmp}/none.txt"], "none.txt cannot be read"),
        (["--engine", "reproject", "--preset", "smooth"], "Engine reproject has no presets"),
        (["--engine", "reproject", "--set", "zoom=1"], "no setting or schedule 'zoom'"),
    ],
)
def test_what_cannot_be_exits_2_with_a_sentence(deforum, tmp_path, capfd, options, says):
    from bl_ext.user_default.motion_bridge.addon.cli import command

    words = [option.replace("{tmp}", str(tmp_path)) for option in options]
    assert command.run(["shot", "--output", str(tmp_path / "out"), *words]) == 2
    assert says in capfd.readouterr().out
    assert not (tmp_path / "out").exists()


def test_other_engines_take_their_settings_the_same_way(shot):
    assert shot("--engine", "reproject", "--frames", "1-2", "--set", "mark_unseen=yes").settings["mark_unseen"] is True


def test_a_python_without_torch_is_met_with_an_invitation(deforum, extension):
    from bl_ext.user_default.motion_bridge.addon.interpreter import readiness

    said = readiness.lacking("deforum")
    assert said is not None and "torch" in said and "Reproject" in said
    assert readiness.lacking("reproject") is None
    start, install = readiness.install_commands("deforum").splitlines()
    assert "-m venv" in start and install.startswith(f'"{readiness.new_python()}" -m pip install "')
    folder = Path(install.split('"')[3].removesuffix("[deforum]"))
    assert (folder / "pyproject.toml").is_file() and (folder / "motion_bridge").is_dir()
    with pytest.raises(RuntimeError, match="needs the package torch"):
        bpy.ops.motion_bridge.render()


class Layout:
    """Stands in for Blender's layout, which exists in a window only: notes what is drawn, and minds that it exists."""

    def __init__(self):
        self.drawn = []

    def prop(self, data, name, **_):
        assert name in data.bl_rna.properties, name
        self.drawn.append(name)

    def label(self, text="", **_):
        self.drawn.append(text)

    def operator(self, name, **_):
        area, _, action = name.partition(".")
        assert action in dir(getattr(bpy.ops, area)), name
        return self

    def operator_menu_enum(self, name, options, **_):
        return self.operator(name)

    def menu(self, name, **_):
        assert hasattr(bpy.types, name)

    def panel(self, name, default_closed=False):
        return self, self

    def separator(self):
        pass

    def row(self, **_):
        return self

    column = box = row


def draw(scene):
    from bl_ext.user_default.motion_bridge.addon.ui.engine_panels.deforum import DeforumPanel

    system = SimpleNamespace(ui_scale=1.0)
    panel = DeforumPanel()
    panel.layout = Layout()
    panel.draw(
        SimpleNamespace(scene=scene, region=SimpleNamespace(width=300), preferences=SimpleNamespace(system=system))
    )
    return panel.layout.drawn


def test_the_panel_shows_what_belongs_to_the_chosen_motion_and_no_more(scene, deforum):
    shown = {}
    for motion in ("scene", "2D", "3D", "flow", "perspective", "affine", "video", "interpolation"):
        deforum.motion = motion
        shown[motion] = draw(scene)
    assert "zoom" in shown["2D"] and "zoom" not in shown["3D"] and "zoom" not in shown["scene"]
    assert "translation_z" in shown["3D"] and "depth" in shown["3D"]
    assert "guide_video" in shown["affine"] and "guide_video" not in shown["scene"]
    assert "video_preserve" in shown["video"]
    assert "revealed_noise" in shown["scene"]


def test_the_panel_hints_at_what_would_disappoint(scene, deforum):
    deforum.model = "sd-1.5"
    assert "no prompt" in " ".join(draw(scene))
    scene.motion_bridge.prompts.add().text = "hills"
    assert "no prompt" not in " ".join(draw(scene))
    scene.render.resolution_x, scene.render.resolution_y = 1920, 1080
    assert "set the resolution to 35 %" in " ".join(draw(scene)).replace("  ", " ")
    scene.render.resolution_percentage = 35
    assert "resolution" not in " ".join(draw(scene))


def test_the_panel_shows_the_fault_beside_its_field(scene, deforum):
    deforum.motion, deforum.texts.zoom = "2D", "0:(1), 5:(2*"
    drawn = draw(scene)
    at = drawn.index("zoom")
    assert "column 13" in " ".join(drawn[at : at + 5])
    deforum.color_reference, deforum.hybrid_composite, deforum.hybrid_mask = "IMAGE", "Normal", "Video Depth"
    deforum.mask_file, deforum.noise_type, deforum.seed_behavior = "mask.png", "perlin", "schedule"
    deforum.perspective_flip, deforum.model = True, "FOLDER"
    more = draw(scene)
    for name in (
        "color_image",
        "hybrid_comp_alpha_schedule",
        "mask_invert",
        "perlin_w",
        "seed_schedule",
        "model_folder",
    ):
        assert name in more


def test_the_settings_of_any_frame_come_back(deforum, scene, engine, tmp_path):
    """What the panel says after Restore is what it said when the frame was made; consents are not among it."""
    import numpy as np
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.engines import base as engines
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.media import png
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.provenance import record

    settings = scene.motion_bridge
    key = settings.prompts.add()
    key.frame, key.text, settings.seed, settings.negative = 3, "hills", 11, ""
    deforum.model, deforum.cadence, deforum.texts.zoom = "sdxl", 4, "0:(1.05)"
    changed = {"deforum": settings.generation("deforum", (1, 2))}
    settings.video.steps, settings.video.model, settings.video.accept_license = 7, "ltx-2", True
    changed["video"] = settings.generation("video", (1, 2))
    frames = {}
    for name, asked in changed.items():
        complete = engines.completed(engines.find(name), asked.settings)
        told = record.Record(name, "", "", "trainedAlgorithmicMedia", "", replace(asked, settings=complete))
        frames[name] = tmp_path / f"{name}.png"
        frames[name].write_bytes(png.encode(np.zeros((4, 4, 3), np.uint8), told.chunks(3)))
    key.text, settings.seed, settings.engine = "sea", 0, "reproject"
    deforum.model, deforum.cadence, deforum.texts.zoom = "auto", 1, ""
    settings.video.steps, settings.video.model, settings.video.accept_license = 9, "sana-wm", False
    for name, path in frames.items():
        assert bpy.ops.motion_bridge.restore_settings(filepath=str(path)) == {"FINISHED"}
        assert settings.engine == name
        again = settings.generation(name, (1, 2))
        if name == "video":
            assert not settings.video.accept_license
            again.settings["accept_license"] = True
        assert (again.prompts, again.seed) == ({3: "hills"}, 11)
        assert again.settings == changed[name].settings
        assert again.schedules == changed[name].schedules
    with pytest.raises(RuntimeError, match="not made by Motion Bridge"):
        bpy.ops.motion_bridge.restore_settings(filepath=str(scene.motion_bridge.first_frame_path))
