"""A project from a stranger: nothing in it is run, nothing outside it is written."""

import os
import sys
from pathlib import Path

import bpy
import pytest

posix = pytest.mark.skipif(os.name == "nt", reason="links without privileges")


@pytest.fixture
def preferences(scene):
    found = bpy.context.preferences.addons["bl_ext.user_default.motion_bridge"].preferences
    yield found
    found.python = ""


@pytest.mark.fault("A project brings its own Python", "//python in the preferences, and relative paths")
@pytest.mark.parametrize("chosen", ["//python", "//../python", "python", "./python", "bin/python"])
def test_a_program_beside_the_blend_file_is_never_run(preferences, tmp_path: Path, monkeypatch, chosen):
    from bl_ext.user_default.motion_bridge.addon.interpreter import command, diagnostics
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.errors import BadInput

    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    for place in (tmp_path / "python", tmp_path / "bin" / "python"):
        place.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
        place.chmod(0o755)
    preferences.python = chosen
    with pytest.raises(BadInput, match="not an absolute path"):
        command.python()
    fine, said = diagnostics.ask()
    assert not fine and "not an absolute path" in said
    with pytest.raises(RuntimeError, match="not an absolute path"):
        bpy.ops.motion_bridge.render()
    assert not (tmp_path / "ran").exists()


def test_an_absolute_path_is_run_with_its_bytecode_and_its_language_settled(preferences):
    from bl_ext.user_default.motion_bridge.addon.interpreter import command

    preferences.python = sys.executable
    assert command.command()[:5] == [sys.executable, "-I", "-B", "-X", "utf8"]


@posix
@pytest.mark.fault("A project's folder holds links", "lock, shot, state and a frame as links to the user's files")
@pytest.mark.parametrize("name", ["motion_bridge.lock", "shot", "state", "frame_0001.png"])
def test_a_link_in_a_take_is_refused_and_what_it_names_stays(scene, painted, tmp_path: Path, capfd, name):
    from bl_ext.user_default.motion_bridge.addon.cli import command

    home, take = tmp_path / "home", tmp_path / "take"
    home.mkdir()
    take.mkdir()
    (home / "novel.txt").write_text("chapter one")
    (take / name).symlink_to(home if name in ("shot", "state") else home / "novel.txt")
    for resume in ([], ["--resume"]):
        assert command.run(["render", "--output", str(take), "--frames", "1-2", *resume]) in (2, 3)
    assert [path.name for path in home.iterdir()] == ["novel.txt"]
    assert (home / "novel.txt").read_text() == "chapter one"
    assert "Traceback" not in "".join(capfd.readouterr())


@posix
def test_a_command_whose_output_nobody_reads_any_more_ends_in_code_3_without_a_traceback(
    scene, painted, tmp_path, capfd
):
    from bl_ext.user_default.motion_bridge.addon.cli import command

    read, write = os.pipe()
    os.close(read)
    before = os.dup(1)
    os.dup2(write, 1)
    try:
        code = command.run(["render", "--output", str(tmp_path / "take"), "--frames", "1-3"])
    finally:
        os.dup2(before, 1)
        os.close(write)
    assert code == 3
    assert "Traceback" not in "".join(capfd.readouterr())
