"""What is published is checked: one version, excludes that exist, and nothing in a zip that does not belong there."""

import stat
import subprocess
import zipfile
from pathlib import Path

import platform_build
import pytest
from extension_zip import PLATFORM, SHIPPED, faults, idle_excludes, versions

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = (
    'id = "motion_bridge"\nversion = "0.1.0"\n[permissions]\n'
    'files = "Write frames"\nclipboard = "Copy"\nnetwork = "Get"\n'
)
WANTED = {"__init__.py": "", "blender_manifest.toml": MANIFEST, "addon/ui/panel.py": "x = 1"}


def test_manifest_package_and_changelog_state_one_version():
    stated = versions(ROOT)
    assert len(set(stated.values())) == 1, stated


def test_what_the_manifest_excludes_exists(tmp_path):
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is not a git repository")
    known = set(listed.stdout.splitlines())
    assert idle_excludes(ROOT, known) == []
    for name in (".gitignore", "blender_manifest.toml"):
        text = (ROOT / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace('"/docs/"', '"/docs/", "/gone/", "/gone*"'), encoding="utf-8")
    assert idle_excludes(tmp_path, known) == ["/gone/", "/gone*"]


def test_what_is_at_the_root_is_either_shipped_or_excluded():
    """A new folder has to be put on one of the two lists before it can be released."""
    import tomllib

    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is not a git repository")
    patterns = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))["build"]
    excluded = tuple(each.rstrip("*") for each in patterns["paths_exclude_pattern"] if each.startswith("/"))
    strays = [
        path
        for path in listed.stdout.splitlines()
        if not path.startswith((*SHIPPED, ".")) and not f"/{path}".startswith(excluded)
    ]
    assert strays == []


def written(folder: Path, contents: dict[str, str], name="motion_bridge-0.1.0.zip", mode=stat.S_IFREG | 0o644) -> Path:
    with zipfile.ZipFile(folder / name, "w") as archive:
        for path, text in contents.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = mode << 16
            archive.writestr(entry, text)
    return folder / name


def test_a_zip_with_all_that_is_shipped_has_no_faults(tmp_path):
    tracked = {*WANTED, "tests/test_house.py", "backend/benchmarks/__main__.py"}
    assert faults(written(tmp_path, WANTED), tracked) == []


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        ("tools/release.py", "", "tools/release.py does not belong"),
        ("backend/benchmarks/__main__.py", "", "backend/benchmarks/__main__.py does not belong"),
        ("addon/__pycache__/x.cpython-311.pyc", "", "does not belong"),
        ("addon/ui/notes.txt", "", "does not belong"),
        ("addon/ui/panel.py", "x" * (5 << 20), "addon/ui/panel.py has 5,242,880 bytes"),
        (
            "blender_manifest.toml",
            MANIFEST + 'camera = "Look"\n',
            "asks for ['camera', 'clipboard', 'files', 'network']",
        ),
        ("blender_manifest.toml", MANIFEST.replace("0.1.0", "0.2.0"), "should be named motion_bridge-0.2.0.zip"),
    ],
)
def test_each_fault_is_a_sentence(tmp_path, path, text, says):
    (found,) = faults(written(tmp_path, {**WANTED, path: text}), set(WANTED))
    assert says in found


def test_a_file_that_is_missing_is_named(tmp_path):
    (found,) = faults(written(tmp_path, WANTED), {*WANTED, "addon/ui/menu.py"})
    assert found == "addon/ui/menu.py is not in the zip."


@pytest.mark.parametrize("mode", [stat.S_IFREG | 0o755, stat.S_IFREG | 0o666, stat.S_IFLNK | 0o644])
def test_programs_and_links_are_refused(tmp_path, mode):
    assert len(faults(written(tmp_path, WANTED, mode=mode), set(WANTED))) == len(WANTED)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("from ..render import job", "imports addon.render, which is not in the zip"),
        ("def late():\n    from .menu import draw", "imports addon.ui.menu, which"),
    ],
)
def test_an_import_of_what_is_left_out_is_found(tmp_path, text, says):
    (found,) = faults(written(tmp_path, {**WANTED, "addon/ui/panel.py": text}), set(WANTED))
    assert says in found


def test_only_the_build_that_asks_for_the_network_may_import_it(tmp_path):
    platform = MANIFEST.replace('network = "Get"\n', "")
    text = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import requests\ndef f():\n    import urllib.request"
    )
    full = written(tmp_path, {**WANTED, "addon/ui/panel.py": text})
    assert faults(full, set(WANTED)) == []
    small = written(tmp_path, {**WANTED, "addon/ui/panel.py": text, "blender_manifest.toml": platform})
    (found,) = faults(small, set(WANTED), PLATFORM)
    assert found == "addon/ui/panel.py imports urllib.request; this build does not ask for the network."


def test_the_platforms_build_is_whole_asks_for_no_network_and_installs_nothing(tmp_path):
    """As it lies here, zipped without Blender: every import in it can be satisfied."""
    try:
        known = platform_build.tracked_by_git(ROOT)
    except subprocess.CalledProcessError:
        pytest.skip("this is not a git repository")
    assert platform_build.idle(known) == []
    shipped = {path for path in known if path.startswith(SHIPPED)}
    platform_build.lay_out(ROOT, shipped, tmp_path / "source")
    files = {path.relative_to(tmp_path / "source").as_posix(): path for path in (tmp_path / "source").rglob("*.*")}
    files["LICENSE"] = tmp_path / "source" / "LICENSE"
    with zipfile.ZipFile(tmp_path / f"motion_bridge-{versions(ROOT)['blender_manifest.toml']}.zip", "w") as archive:
        for name, path in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    assert faults(Path(archive.filename), platform_build.kept(known), PLATFORM) == []
    words = (b"pip install", b"huggingface.co/api", b'subprocess.run(["pip')
    code = {name: path.read_bytes() for name, path in files.items() if name.startswith("addon/")}
    assert [name for name, text in code.items() if any(word in text for word in words)] == []
