"""A person without a home (a service, a container) gets sentences, not tracebacks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from motion_bridge.engines import base, diagnostics
from motion_bridge.engines.deforum import input_files, settings_import
from motion_bridge.errors import BadInput, ModelMissing
from motion_bridge.files import home
from motion_bridge.model_registry import controlnets, registry
from motion_bridge.schedules import settings_files
from motion_bridge.takes import output_path

pwd = pytest.importorskip("pwd")


def unknown(_):
    raise KeyError("no entry")


@pytest.fixture
def homeless(monkeypatch):
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("MOTION_BRIDGE_MODELS", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)


def test_a_path_at_home_is_found_and_other_paths_stay(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home.home() == tmp_path
    assert home.expand("~/x") == tmp_path / "x"
    assert [str(home.expand(text)) for text in ("x/~", "/a/~b", "a b")] == ["x/~", "/a/~b", "a b"]


@pytest.mark.parametrize("text", ["~", "~/x", "~nobody-has-this-name/x", "~\0", "~/\0"])
def test_a_path_in_a_home_that_is_not_known_is_a_sentence(homeless, text):
    assert home.home() is None
    with pytest.raises(BadInput, match=r"^The model .* starts in a home folder that is not known; write it in full\.$"):
        home.expand(text, "The model")


@pytest.mark.parametrize("value", ["x", "./x"])
def test_a_home_that_is_not_a_full_path_is_none(monkeypatch, value):
    monkeypatch.setenv("HOME", value)
    assert home.home() is None


def test_whatever_names_a_path_without_a_home_is_told_so(homeless):
    asked = [
        lambda: output_path.check_output("~/takes"),
        lambda: registry.find_folder("~/model"),
        lambda: controlnets.folder_of("~/control", "sd", "depth"),
        lambda: list(input_files._loras([["~/a.safetensors", 0.5]])),
    ]
    for ask in asked:
        with pytest.raises(BadInput, match="home folder that is not known"):
            ask()
    assert not settings_import.suits(settings_files.Settings(), "~/model")


def test_models_are_looked_for_in_the_machines_own_place_without_a_home(homeless, monkeypatch):
    assert registry.models_folder() == Path("/usr/local/share/motion-bridge/models")
    with pytest.raises(ModelMissing, match="sdxl is not on this machine"):
        registry.folder_of(registry.find("sdxl"))
    monkeypatch.setenv("PROGRAMDATA", "/programs")
    assert registry.models_folder() == Path("/programs/motion-bridge/models")
    monkeypatch.setenv("MOTION_BRIDGE_MODELS", "~/models")
    with pytest.raises(BadInput, match="MOTION_BRIDGE_MODELS ~/models starts in a home folder"):
        registry.models_folder()


def test_every_engine_says_whether_it_can_run_without_a_home(homeless):
    for name in base.ENGINES:
        diagnostics.lack(name)


HOMELESS = """
import os, pwd, runpy, sys
def unknown(_): raise KeyError("no entry")
pwd.getpwuid = unknown
sys.argv[:] = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize(
    "words", [["doctor"], ["render", ".", "--output", "~/x"], ["--help"]], ids=lambda words: words[0]
)
@pytest.mark.fault("The user has no home", "no HOME, and no entry for the user")
def test_commands_run_for_a_user_whom_the_system_does_not_know(tmp_path, words):
    backend = Path(registry.__file__).parents[2]
    command = [sys.executable, "-B", "-c", HOMELESS, str(backend), *words]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HOME", "PYTHON"))}
    answer = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in answer.stderr
    assert answer.returncode == (2 if words[0] == "render" else 0), answer.stderr
    assert not list(tmp_path.iterdir())
