"""The real Blender program, driven from outside as a person or a farm does it.

BLENDER names the program; it may be a command with arguments. Its user folder is a clean one for each test file.
"""

from pathlib import Path

import pytest
from blender_program import HERE, ROOT, Blender, of_environment, succeed


@pytest.fixture(scope="session")
def user_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("user")


@pytest.fixture(scope="session")
def bare(user_folder: Path) -> Blender:
    """The program before the extension is installed."""
    return Blender(of_environment("BLENDER"), user_folder)


@pytest.fixture(scope="session")
def extension_zip(bare: Blender, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension, built by Blender's own tool."""
    folder = tmp_path_factory.mktemp("built")
    succeed(bare.run("--command", "extension", "build", "--source-dir", ROOT, "--output-dir", folder))
    (built,) = folder.glob("*.zip")
    return built


@pytest.fixture(scope="session")
def blender(bare: Blender, extension_zip: Path) -> Blender:
    """The program with the extension installed and enabled by Blender's own installer."""
    succeed(bare.run("--command", "extension", "install-file", "-r", "user_default", "-e", extension_zip))
    return bare


@pytest.fixture(scope="session")
def scene_file(bare: Blender, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small scene with a moving camera and a moving box: 128×72, frames 1–12."""
    path = tmp_path_factory.mktemp("scene") / "small.blend"
    succeed(bare.run("-b", "--factory-startup", "--python-exit-code", "1", "-P", HERE / "small_scene.py", "--", path))
    return path
