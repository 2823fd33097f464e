"""The rules that keep the parts apart: what may import what, and where Blender's versions are told apart."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BACKEND = ROOT / "backend"
PACKAGE = BACKEND / "motion_bridge"
ADDON = ROOT / "addon"

# The modules that also run inside Blender's process: numpy and the standard library, nothing else.
LIGHT = (
    "errors",
    "shot",
    "png",
    "wire",
    "worker",
    "client",
    "frames",
    "job",
    "engine",
    "cli",
    "motion",
    "formats",
    "reproject",
)

LOADED = """
import importlib, json, pkgutil, sys
sys.path.insert(0, sys.argv[1])
names = sys.argv[2:]
for name in names:
    module = importlib.import_module(name)
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), name + "."):
        importlib.import_module(found.name)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def sources(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def in_project(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_light_modules_import_only_numpy_and_the_standard_library():
    before, after = loaded_after(), loaded_after(*(f"motion_bridge.{name}" for name in LIGHT))
    assert {"motion_bridge", "numpy"} <= after
    foreign = after - before - set(sys.stdlib_module_names) - {"motion_bridge", "numpy"}
    assert not foreign, f"imported beside numpy and the standard library: {', '.join(sorted(foreign))}"


def loaded_after(*names: str) -> set[str]:
    """The top-level modules of a fresh Python that has imported these, with all that is inside them."""
    command = [sys.executable, "-I", "-c", LOADED, str(BACKEND), *names]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stderr
    return set(json.loads(answer.stdout))


@pytest.mark.parametrize(
    "path", sources(ADDON, PACKAGE, ROOT / "__init__.py"), ids=lambda path: str(path.relative_to(ROOT))
)
def test_the_extension_imports_its_own_parts_relatively(path: Path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        else:
            continue
        own = [name for name in names if name.partition(".")[0] in ("motion_bridge", "addon", "backend", "bl_ext")]
        assert not own, f"line {node.lineno} imports {own[0]} absolutely"


@pytest.mark.parametrize("path", sources(ADDON), ids=in_project)
def test_the_addon_imports_nothing_that_blender_lacks(path: Path):
    allowed = {*sys.stdlib_module_names, "numpy", "bpy", "mathutils", "bpy_extras", "gpu", "gpu_extras", "blf"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        foreign = [name for name in names if name.partition(".")[0] not in allowed]
        assert not foreign, f"it imports {foreign[0]}"


def test_only_compat_asks_for_blenders_version():
    askers = [
        in_project(path)
        for path in sources(ADDON, PACKAGE)
        if path != ADDON / "compat.py" and any(_asks_for_version(node) for node in ast.walk(_tree(path)))
    ]
    assert askers == []


def _asks_for_version(node: ast.AST) -> bool:
    """`bpy.app.version` and the like; saying `version_string` to a person is no question."""
    return (
        isinstance(node, ast.Attribute)
        and node.attr in ("version", "version_file")
        and (getattr(node.value, "attr", "") == "app" or getattr(node.value, "id", "") == "app")
    )


def _tree(path: Path) -> ast.AST:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_nothing_runs_stored_code():
    for path in sources(ADDON, PACKAGE):
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Import):
                assert not {alias.name for alias in node.names} & {"pickle", "marshal", "shelve"}, path
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec"), f"{path}:{node.lineno} calls {node.func.id}"


def test_every_example_and_document_that_the_readme_names_is_there():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = [word.strip("`(),.:;") for word in readme.replace("](", " ").split()]
    paths = {word for word in named if word.startswith(("docs/", "examples/", "constraints/"))}
    assert paths, "the README names no file of the project"
    missing = sorted(path for path in paths if not (ROOT / path).exists())
    assert not missing, f"the README names {', '.join(missing)}"
