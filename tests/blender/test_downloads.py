"""Getting the GPU backend and models from inside Blender: what is asked, what is refused, what is shown meanwhile."""

import json
import os
import sys
import time
from importlib import import_module

import bpy
import pytest
from blender_session import PACKAGE

DEADLINE = 60


@pytest.fixture
def part(extension):
    """The extension's modules, by their names below addon."""
    return lambda name: import_module(f"{PACKAGE}.addon.{name}")


@pytest.fixture
def online(extension):
    """Lets a test set whether Blender may use the network."""
    system = bpy.context.preferences.system
    before = system.use_online_access
    yield lambda allowed: setattr(system, "use_online_access", allowed)
    system.use_online_access = before


def wait_for(task):
    end = time.monotonic() + DEADLINE
    while task.running:
        assert time.monotonic() < end
        time.sleep(0.02)


def saying(*events, more=""):
    """The command of a process that prints events."""
    lines = "\n".join(f"print({json.dumps(json.dumps(each))}, flush=True)" for each in events)
    return [sys.executable, "-I", "-c", f"import sys, time, os\n{lines}\n{more}"]


def test_offline_nothing_is_fetched_and_the_remedy_is_named(online):
    online(False)
    with pytest.raises(RuntimeError, match="Allow Online Access"):
        bpy.ops.motion_bridge.install_backend()
    with pytest.raises(RuntimeError, match="Allow Online Access"):
        bpy.ops.motion_bridge.get_model(name="flux.2-klein-4b")


def test_a_license_that_limits_must_be_agreed_to(online):
    with pytest.raises(RuntimeError, match=r"non-commercial.*agreed"):
        bpy.ops.motion_bridge.get_model(name="flux.1-dev")


def test_a_task_tells_how_far_it_is_and_how_it_ended(part):
    progress = {"event": "progress", "stage": "Fetching", "done": 1_500_000_000, "total": 3_000_000_000}
    task = part("interpreter.task").Task("Getting", saying(progress, {"event": "done", "message": "Here."}), {})
    wait_for(task)
    assert (task.progress, task.text(), task.message, task.fault) == (0.5, "Fetching  1.5 of 3.0 GB", "Here.", "")


def test_a_task_that_fails_says_the_last_words(part):
    task = part("interpreter.task").Task("Getting", saying(more="sys.exit('motion-bridge: The disk is full.')"), {})
    wait_for(task)
    assert task.fault == "The disk is full."


def test_a_cancelled_task_ends_and_is_no_failure(part):
    task = part("interpreter.task").Task("Getting", saying(more="time.sleep(60)"), {})
    task.close()
    assert not task.running and task.fault == ""


def test_the_token_travels_in_the_environment_and_in_no_command(part, online, monkeypatch):
    downloads = part("ui.downloads")
    begun = []
    monkeypatch.setattr(downloads, "begin", lambda *words: begun.append(words))
    preferences = downloads.preferences()
    preferences.token = "hf_secret"
    try:
        downloads.get_model("flux.2-klein-4b", False)
    finally:
        preferences.token = ""
    ((title, line, variables),) = begun
    assert variables == {"HF_TOKEN": "hf_secret"}
    assert "hf_secret" not in " ".join([title, *line])
    assert line[-4:] == ["models", "get", "flux.2-klein-4b", "--json"]


def test_the_models_folder_of_the_preferences_counts_at_once(part, tmp_path):
    downloads = part("ui.downloads")
    (tmp_path / "lcm").mkdir()
    downloads.preferences().models_folder = str(tmp_path)
    try:
        state = downloads.catalog.state(downloads.catalog.find("lcm"))
        assert state.presence is downloads.Presence.READY and state.folder == tmp_path / "lcm"
    finally:
        downloads.preferences().models_folder = ""
    assert "MOTION_BRIDGE_MODELS" not in os.environ


def test_an_installed_backend_is_used_and_one_for_another_version_says_so(part, tmp_path, monkeypatch):
    command, installation = part("interpreter.command"), part("interpreter.installation")
    monkeypatch.setattr(installation, "root", lambda: tmp_path)
    assert command.python() == sys.executable
    python = installation.environment.python_of(tmp_path / "backend")
    python.parent.mkdir(parents=True)
    python.write_bytes(b"")
    assert command.python() == str(python)
    assert installation.status().condition is installation.Condition.OUTDATED
    record = json.dumps({"recipe": installation._digest()})
    (tmp_path / "backend" / "motion_bridge.json").write_text(record)
    assert installation.status().condition is installation.Condition.READY


def test_the_sketch_does_not_stand_in_for_a_picture_unasked(part, scene, tmp_path, monkeypatch):
    """In a window Render then asks first; choosing the sketch by name is a choice."""
    monkeypatch.setenv("MOTION_BRIDGE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    stands_in, settings = part("ui.stand_in").sketch_stands_in, scene.motion_bridge
    settings.engine = "reproject"
    assert not stands_in(settings)
    settings.engine, settings.deforum.model = "deforum", "auto"
    assert stands_in(settings)
    settings.deforum.model = "sketch"
    assert not stands_in(settings)
    settings.deforum.model = "auto"
    (tmp_path / "models" / "flux.2-klein-4b").mkdir(parents=True)
    assert not stands_in(settings)


@pytest.fixture
def remote(part, online):
    """Names another machine in the preferences: remote("ann@gpu", program="")."""
    own = part("ui.downloads").preferences().remote

    def name(host, program=""):
        own.host, own.program = host, program

    online(True)
    yield name
    name("")


def test_engines_that_need_torch_work_on_the_machine_of_the_preferences(part, remote):
    command = part("interpreter.command")
    here = command.command("deforum")
    remote("ann@gpu", "~/mb/bin/motion-bridge")
    assert command.command("deforum")[-4:] == ["remote", "ann@gpu", "serve", "--program=~/mb/bin/motion-bridge"]
    assert command.command("reproject") == command.command() == here
    command.check("deforum")  # Blender's own Python has no torch, and that does not matter
    assert part("interpreter.readiness").lacking("deforum") is None
    remote("")
    assert command.command("deforum") == here


def test_a_host_that_could_be_an_option_is_refused_before_anything_is_read(part, remote):
    remote("-oProxyCommand=touch /tmp/x")
    with pytest.raises(RuntimeError, match="not the name of a machine"):
        bpy.ops.motion_bridge.test_remote()
    with pytest.raises(Exception, match="not the name of a machine"):
        part("interpreter.command").check("deforum")


def test_offline_no_other_machine_is_asked(remote, online):
    remote("ann@gpu")
    online(False)
    with pytest.raises(RuntimeError, match="Allow Online Access"):
        bpy.ops.motion_bridge.test_remote()


def test_the_button_says_what_the_other_machine_answers(part, remote, tmp_path, monkeypatch):
    """ssh is stood in for by a program that says what the doctor says there."""
    if os.name == "nt":
        pytest.skip("a script for sh")
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\necho 'Motion Bridge 0.1.0'\necho 'GPU: Test GPU, 24 GB'\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    remote("ann@gpu")
    bpy.ops.motion_bridge.test_remote()
    task = part("ui.downloads").task
    wait_for(task)
    assert (task.message, task.fault) == ("ann@gpu answers. GPU: Test GPU, 24 GB", "")
