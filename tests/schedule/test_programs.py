"""The tables of other programs' keys, and how their files are told apart."""

import json

import pytest
from motion_bridge.errors import BadInput
from motion_bridge.schedules import settings_files
from motion_bridge.schedules.comfyui_defaults import NODES
from motion_bridge.schedules.programs import COMFYUI, PROGRAMS, written_by


@pytest.mark.parametrize(
    ("title", "count"),
    [  # prompts and metadata included
        ("webui 2024-03", 255),
        ("webui 2023-08", 254),
        ("webui 2023-05", 215),
        ("webui 2023-01", 161),
        ("webui 2022-10", 111),
        ("notebook 0.7.1", 141),
        ("notebook 0.6.1", 134),
        ("notebook 0.5", 81),
        ("xlabs 2024-08", 135),
    ],
)
def test_a_version_has_as_many_keys_as_its_program_wrote(title, count):
    assert len(next(program for program in PROGRAMS if program.title == title).keys) == count


@pytest.mark.parametrize("program", [each for each in PROGRAMS if each.name != COMFYUI], ids=lambda each: each.title)
def test_a_program_is_told_by_its_whole_file(program):
    assert written_by(program.keys) == program.name
    found = settings_files.read(json.dumps(dict(program.keys)), "whole.txt")
    assert found.program == program.name and not found.notices


def test_a_file_of_this_projects_own_names_is_nobody_elses():
    own = {"cadence", "start_sigma", "noise_type", "precision"}
    for document in ({"zoom": "0:(1)", "prompts": {}}, {"cadence": 2, "start_sigma": "0:(0.6)", "W": 64}):
        assert written_by(document, own) == ""
    assert written_by({"cadence": 2, "sampler": "Euler a"}, own) == "webui"
    assert written_by({"precision": "fp16", "noise_type": "moving"}, own) == ""


def test_the_values_of_older_versions_are_todays():
    found = settings_files.read(json.dumps({"hybrid_video_motion": "Affine", "use_zoe_depth": True, "fov": 55}), "old")
    assert found.values["hybrid_motion"] == "Affine" and found.values["depth_algorithm"] == "Zoe+AdaBins (old)"
    assert found.schedules == {"fov_schedule": "0:(55)"}
    both = {"fov_schedule": "0:(70)", "fov": 40, "near_plane": 200}
    assert settings_files.read(json.dumps(both), "2022").schedules["fov_schedule"] == "0:(70)"


def test_what_a_run_writes_beside_prompts_that_hold_it_already_is_not_added_again():
    written = {"prompts": {"0": "oil hills --neg fog"}, "positive_prompts": "oil", "negative_prompts": "fog"}
    assert (found := settings_files.read(json.dumps(written), "run")).positive == "" and found.negative == ""


def test_a_workflow_is_read_by_the_order_of_its_nodes_or_by_names():
    saved = {"nodes": [{"type": "DeforumAnimParamsNode", "widgets_values": ["3D", 9, "wrap"]}, {"type": "VAEDecode"}]}
    named = {"4": {"class_type": "DeforumAnimParamsNode", "inputs": {"animation_mode": "3D", "max_frames": 9}}}
    named["5"] = {"class_type": "DeforumTranslationParamsNode", "inputs": {"angle": "0:(3)", "deforum_data": ["4", 0]}}
    for document in (saved, named):
        found = settings_files.read(json.dumps(document), "workflow.json")
        assert found.program == COMFYUI and found.max_frames == 9 and found.values["animation_mode"] == "3D"
    assert found.schedules == {"angle": "0:(3)"}
    assert list(NODES["DeforumAnimParamsNode"]) == ["animation_mode", "max_frames", "border"]
    with pytest.raises(BadInput, match="without parameter nodes of Deforum or prompts of FizzNodes"):
        settings_files.read(json.dumps({"nodes": [{"type": "KSampler"}]}), "other.json")


@pytest.mark.parametrize(
    "content",
    ['"0": "hills",\n"24": "a \\"blue\\" sea"', '0:"hills",\n24:"a \\"blue\\" sea",', "{'0': 'x'}"[1:-1]],
)
def test_lines_of_fizznodes_are_prompts(content):
    prompts = settings_files.read(content, "lines.txt").prompts
    assert prompts in ({"0": "hills", "24": 'a "blue" sea'}, {"0": "x"})


def test_prompt_travel_is_read_with_its_head_and_tail():
    document = {"prompt_map": {"0": "hills", "32": "sea"}, "head_prompt": "oil", "tail_prompt": "calm", "seed": [7]}
    found = settings_files.read(
        json.dumps({**document, "n_prompt": ["fog"], "motion_module": "mm.ckpt"}), "travel.json"
    )
    assert found.prompts == {"0": "oil, hills, calm", "32": "oil, sea, calm"} and found.seed == 7
    assert found.avoided == {"0": "fog"} and found.program == "animatediff" and not found.notices


@pytest.mark.parametrize("document", [{"prompt_map": {}}, {"prompt_map": {}, "prompt": 3.5}, {"prompt_map": {"0": 1}}])
def test_prompt_travel_without_prompts_is_refused(document):
    with pytest.raises(BadInput, match=r"travel\.json: prompt_map holds no prompts by frame"):
        settings_files.read(json.dumps(document), "travel.json")


@pytest.mark.slow
def test_a_million_keys_and_a_hundred_thousand_keyframes_have_a_stated_limit():
    with pytest.raises(BadInput, match="10001 keys; at most 10000 are read"):
        settings_files.read(json.dumps({f"key{at}": at for at in range(10_001)}), "large.txt")
    found = settings_files.read(json.dumps({f"zomo{at}": at for at in range(9_000)}), "many.txt")
    assert "and 8980 more" in found.notices[-1]
    keyframes = [{"frame": at, "zoom": 1, "angle": at} for at in range(100_000)]
    document = {"options": {}, "managedFields": ["zoom", "angle"], "keyframes": keyframes, "prompts": {}}
    assert settings_files.read(json.dumps(document), "long.json").max_frames == 100_000
    document["managedFields"] = [f"field{at}" for at in range(11)]
    with pytest.raises(BadInput, match="100000 keyframes with 11 fields are more than 1000000 values"):
        settings_files.read(json.dumps(document), "long.json")
    formulas = {
        **document,
        "managedFields": ["zoom"],
        "keyframes": [{**keyframes[0], "zoom_i": "sin(p=9)"}, keyframes[-1]],
    }
    assert settings_files.read(json.dumps(formulas), "wave.json").max_frames == 100_000
    formulas["keyframes"][1] = {"frame": 600_000, "zoom": 1}
    with pytest.raises(BadInput, match="at most 500000 are calculated"):
        settings_files.read(json.dumps(formulas), "wave.json")
