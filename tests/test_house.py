"""The rules that keep the rooms apart, read from the folders: what may import what, and in which direction.

Nothing is imported here but the files' own syntax, so a forbidden import in any file fails within seconds.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "backend" / "motion_bridge"
ADDON = ROOT / "addon"
TOOLS = (ROOT / "backend" / "benchmarks", ROOT / "backend" / "training")

# The rooms of torch and its company. Everything else runs in Blender's own Python.
TORCH_ROOMS = (
    "models",
    "metrics",
    "engines/deforum/loop",
    "engines/motionstream/network",
    "engines/motionstream/streaming",
    "engines/motionstream/checkpoints",
    "engines/reproject/torch",
    "engines/video/pipelines",
)
COMPANY = {"torch", "torchvision", "diffusers", "transformers", "timm", "accelerate", "peft", "safetensors"}
STANDARD = {*sys.stdlib_module_names, "numpy"}
BLENDERS = {"bpy", "mathutils", "bpy_extras", "gpu", "gpu_extras", "blf", "bl_ui", "bl_operators"}


@dataclass(frozen=True)
class Import:
    """One imported module; inside the project it is a path from the root, such as backend/motion_bridge/shot."""

    name: str
    line: int
    at_start: bool  # when the module is loaded, not when a function is called
    own: bool
    absolute: bool


def sources(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def in_project(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> tuple[Import, ...]:
    return tuple(_imports(path, tree(path), True))


def _imports(path: Path, node: ast.AST, at_start: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, child.lineno, at_start, False, True)
        elif isinstance(child, ast.ImportFrom) and child.level == 0:
            yield Import(child.module or "", child.lineno, at_start, False, True)
        elif isinstance(child, ast.ImportFrom):
            base = path.parents[child.level - 1].joinpath(*(child.module or "").split("."))
            for alias in child.names:
                file = _file_of(base / alias.name) or _file_of(base)
                assert file, f"{in_project(path)}:{child.lineno} imports {alias.name} from a file that is not there"
                yield Import(in_project(file), child.lineno, at_start, True, False)
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(path, child, at_start and not inside)


def _file_of(module: Path) -> Path | None:
    if module.with_suffix(".py").is_file():
        return module.with_suffix(".py")
    return module / "__init__.py" if (module / "__init__.py").is_file() else None


def needs_torch(path: Path) -> bool:
    return any(path.is_relative_to(PACKAGE / room) for room in TORCH_ROOMS)


EXTENSION = [ROOT / "__init__.py", *sources(ADDON, PACKAGE)]
LIGHT = [path for path in EXTENSION if not needs_torch(path)]


def imported(paths: list[Path], strange: Callable[[Path, Import], bool]) -> list[str]:
    """The strange imports of some files, each as a place that an editor opens."""
    return [
        f"{in_project(path)}:{each.line} imports {each.name}"
        for path in paths
        for each in imports(path)
        if strange(path, each)
    ]


def top(each: Import) -> str:
    return each.name.partition(".")[0]


def test_torch_and_its_company_stay_in_their_rooms():
    assert imported(LIGHT, lambda path, each: top(each) in COMPANY) == []


def test_what_blender_loads_needs_only_numpy_and_the_standard_library():
    def strange(path: Path, each: Import) -> bool:
        allowed = STANDARD | (BLENDERS if path.is_relative_to(ADDON) else set())
        return each.at_start and not each.own and top(each) not in allowed

    assert imported(LIGHT, strange) == []


def test_the_addon_imports_nothing_that_blender_lacks():
    assert imported(sources(ADDON), lambda path, each: not each.own and top(each) not in STANDARD | BLENDERS) == []


def test_loading_a_light_module_loads_no_room_of_torch():
    ways = [" imports ".join(in_project(step) for step in way) for way in _ways_to_torch().values() if way[1:]]
    assert ways == []


@cache
def _ways_to_torch() -> dict[Path, list[Path]]:
    """Every light module that loads a room of torch, with a shortest chain of imports at module level to it.

    Loading a module loads the __init__ files of the packages above it, too.
    """
    loaders: dict[Path, set[Path]] = {}
    for path in LIGHT:
        for each in imports(path):
            if each.own and each.at_start:
                file = ROOT / each.name
                for loaded in (file, *_packages_above(file)):
                    loaders.setdefault(loaded, set()).add(path)
    ways = {path: [path] for path in loaders if needs_torch(path)}
    new = list(ways)
    while new:
        loaded = new.pop(0)
        for path in loaders.get(loaded, set()) - ways.keys():
            ways[path] = [path, *ways[loaded]]
            new.append(path)
    return ways


def _packages_above(file: Path) -> Iterator[Path]:
    for folder in file.parents:
        if folder == ROOT:
            return
        if (folder / "__init__.py").is_file():
            yield folder / "__init__.py"


def test_folders_import_each_other_in_one_direction_only():
    """A file beside folders (errors, compat) is a room of its own; a folder and those inside it are one."""
    arrows: dict[Path, set[Path]] = {}
    for path in EXTENSION:
        for each in imports(path):
            here, there = _room(path), _room(ROOT / each.name)
            if each.own and each.at_start and not (here.is_relative_to(there) or there.is_relative_to(here)):
                arrows.setdefault(here, set()).add(there)
    assert not (circles := _circles(arrows)), circles


def test_files_import_each_other_in_one_direction_only():
    arrows = {path: {ROOT / each.name for each in imports(path) if each.own and each.at_start} for path in EXTENSION}
    assert not (circles := _circles(arrows)), circles


def _room(path: Path) -> Path:
    return path if path.parent in (ROOT, ADDON, PACKAGE) else path.parent


def _circles(arrows: dict[Path, set[Path]]) -> list[str]:
    reached = {start: _reached(start, arrows) for start in arrows}
    return [
        f"{in_project(start)} → {in_project(end)} → … → {in_project(start)}"
        for start, ends in arrows.items()
        for end in ends
        if start in reached.get(end, ())
    ]


def _reached(start: Path, arrows: dict[Path, set[Path]]) -> set[Path]:
    found: set[Path] = set()
    new = set(arrows[start])
    while new:
        found |= new
        new = set().union(*(arrows.get(each, set()) for each in new)) - found
    return found


def test_what_is_imported_from_the_project_is_there():
    missing = []
    for path in [*EXTENSION, *sources(*TOOLS)]:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ImportFrom) and (base := _module_of(path, node)):
                for alias in node.names:
                    file = _file_of(base)
                    if not (_file_of(base / alias.name) or (file and alias.name in _names_of(file))):
                        missing.append(
                            f"{in_project(path)}:{node.lineno} imports {alias.name}, not in {in_project(base)}"
                        )
    assert missing == []


def _module_of(path: Path, node: ast.ImportFrom) -> Path | None:
    """The project's own module, without a suffix, that an import statement names."""
    words = (node.module or "").split(".")
    if node.level:
        return path.parents[node.level - 1].joinpath(*filter(None, words))
    return ROOT.joinpath("backend", *words) if words[0] in ("motion_bridge", "benchmarks", "training") else None


@cache
def _names_of(path: Path) -> set[str]:
    """Every name that the file binds anywhere."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name)
    return names


def test_the_extension_imports_its_own_parts_relatively():
    own = ("motion_bridge", "addon", "backend", "bl_ext")
    assert imported(EXTENSION, lambda path, each: each.absolute and top(each) in own) == []


def test_the_package_knows_nothing_of_its_tools():
    def strange(path: Path, each: Import) -> bool:
        inside = any((ROOT / each.name).is_relative_to(tool) for tool in TOOLS)
        return inside or top(each) in ("benchmarks", "training")

    assert imported(EXTENSION, strange) == []


def test_only_compat_asks_for_blenders_version():
    askers = [
        in_project(path)
        for path in EXTENSION
        if path != ADDON / "compat.py" and any(_asks_for_version(node) for node in ast.walk(tree(path)))
    ]
    assert askers == []


def _asks_for_version(node: ast.AST) -> bool:
    """`bpy.app.version` and the like; saying `version_string` to a person is not a question."""
    return (
        isinstance(node, ast.Attribute)
        and node.attr in ("version", "version_file")
        and (getattr(node.value, "attr", "") == "app" or getattr(node.value, "id", "") == "app")
    )


def test_nothing_runs_stored_code():
    for path in EXTENSION:
        assert not {each.name for each in imports(path)} & {"pickle", "marshal", "shelve"}, path
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec"), f"{path}:{node.lineno} calls {node.func.id}"


# Where files are opened, JSON is parsed and programs are started; everything else asks there.
OPENERS = (
    PACKAGE / "files",
    PACKAGE / "launch.py",
    PACKAGE / "terminal.py",
    PACKAGE / "models" / "safetensors_file.py",
)
GUARDED = {
    *("open", "os.open", "io.open", "os.unlink", "os.remove", "os.replace", "os.rename", "os.system", "os.popen"),
    *("json.load", "json.loads", "np.load", "np.loadtxt", "np.genfromtxt", "np.fromfile", "av.open"),
    *("os.path.expanduser", "Path.home", "load_file", "safetensors.torch.load_file"),
    *(f"tempfile.{name}" for name in ("gettempdir", "TemporaryFile", "NamedTemporaryFile", "TemporaryDirectory")),
    *(f"tempfile.{name}" for name in ("mkdtemp", "mkstemp", "SpooledTemporaryFile")),
    *("subprocess.run", "subprocess.Popen", "subprocess.call", "subprocess.check_output", "subprocess.check_call"),
}
GUARDED_METHODS = {"read_text", "read_bytes", "write_text", "write_bytes", "unlink", "rename", "touch", "expanduser"}
ROOMS_OF_FILES = {"regular", "writing", "json_text", "npy", "png"}  # modules with functions of such names
TRUSTED = {  # file: call → why it opens something by itself
    "takes/lock.py: Path(f'/proc/{owner.pid}/stat').read_text": "the system's own",
    "hardware.py: Path('/proc/meminfo').read_text": "the system's own",
    "metrics/memory.py: told.read_text": "the system's own",
    "takes/writer.py: json.loads": "what was written a moment ago",
    "ipc/server.py: os.open": "nothing, in stdin's place",
    "media/movie.py: av.open": "writes",
    "geometry/map_scene.py: np.fromfile": "an array that is mapped already",
    "schedules/prompt_documents.py: json.loads": "a text in quotes that a pattern found",
    "media/decoding.py: av.open": "reads what files/regular.py has opened",
    "addon/scene/animated_settings.py: copy.collection.objects.unlink": "an object, from a collection",
    "addon/scene/animated_settings.py: copy.collection.children.unlink": "a collection, from another",
}


def test_what_comes_from_outside_is_opened_in_one_room():
    """With limits, without following links, without waiting: see backend/motion_bridge/files."""
    found, used = [], set()
    for path in EXTENSION:
        if any(path.is_relative_to(each) for each in OPENERS):
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and _opens(node.func):
                said = f"{path.relative_to(PACKAGE if PACKAGE in path.parents else ROOT)}: {ast.unparse(node.func)}"
                used.add(said)
                if said not in TRUSTED:
                    found.append(f"{said} in line {node.lineno}")
    assert not found, "\n".join(found)
    assert not TRUSTED.keys() - used, f"no longer needed: {', '.join(TRUSTED.keys() - used)}"


def _opens(function: ast.expr) -> bool:
    if ast.unparse(function) in GUARDED:
        return True
    return (
        isinstance(function, ast.Attribute)
        and function.attr in GUARDED_METHODS
        and ast.unparse(function.value) not in ROOMS_OF_FILES
        and not ast.unparse(function.value).startswith("self.")  # a method of our own
    )


def test_the_rule_about_opening_sees_what_it_forbids():
    forbidden = (
        "open(path)",
        "path.read_text()",
        "json.loads(text)",
        "Path(a).unlink()",
        "np.load(p)",
        "os.replace(a, b)",
        "Path(a).expanduser()",
        "tempfile.mkdtemp()",
    )
    for text in forbidden:
        assert _opens(ast.parse(text, mode="eval").body.func), text
    for text in ("regular.read_text(path)", "text.replace(a, b)", "json_text.read(path)", "self.student.read_text(a)"):
        assert not _opens(ast.parse(text, mode="eval").body.func), text


def test_every_example_and_document_that_the_readme_names_is_there():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = [word.strip("`(),.:;") for word in readme.replace("](", " ").split()]
    paths = {word for word in named if word.startswith(("docs/", "examples/", "constraints/"))}
    assert paths, "the README names no file of the project"
    missing = sorted(path for path in paths if not (ROOT / path).exists())
    assert not missing, f"the README names {', '.join(missing)}"


def test_what_tests_share_stands_in_their_helpers_under_a_name_of_its_own():
    """pytest imports each test file by its path; tests/helpers is the only folder of tests that imports look into."""
    tests = ROOT / "tests"
    helpers = {path.stem for path in (tests / "helpers").glob("*.py")}
    elsewhere = {path.stem for folder in ("backend", "tools") for path in (ROOT / folder).iterdir()}
    assert not helpers & (elsewhere | set(sys.stdlib_module_names))
    for path in sources(tests):
        inside_blender = path.parent == tests / "real"  # scripts that the Blender program is told to run
        strange = path.name != "conftest.py" and not path.stem.startswith("test_") and path.parent != tests / "helpers"
        assert inside_blender or not strange, f"{in_project(path)} belongs in tests/helpers, under a name of its own"
        for each in imports(path):
            imported = each.name.partition(".")[0]
            assert imported != "conftest" and not imported.startswith("test_"), (
                f"{in_project(path)}:{each.line}: {each.name}"
            )
