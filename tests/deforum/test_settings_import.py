"""What other programs' keys mean here: by their dialect only, and nothing is dropped without a sentence. No torch."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from motion_bridge.engines.deforum import settings_import, settings_keys, settings_translation
from motion_bridge.engines.deforum.engine import DEFAULTS
from motion_bridge.engines.deforum.schedules import READ
from motion_bridge.engines.deforum.shot_builder import shot_of
from motion_bridge.errors import BadInput
from motion_bridge.schedules import Context, values
from motion_bridge.schedules.parseq import document as parseq
from motion_bridge.schedules.programs import PROGRAMS

WEBUI = next(program for program in PROGRAMS if program.title == "webui 2024-03")
NOTEBOOK = next(program for program in PROGRAMS if program.title == "notebook 0.7.1")
XLABS = next(program for program in PROGRAMS if program.name == "xlabs")
FORGE = next(program for program in PROGRAMS if program.title == "forge 2025-06")
STUDIO = next(program for program in PROGRAMS if program.name == "studio")


@pytest.fixture
def read(tmp_path):
    """A settings file with these keys, as it is read for a model."""

    def written(model="sketch", /, **entries):
        path = tmp_path / "settings.txt"
        path.write_text(json.dumps(entries), encoding="utf-8")
        found = settings_import.read(path, model)
        return SimpleNamespace(**{**vars(found.generation), **vars(found)})

    return written


@pytest.fixture
def whole(read):
    """A program's whole file with some changes."""

    def written(program=WEBUI, model="sketch", /, **changes):
        return read(model, **{**program.keys, "prompts": {"0": "hills"}, **changes})

    return written


def said(found, *words):
    return [notice for notice in found.notices if all(word in notice for word in words)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("precision", "autocast"),
        ("device", "cuda"),
        ("mode", "dream"),
        ("model", "x.ckpt"),
        ("compile", "yes"),
        ("loras", 3),
    ],
)
def test_a_foreign_files_keys_are_not_this_engines_settings_of_the_same_name(whole, name, value):
    found = whole(WEBUI, **{name: value})
    assert found.settings.get(name) == whole(WEBUI).settings.get(name)
    assert said(found, name) or said(found, "keys left out"), "it is dropped, so it is said"
    assert shot_names_its_own(found)


def shot_names_its_own(found):
    return set(found.settings) <= set(DEFAULTS) and set(found.schedules) <= READ | {"detail_amount", "video_preserve"}


def test_names_that_no_other_program_has_may_stand_in_its_file(whole):
    found = whole(WEBUI, start_sigma="0:(0.6)", detail_amount="0:(1)", working_size=256)
    assert found.schedules["start_sigma"] == "0:(0.6)" and found.schedules["detail_amount"] == "0:(1)"
    assert found.settings["working_size"] == 256


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"legacy_colormatch": True}, True),
        ({"legacy_colormatch": None}, True),  # the webui takes true where it is missing
    ],
)
def test_colors_are_matched_as_the_file_has_it_or_as_the_webui_takes_it(whole, changes, expected):
    assert whole(WEBUI, **changes).settings["legacy_colormatch"] is expected


def test_a_notebooks_scale_is_guidance(whole):
    assert whole(NOTEBOOK, "sd-1.5", scale=9.5).schedules["cfg_scale_schedule"] == "0:(9.5)"
    assert "cfg_scale_schedule" not in whole(NOTEBOOK, "sketch", scale=9.5).schedules


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        ("DIS Fine", "DIS Fine"),
        ("DIS Medium", "DIS Medium"),
        ("Farneback", "Farneback"),
        ("RAFT", "DIS Fine"),
        ("DIS Slow", "DIS Fine"),
        ("DenseRLOF", "DIS Medium"),
        ("SF", "DIS Medium"),
    ],
)
def test_another_flow_is_the_nearest_one_which_is_said_only_where_it_is_used(whole, asked, taken):
    used = whole(WEBUI, hybrid_motion="Optical Flow", hybrid_flow_method=asked)
    assert used.settings["hybrid_flow_method"] == taken
    assert bool(said(used, f"hybrid_flow_method: {asked} is not here; {taken} is taken")) is (asked != taken)
    assert not said(whole(WEBUI, hybrid_flow_method=asked), "hybrid_flow_method")


@pytest.mark.parametrize(
    ("asked", "space", "reference"),
    [
        ("None", "None", None),
        ("RGB", "RGB", None),
        ("", "LAB", None),  # whatever is not a name there is LAB
        ("Match Frame 0 HSV", "HSV", None),
        ("Video Input", "LAB", None),  # no hybrid video, so there is nothing to take colors from
        ("Image", "LAB", None),
    ],
)
def test_color_coherence_means_what_it_means_there(whole, asked, space, reference):
    found = whole(WEBUI, color_coherence=asked)
    assert found.settings["color_coherence"] == space and found.settings.get("color_reference") == reference


def test_colors_of_a_video_or_a_picture_are_taken_where_the_file_has_one(whole):
    found = whole(WEBUI, color_coherence="Video Input", hybrid_motion="Affine", video_init_path="walk.mp4")
    assert found.settings["color_reference"] == "video"
    assert (
        whole(WEBUI, color_coherence="Image", color_coherence_image_path="a.png").settings["color_reference"] == "a.png"
    )


def test_the_frames_of_a_video_are_the_files_own(whole):
    found = whole(WEBUI, video_init_path="walk.mp4", extract_nth_frame=3, extract_from_frame="10")
    assert (found.settings["extract_nth_frame"], found.settings["extract_from_frame"]) == (3, 10)


def test_a_mask_that_is_switched_off_is_no_mask(whole):
    off = whole(WEBUI, mask_file="m.png", video_mask_path="m.mp4")
    assert not {"mask_file", "mask_video", "use_noise_mask"} & set(off.settings)
    assert not {"mask_schedule", "noise_mask_schedule"} & set(off.schedules)
    on = whole(WEBUI, use_mask=True, mask_file="m.png", invert_mask=True)
    assert on.settings["mask_file"] == "m.png" and on.settings["mask_invert"] is True
    assert on.schedules["mask_schedule"] == '0: ("{video_mask}")' and "noise_mask_schedule" not in on.schedules
    moving = whole(WEBUI, use_mask_video=True, video_mask_path="m.mp4")
    assert moving.settings["mask_video"] == "m.mp4" and "mask_file" not in moving.settings
    assert said(whole(WEBUI, use_noise_mask=True), "use_noise_mask", "no mask")


def test_guided_images_hold_where_they_are_switched_on_with_the_seeds_that_go_with_them(whole):
    images = '{"0": "a.png", "max_f-20": "b.png"}'
    assert "guided_images" not in whole(WEBUI, init_images=images).settings
    found = whole(WEBUI, init_images=images, use_looper=True)
    assert found.settings["guided_images"] == {"0": "a.png", "max_f-20": "b.png"}
    assert found.settings["seed_behavior"] == "schedule"


def test_video_input_paints_each_frame_of_the_video_for_itself(whole):
    found = whole(WEBUI, animation_mode="Video Input", video_init_path="walk.mp4", noise_schedule="0:(0.3)")
    assert found.settings["mode"] == "video" and found.settings["color_coherence"] == "None"
    assert found.schedules["video_preserve"] == found.schedules["noise_schedule"] == "0:(0)"


def test_strength_in_xlabs_program_is_how_much_is_made_anew(whole):
    found = whole(XLABS, strength_schedule="0: (0.65), 12: (0.7)")
    assert values(found.schedules["strength_schedule"], Context(13), "s")[[0, 12]] == pytest.approx([0.35, 0.3])
    assert said(found, "strength_schedule", "turned around")
    assert said(found, "cfg_scale_schedule", "meant for FLUX.1 dev")
    assert whole(XLABS, "flux.1-dev").schedules["cfg_scale_schedule"] == "0:(3.5)"


def test_depth_is_an_estimators_only_where_one_is_on_this_machine(whole, monkeypatch):
    monkeypatch.setattr(settings_translation, "located", lambda name: None)
    found = whole(WEBUI, animation_mode="3D", depth_algorithm="Zoe")
    assert found.settings["depth_model"] == "" and said(found, "depth by Zoe", "not on this machine", "flat")
    monkeypatch.setattr(settings_translation, "located", lambda name: Path(name) if name == "midas-small" else None)
    found = whole(WEBUI, animation_mode="3D", depth_algorithm="Zoe")
    assert found.settings["depth_model"] == "midas-small" and said(found, "depth by Zoe is not known here; MiDaS")
    found = whole(WEBUI, animation_mode="3D", use_depth_warping=False)
    assert found.settings["depth_model"] == "" and not said(found, "depth by")


def test_a_parseq_manifest_in_the_file_replaces_what_it_manages(whole):
    series = {"rotation_3d_y": np.array([1.0, 2, 2]), "seed_schedule": np.array([7.0, 8, 9])}
    manifest = json.dumps(parseq.document(series, fps=12, cadence=2))
    found = whole(WEBUI, parseq_manifest=manifest, max_frames=99, rotation_3d_y="0:(5)", angle="0:(3)")
    assert values(found.schedules["rotation_3d_y"], Context(3), "y").tolist() == [1, 2, 2]
    assert found.schedules["angle"] == "0:(3)"
    assert (found.frames, found.fps, found.settings["cadence"]) == (3, 12, 2)
    assert found.settings["seed_behavior"] == "schedule"
    own = whole(WEBUI, parseq_manifest=manifest, max_frames=99, parseq_non_schedule_overrides=False)
    assert (own.frames, own.fps, own.settings["cadence"]) == (99, 15, 2)
    absolute = whole(WEBUI, parseq_manifest=manifest, parseq_use_deltas=False)
    assert values(absolute.schedules["rotation_3d_y"], Context(3), "y").tolist() == [1, 3, 5]
    with pytest.raises(BadInput, match=r"settings.txt: parseq_manifest is an address on the network"):
        whole(WEBUI, parseq_manifest="https://firebase.example/doc.json")
    with pytest.raises(BadInput, match=r"settings.txt: parseq_manifest .*valid JSON"):
        whole(WEBUI, parseq_manifest="{'rendered_frames'}")


def test_parseqs_prompts_replace_the_files(whole):
    document = parseq.document({"zoom": np.array([1.0, 1, 1])}, fps=12)
    for at, frame in enumerate(document["rendered_frames"]):
        frame["deforum_prompt"] = "sea --neg fog" if at else "hills"
    found = whole(WEBUI, "sd-1.5", parseq_manifest=json.dumps(document), animation_prompts_positive="oil")
    assert found.prompts == {0: "hills", 1: "sea --neg fog"}


def test_prompt_keys_are_frames_ranges_or_expressions_and_never_before_the_first(whole):
    prompts = {"0-10": "hills", "11-20": "sea", "max_f-200": "never", "max_f-1": "end"}
    assert whole(WEBUI, max_frames=31, prompts=prompts).prompts == {0: "hills", 11: "sea", 29: "end"}
    assert whole(WEBUI, prompts={"30": "late", "60": "later"}).prompts == {0: "late", 30: "late", 60: "later"}
    with pytest.raises(BadInput, match="key 20-10: the range is reversed; write 10-20"):
        whole(WEBUI, prompts={"20-10": "hills"})


def test_what_no_model_reads_in_a_prompt_is_taken_out_and_said(whole):
    found = whole(WEBUI, prompts={"0": "red <lora:waves:0.7> [hills:sea:0.5], [fog::12] a [b|c] [less] (more:1.2)"})
    assert found.prompts == {0: "red sea, a b [less] (more:1.2)"}
    assert said(found, "lora waves", "--set loras") and said(found, "[hills:sea:0.5]", "last step")


def test_a_notebooks_weights_are_weights(whole):
    found = whole(NOTEBOOK, "sd-1.5", prompts={"0": "red hills:2 blue sea fog:-0.5"})
    assert found.prompts == {0: "(red hills):2 AND (blue sea fog):0.5"} or "--neg" in found.prompts[0]
    assert whole(NOTEBOOK, prompt_weighting=False, prompts={"0": "ratio 16:9"}).prompts == {0: "ratio 16:9"}


def test_negative_prompts_stand_behind_those_of_their_frames(whole):
    found = whole(NOTEBOOK, "sd-1.5", prompts={"0": "hills", "10": "sea"}, neg_prompts={"0": "fog", "5": "rain"})
    assert found.prompts == {0: "hills --neg fog", 5: "hills --neg rain", 10: "sea --neg rain"}


def test_studios_own_device_and_size_do_not_confuse_anybody(whole):
    found = whole(STUDIO, animation_prompts={"0": "hills"}, prompts=None)
    assert (found.width, found.height) == (768, 768) and "device" not in found.settings
    assert found.prompts == {0: "hills"}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.title)
def test_every_key_of_every_program_has_a_meaning_here(program):
    unknown = [name for name in program.keys if settings_keys.meaning(name)[0] == "unknown"]
    assert not unknown


@pytest.mark.slow
@pytest.mark.parametrize("program", [WEBUI, FORGE, NOTEBOOK, STUDIO], ids=lambda program: program.title)
def test_a_key_that_is_ignored_changes_nothing_and_says_so(program, whole):
    plain = whole(program)
    for name, value in program.keys.items():
        if settings_keys.meaning(name)[0] != "ignored" or name in NOT_ALONE:
            continue
        other = {bool: not value, int: 7, float: 7.5}.get(type(value), "0:(0.7)" if "0:" in str(value) else "other")
        found = whole(program, **{name: other, **SWITCHES.get(name, {})})
        same = {each: found.settings[each] for each in plain.settings if each not in SWITCHES.get(name, {})}
        assert same == {each: plain.settings[each] for each in same}, name
        assert found.prompts == plain.prompts, name


SWITCHES = {"init_image": {"use_init": True}}
NOT_ALONE = {"sampler", "sd_model_name"}  # they also tell what a file was made for


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"tiling": True}, "tiling"),
        ({"restore_faces": True}, "restore_faces"),
        ({"cn_2_enabled": True}, "cn_2_enabled"),
        ({"add_soundtrack": "File"}, "add_soundtrack, soundtrack_path"),
        ({"enable_checkpoint_scheduling": True}, "checkpoint_schedule"),
        ({"resume_from_timestring": True}, "resume_from_timestring"),
        ({"frame_interpolation_engine": "FILM"}, "frame_interpolation_engine"),
        ({"motion_preview_mode": True}, "motion_preview_mode"),
        ({"aspect_ratio_use_old_formula": True}, "aspect_ratio_use_old_formula"),
    ],
)
def test_what_is_asked_for_in_vain_is_said_and_only_then(whole, changes, word):
    assert said(whole(WEBUI, soundtrack_path="a.mp3", **changes), word)
    assert not said(whole(WEBUI, soundtrack_path="a.mp3"), word)


def test_a_document_of_prompts_alone_becomes_prompts(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text('"0": "hills",\n"1": "sea"', encoding="utf-8")
    shot, _ = shot_of(settings=path, frames=3, width=64, height=64)
    assert shot.prompts == {0: "hills", 1: "sea"}
    path.write_text(json.dumps({"prompt_map": {"0": "hills"}, "lora_map": {"x.safetensors": 1.0}}), encoding="utf-8")
    found = settings_import.read(path)
    assert found.generation.prompts == {0: "hills"} and said(found, "lora_map", "--set loras")
