"""A settings file goes before what held already, a preset before the file, what is asked for by name before all."""

from itertools import product

import pytest
from motion_bridge.engines import precedence
from motion_bridge.engines.base import ImportedSettings, Preset
from motion_bridge.engines.deforum.engine import engine as deforum
from motion_bridge.engines.reproject.engine import engine as reproject
from motion_bridge.errors import BadInput
from motion_bridge.shot import GenerationSettings, prompt_at

SMOOTH = deforum.presets["smooth"].values


def asked(name):
    return GenerationSettings({1: name}, {1: f"no {name}"}, len(name), {"dialect": name}, {"zoom": name})


def test_the_later_layer_holds_in_every_field_and_what_it_does_not_say_shows_through():
    below, file = asked("below"), GenerationSettings(seed=7, schedules={"angle": "file"})
    held = precedence.combined(deforum, below, file=file, named=GenerationSettings({2: "named"}))
    assert held == GenerationSettings(
        {2: "named"}, {1: "no below"}, 7, {"dialect": "below"}, {"zoom": "below", "angle": "file"}
    )
    assert precedence.combined(deforum, below, file=asked("file"), named=asked("name")) == asked("name")


def test_a_preset_stands_between_file_and_names():
    file = GenerationSettings(settings={"cadence": 9, "padding": "wrap"}, schedules={"noise_schedule": "0:(9)"})
    held = precedence.combined(
        deforum, file=file, preset="smooth", named=GenerationSettings(settings={"noise_type": "gaussian"})
    )
    expected = {"cadence": SMOOTH["cadence"], "padding": "wrap", "noise_type": "gaussian"}
    assert {name: held.settings[name] for name in expected} == expected
    assert held.schedules["noise_schedule"] == f"0:({SMOOTH['noise']})"


def test_a_seed_of_zero_is_a_seed():
    below = GenerationSettings(seed=5)
    assert precedence.combined(deforum, below, named=GenerationSettings(seed=0)).seed == 0
    assert precedence.combined(deforum, below).seed == 5


@pytest.mark.parametrize(
    "laid",
    [
        lambda below, above: precedence.combined(deforum, below, file=above),
        lambda below, above: precedence.combined(deforum, below, named=above),
    ],
    ids=["file", "named"],
)
def test_a_strength_is_not_hidden_by_a_start_sigma_of_a_lower_layer(laid):
    panel = GenerationSettings(schedules={"start_sigma": "0:(0.65)"})
    strength = GenerationSettings(schedules={"strength_schedule": "0:(0.7)"})
    held = laid(panel, strength)
    assert held.schedules == {"start_sigma": "0:(-1)", "strength_schedule": "0:(0.7)"}
    both = GenerationSettings(schedules={**strength.schedules, "start_sigma": "0:(0.2)"})
    assert laid(panel, both).schedules["start_sigma"] == "0:(0.2)"


def test_options_read_first_and_laid_over_a_shot_later_give_the_same():
    """The command lines do that, the Python API lays all on the Shot at once."""
    layers = [
        GenerationSettings(),
        GenerationSettings({3: "x"}, seed=3, schedules={"strength_schedule": "0:(0.7)"}),
        GenerationSettings(settings={"cadence": 2}, schedules={"start_sigma": "0:(0.3)", "zoom": "0:(2)"}),
    ]
    for below, file, named in product(layers, repeat=3):
        for preset in ("", "smooth"):
            options = precedence.combined(deforum, file=file, preset=preset, named=named)
            at_once = precedence.combined(deforum, below, file=file, preset=preset, named=named)
            assert precedence.over(deforum, below, options) == at_once


def test_presets_are_the_engines_own():
    with pytest.raises(BadInput, match=r"no preset 'smoth' among .*; did you mean 'smooth'"):
        precedence.combined(deforum, preset="smoth")
    with pytest.raises(BadInput, match="this engine has none"):
        precedence.combined(reproject, preset="smooth")
    assert all(isinstance(each, Preset) for each in deforum.presets.values())


def test_a_files_prompts_are_placed_at_the_jobs_frames_and_those_past_its_end_are_left_out():
    file = ImportedSettings(GenerationSettings({0: "hills", 2: "sea", 9: "never"}, seed=4))
    assert file.at((10, 12, 14)) == GenerationSettings({10: "hills", 14: "sea"}, seed=4)


def test_a_prompt_holds_from_its_frame_until_the_next():
    prompts = {10: "a", 20: "b"}
    assert [prompt_at(prompts, frame) for frame in (9, 10, 19, 20, 99)] == ["", "a", "a", "b", "b"]
    assert prompt_at({}, 5) == ""
