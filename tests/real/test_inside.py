"""What is tested inside the bpy module is tested inside the Blender program too, one process for each file."""

import sysconfig
from concurrent.futures import Future, ThreadPoolExecutor
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


@pytest.fixture(scope="module")
def results(extension_zip: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest):
    """What became of each chosen file: two of them run at a time."""
    chosen = [item.callspec.params["file"] for item in request.session.items if item.path == Path(__file__)]
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setenv("MOTION_BRIDGE_ZIP", str(extension_zip))
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # a plugin may be compiled for another Python
        yield {file: pool.submit(run_inside, file, tmp_path_factory.mktemp(file.stem)) for file in chosen}
        pool.shutdown(cancel_futures=True)


def run_inside(file: Path, folder: Path) -> tuple[int, str]:
    """The exit code of a test file and what it printed."""
    blender = Blender(of_environment("BLENDER"), folder)
    inside = ("--python", HERE / "inside.py", "--", sysconfig.get_path("purelib"))
    options = ("-q", "-p", "pytest_timeout", "-p", "no:cacheprovider", "-W", "ignore", "--in-one-process")
    base = ("--basetemp", folder / "pytest")
    return blender.run("-b", "--factory-startup", "--python-exit-code", "1", *inside, *options, *base, file)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_program_passes_what_the_module_passes(file: Path, results: dict[Path, Future[tuple[int, str]]]):
    print(succeed(results[file].result()))
