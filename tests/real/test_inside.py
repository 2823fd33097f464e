"""What is tested inside the bpy module is tested inside the Blender program too, one process for each file."""

import sysconfig
from pathlib import Path

import pytest
from conftest import HERE, ROOT, Blender, of_environment, succeed

MAIN_JOB = (
    "install",
    "render_operator",
    "command",
    "image_and_strip",
    "movie",
    "cancel",
    "resume",
    "faults",
    "reprojection_truth",
)


@pytest.mark.parametrize("name", MAIN_JOB)
def test_the_main_job_passes_inside_the_program(name: str, extension_zip: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("MOTION_BRIDGE_ZIP", str(extension_zip))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # a plugin may be compiled for another Python
    blender = Blender(of_environment("BLENDER"), tmp_path)
    inside = ("--python", HERE / "inside.py", "--", sysconfig.get_path("purelib"))
    options = ("-q", "-p", "pytest_timeout", "-p", "no:cacheprovider", "-W", "ignore")
    file = ROOT / f"tests/blender/test_{name}.py"
    print(succeed(blender.run("-b", "--factory-startup", "--python-exit-code", "1", *inside, *options, file)))
