"""One description of the engine's settings: defaults, `--set`, what a job refuses and the page in docs/ follow it."""

import subprocess
import sys
from pathlib import Path

import pytest
from motion_bridge.engines import base, setting, settings_parser
from motion_bridge.engines.deforum.engine import engine
from motion_bridge.engines.deforum.settings import DEFAULTS, GROUPS, SETTINGS
from motion_bridge.errors import BadInput
from motion_bridge.model_registry.controlnets import KINDS
from motion_bridge.model_registry.memory_plan import PRECISIONS
from motion_bridge.schedules.seeds import BEHAVIORS

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_in_docs_is_what_the_description_says():
    command = [sys.executable, str(ROOT / "tools/deforum_settings_page.py"), "--check"]
    assert subprocess.run(command).returncode == 0, "run python tools/deforum_settings_page.py"


def test_every_setting_is_described_once_and_its_default_is_allowed():
    names = [each.name for group in GROUPS.values() for each in group]
    assert len(names) == len(set(names)) == 63
    assert engine.defaults == DEFAULTS == base.completed(engine, {})
    setting.check(SETTINGS, DEFAULTS)
    for each in SETTINGS.values():
        assert each.label and each.help and not each.help.endswith("."), each.name
        assert len(set(each.values)) == len(each.values), each.name


@pytest.mark.parametrize("name", [each.name for each in SETTINGS.values() if each.choices and not each.names])
def test_a_choice_is_taken_and_anything_else_is_refused_with_what_there_is(name):
    for value in SETTINGS[name].values:
        assert settings_parser.parse(engine, {name: value}).settings == {name: value}
    with pytest.raises(BadInput, match=f"{name} is 'nonsense'; choose one of"):
        settings_parser.parse(engine, {name: "nonsense"})


@pytest.mark.parametrize("name", [each.name for each in SETTINGS.values() if each.least is not None])
def test_a_number_below_its_range_is_refused_by_name_and_the_automatic_one_is_not(name):
    each = SETTINGS[name]
    assert each.least is not None
    below = type(each.default)(each.least - 2)
    for ask in (lambda: setting.check(SETTINGS, {name: below}), lambda: settings_parser.parse(engine, {name: below})):
        with pytest.raises(BadInput, match=f"{name} is {below}; it must be"):
            ask()
    assert each.read(str(each.least)) == each.least
    if each.automatic is not None:
        assert each.read(str(each.automatic)) == each.automatic


def test_a_value_of_another_type_is_refused_where_a_shot_holds_it():
    for name, value in {
        "cadence": True,
        "redo": 1.5,
        "use_init": 1,
        "padding": None,
        "perlin_persistence": "x",
    }.items():
        with pytest.raises(BadInput, match=f"{name} is "):
            setting.check(SETTINGS, {name: value})
    setting.check(SETTINGS, {"perlin_persistence": 1})  # a whole number serves as a number


def test_what_other_rooms_understand_is_what_may_be_chosen():
    assert SETTINGS["precision"].values == PRECISIONS
    assert SETTINGS["control"].values == KINDS
    assert SETTINGS["seed_behavior"].values == BEHAVIORS
