"""From the release's files to frames, in the real program: two builds, a repository that updates, and few clicks."""

import json
import re
import subprocess
import sys
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from blender_program import ROOT, Blender, contents, succeed

TOOL = ROOT / "tools" / "release.py"
REPOSITORY = "motion_bridge_releases"  # what the test calls ours
IN_BLENDER = """
import bpy, json
from importlib import import_module
addon = bpy.context.preferences.addons.keys()
name = next(each for each in addon if each.endswith(".motion_bridge"))
engines = import_module(f"{name}.backend.motion_bridge.engines.base").ENGINES
operators = [each for each in dir(bpy.ops.motion_bridge)]
print("FOUND " + json.dumps({"name": name, "engines": sorted(engines), "operators": operators}))
"""


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, format, *args):
        pass


@pytest.fixture(scope="module")
def released(bare, tmp_path_factory):
    """What tools/release.py makes with the real program."""
    wrapper = tmp_path_factory.mktemp("program") / "blender"
    wrapper.write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in bare.command) + ' "$@"\n')
    wrapper.chmod(0o755)
    folder = tmp_path_factory.mktemp("release")
    made = subprocess.run([sys.executable, TOOL, folder, "--blender", wrapper], capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


@pytest.fixture
def served(released):
    """The repository's folder on a web server of this machine; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=released / "repository"))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def clean(bare, folder):
    """The program with a user folder of its own, which must be there: Blender creates none for its preferences."""
    (folder / "user").mkdir()
    return Blender(bare.command, folder / "user")


def found_in(blender, *options):
    printed = succeed(blender.run("-b", *options, "--python-exit-code", "1", "--python-expr", IN_BLENDER))
    return json.loads(first_match("FOUND (.*)", printed))


def first_match(pattern, text):
    found = re.search(pattern, text, re.MULTILINE)
    assert found, text
    return found[1]


@pytest.mark.slow
def test_the_platforms_build_makes_frames_and_has_nothing_to_install(bare, released, scene_file, tmp_path):
    blender = clean(bare, tmp_path)
    (zipped,) = (released / "platform").glob("*.zip")
    succeed(blender.run("--command", "extension", "install-file", "-r", "user_default", "-e", zipped))
    found = found_in(blender)
    assert found["engines"] == ["reproject"]
    assert {"render", "resume", "movie"} <= {*found["operators"]}
    assert not {"install_backend", "get_model", "copy_install", "judge"} & {*found["operators"]}
    take = tmp_path / "take"
    succeed(blender.run("-b", scene_file, "-c", "motion_bridge", "render", "--frames", "1-3", "--output", take))
    assert len(contents(take)) == 3


@pytest.mark.slow
def test_the_repository_installs_the_full_build_and_updates_it_inside_blender(bare, released, served, tmp_path):
    blender = clean(bare, tmp_path)
    extension = ("--online-mode", "--command", "extension")
    succeed(blender.run(*extension, "repo-remove", "blender_org"))  # it cannot be reached from here
    succeed(blender.run(*extension, "repo-add", "--name", "Ours", "--url", f"{served}/index.json", REPOSITORY))
    succeed(blender.run(*extension, "sync"))
    succeed(blender.run(*extension, "install", "-e", f"{REPOSITORY}.motion_bridge"))
    found = found_in(blender)
    assert found["name"] == f"bl_ext.{REPOSITORY}.motion_bridge"
    assert {"install_backend", "get_model"} <= {*found["operators"]} and "deforum" in found["engines"]
    manifest = tmp_path / "user" / "extensions" / REPOSITORY / "motion_bridge" / "blender_manifest.toml"
    old = first_match(r'^version = "(.+)"', manifest.read_text())
    new = _next_version(released / "repository", old)
    succeed(bare.run("--command", "extension", "server-generate", "--repo-dir", released / "repository"))
    succeed(blender.run(*extension, "update", "--sync"))
    assert f'version = "{new}"' in manifest.read_text()
    assert found_in(blender)["name"] == f"bl_ext.{REPOSITORY}.motion_bridge"


def _next_version(repository, old):
    """The full build once more, one version later, in place of the old one in the repository."""
    major, minor, patch = old.split(".")
    new = f"{major}.{minor}.{int(patch) + 1}"
    (zipped,) = repository.glob("*.zip")
    with zipfile.ZipFile(zipped) as before, zipfile.ZipFile(zipped.with_name(f"next-{new}.zip"), "w") as after:
        for entry in before.infolist():
            content = before.read(entry)
            if entry.filename == "blender_manifest.toml":
                content = content.replace(f'version = "{old}"'.encode(), f'version = "{new}"'.encode(), 1)
            after.writestr(entry, content)
    zipped.unlink()
    return new
