"""What is tested inside the bpy module is tested inside the Blender program too, one process for each file."""

import sysconfig
from pathlib import Path

import pytest
from blender_program import HERE, ROOT, Blender, of_environment, succeed

# they work in processes of their own, for which they need the bpy module, or a package that lies beside that one
OF_THE_MODULE = {
    "test_benchmarks.py",
    "test_comfyui.py",
    "test_full_disk.py",
    "test_stopped_while_rendering.py",
    "test_suites.py",
}
FILES = sorted(file for file in (ROOT / "tests/blender").glob("test_*.py") if file.name not in OF_THE_MODULE)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_program_passes_what_the_module_passes(file: Path, extension_zip: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("MOTION_BRIDGE_ZIP", str(extension_zip))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # a plugin may be compiled for another Python
    blender = Blender(of_environment("BLENDER"), tmp_path)
    inside = ("--python", HERE / "inside.py", "--", sysconfig.get_path("purelib"))
    options = ("-q", "-p", "pytest_timeout", "-p", "no:cacheprovider", "-W", "ignore", "--in-one-process")
    print(succeed(blender.run("-b", "--factory-startup", "--python-exit-code", "1", *inside, *options, file)))
