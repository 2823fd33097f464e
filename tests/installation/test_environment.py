"""Installing from a folder of wheels with the real uv: whole or not there, whatever ends it."""

import os
import random
import shutil
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from motion_bridge.errors import BackendFailed, BadInput
from motion_bridge.installation import environment
from motion_bridge.installation.environment import Condition, Recipe
from tiny_wheels import build, install_command, packages, uv_wheel

DEADLINE = 120


@pytest.fixture(scope="module")
def pinned(tmp_path_factory):
    """A folder with the wheel of uv, and what is pinned of it."""
    found = pytest.importorskip("uv", reason="uv is not installed")
    folder = tmp_path_factory.mktemp("uv")
    return folder, uv_wheel(folder, found.find_uv_bin())


@pytest.fixture
def recipe(tmp_path, pinned, monkeypatch):
    """A recipe of tiny packages, from a folder alone."""
    requirements = packages(tmp_path / "wheels")
    os.link(pinned[0] / pinned[1].name, tmp_path / "wheels" / pinned[1].name)
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    monkeypatch.setattr(environment, "expected_size", lambda: 0.0)
    monkeypatch.setattr(environment, "LOOK", 0.1)
    return Recipe("torch>=2.13,<2.14", "", requirements, sys.executable, tmp_path / "wheels", pinned[1])


def quietly(*told):
    pass


def files_of(folder):
    """What an environment is made of: every file and its bytes, but for the installer's own records."""
    records = ("RECORD", "INSTALLER", "uv_cache.json", "direct_url.json", "pyvenv.cfg", ".lock")
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in records and "__pycache__" not in path.parts
    }


def version_of(python, package):
    code = f"import {package}; print({package}.__version__)"
    return subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.slow
def test_an_environment_is_made_of_exactly_the_recipe(tmp_path, recipe):
    root, told = tmp_path / "root", []
    assert environment.status(root, recipe.digest()).condition is Condition.ABSENT
    python = environment.install(root, recipe, lambda *each: told.append(each))
    assert version_of(python, "torch") == "2.13.0" and version_of(python, "diffusers") == "1.0"
    assert environment.status(root, recipe.digest()) == environment.Status(Condition.READY, python)
    stages = list(dict.fromkeys(each[0] for each in told))
    assert stages == [
        "Fetching the installer",
        "Making a Python environment",
        "Fetching packages",
        "Fetching torch",
        "Checking",
    ]
    assert not (root / "new").exists() and not (root / "old").exists()
    assert environment.remove(root) > 0.01
    assert environment.status(root, recipe.digest()).condition is Condition.ABSENT


@pytest.mark.slow
def test_a_package_with_another_checksum_is_refused_and_the_old_environment_stays(tmp_path, recipe):
    root = tmp_path / "root"
    python = environment.install(root, recipe, quietly)
    newer = replace(recipe, torch="torch>=2.14")
    assert environment.status(root, newer.digest()) == environment.Status(Condition.OUTDATED, python)
    with pytest.raises(BackendFailed, match="torch"):
        environment.install(root, newer, quietly)  # there is none
    assert environment.status(root, newer.digest()) == environment.Status(Condition.OUTDATED, python)
    assert version_of(python, "torch") == "2.13.0"
    build(tmp_path / "wheels", "torch", "2.14.0", needs=("numpy",))
    text = recipe.requirements.read_text()
    changed = tmp_path / "changed.txt"
    changed.write_text("".join(line[:-8] + "0000000\n" if "numpy" in line else line for line in text.splitlines(True)))
    shutil.rmtree(root / "cache")
    with pytest.raises(BackendFailed, match=r"(?i)hash"):
        environment.install(root, replace(newer, requirements=changed), quietly)
    assert version_of(python, "torch") == "2.13.0"
    assert version_of(environment.install(root, newer, quietly), "torch") == "2.14.0"
    assert environment.status(root, newer.digest()).condition is Condition.READY


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="process groups are killed otherwise on Windows")
def test_ten_kills_at_random_moments_leave_the_same_environment(tmp_path, recipe):
    root, other = tmp_path / "root", tmp_path / "other"
    begun = time.monotonic()
    environment.install(other, recipe, quietly)
    whole = time.monotonic() - begun
    dice = random.Random(13)
    for _ in range(10):
        command = install_command(root, recipe)
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        ) as killed:
            try:
                killed.wait(dice.uniform(0.2, 1.0) * whole)
            except subprocess.TimeoutExpired:
                os.killpg(killed.pid, 9)
        state = environment.status(root, recipe.digest())
        assert state.condition in (Condition.ABSENT, Condition.INCOMPLETE, Condition.READY)
        if state.condition is Condition.READY:  # it was quick: once more from what was fetched
            assert files_of(root / "backend") == files_of(other / "backend")
            shutil.rmtree(root / "backend")
    last = subprocess.run(install_command(root, recipe), capture_output=True, text=True, timeout=DEADLINE)
    assert last.returncode == 0, last.stderr
    assert files_of(root / "backend") == files_of(other / "backend")
    assert environment.status(root, recipe.digest()).condition is Condition.READY


@pytest.mark.parametrize("moment", ["before the new one has the name", "after"])
def test_an_exchange_that_was_cut_short_is_finished(tmp_path, moment):
    for name, text in (("new", "2"), ("old", "1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / environment.RECORD).write_text(f'{{"recipe": "{text}"}}')
    if moment == "after":
        (tmp_path / "new").rename(tmp_path / "backend")
    environment.recover(tmp_path)
    assert '"2"' in (tmp_path / "backend" / environment.RECORD).read_text()
    assert [each.name for each in tmp_path.iterdir()] == ["backend"]


def test_an_old_environment_comes_back_where_the_new_one_is_not_whole(tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / environment.RECORD).write_text('{"recipe": "1"}')
    environment.recover(tmp_path)
    assert (tmp_path / "backend" / environment.RECORD).exists() and not (tmp_path / "old").exists()


def test_a_disk_too_small_is_said_before_anything_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "expected_size", lambda: 1e18)
    with pytest.raises(BadInput, match=r"GB are needed and .* GB are free"):
        environment.install(tmp_path, Recipe(), quietly)


def test_two_installs_do_not_mix(tmp_path):
    from motion_bridge.takes import lock

    with lock.held(tmp_path), pytest.raises(BadInput, match="process"):
        environment.install(tmp_path, Recipe(), quietly)


def test_the_locked_file_pins_everything_that_the_engines_name_but_torch():
    import re
    import tomllib
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parents[2] / "backend/pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    engines = set(extras) - {"benchmarks", "signing"}
    named = {re.findall(r"[\w-]+", each)[0].replace("_", "-") for extra in engines for each in extras[extra]}
    locked = environment.REQUIREMENTS.read_text()
    pinned = set(re.findall(r"^([\w-]+)==", locked, re.MULTILINE))
    assert named - pinned == {"torch"}
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=\w)", locked)[1:])
    assert not [name for name in pinned if name.startswith(("nvidia", "cuda", "triton"))]


def test_on_windows_the_folder_is_short(tmp_path, monkeypatch):
    monkeypatch.setattr("motion_bridge.installation.environment.sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/users/ann/AppData/Local")
    root = environment.default_root()
    monkeypatch.undo()
    assert str(root) == "/users/ann/AppData/Local/mb"
