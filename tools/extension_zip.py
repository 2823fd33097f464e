"""What a finished zip of the extension must hold, and what must not be in it."""

import ast
import re
import stat
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SHIPPED = (  # what begins with one of these goes to users; everything else stays here
    *("__init__.py", "blender_manifest.toml", "LICENSE", "addon/"),
    *("backend/__main__.py", "backend/pyproject.toml", "backend/motion_bridge/"),
)
LARGEST_FILE = 4 << 20  # bytes
NETWORK = ("http", "httpx", "httpx2", "requests", "smtplib", "ftplib", "ssl", "urllib.request", "websockets")


@dataclass(frozen=True)
class Build:
    """One of the builds: what its manifest asks for, and how many bytes its zip may have."""

    permissions: frozenset[str]
    largest: int


FULL = Build(frozenset({"clipboard", "files", "network"}), 16 << 20)  # the sketch models are most of it
PLATFORM = Build(frozenset({"clipboard", "files"}), 2 << 20)


def faults(zipped: Path, tracked: set[str], build: Build = FULL) -> list[str]:
    """Everything that is wrong with a zip, as sentences.

    tracked: the paths that git knows; a zip holds all of these that are shipped, and no stray file beside them.
    """
    with zipfile.ZipFile(zipped) as archive:
        return list(_faults(zipped, archive, {path for path in tracked if path.startswith(SHIPPED)}, build))


def _faults(zipped: Path, archive: zipfile.ZipFile, wanted: set[str], build: Build) -> Iterator[str]:
    files = {each.filename: each for each in archive.infolist() if not each.is_dir()}
    yield from (f"{name} is not in the zip." for name in sorted(wanted - files.keys()))
    yield from (f"{name} does not belong in the zip." for name in sorted(files.keys() - wanted))
    for name, each in files.items():
        mode = each.external_attr >> 16
        if mode and not stat.S_ISREG(mode):
            yield f"{name} is not a regular file."
        elif mode & 0o133:
            yield f"{name} has the mode {stat.S_IMODE(mode):o}; it must be 644 at most."
        if each.file_size > LARGEST_FILE:
            yield f"{name} has {each.file_size:,} bytes; {LARGEST_FILE:,} are allowed."
    if zipped.stat().st_size > build.largest:
        yield f"The zip has {zipped.stat().st_size:,} bytes; {build.largest:,} are allowed."
    yield from _import_faults(archive, {name for name in files if name.endswith(".py")}, build)
    if "blender_manifest.toml" in files:
        manifest = tomllib.loads(archive.read("blender_manifest.toml").decode())
        asked = set(manifest.get("permissions", {}))
        if asked != build.permissions:
            yield f"The manifest asks for {sorted(asked)}; only {sorted(build.permissions)} is meant."
        if zipped.name != (name := f"{manifest['id']}-{manifest['version']}.zip"):
            yield f"{zipped.name} should be named {name}."


def _import_faults(archive: zipfile.ZipFile, modules: set[str], build: Build) -> Iterator[str]:
    """Relative imports of what is not in the zip; and modules of the network in one that does not ask for it."""
    for path in sorted(modules):
        here = path.split("/")[:-1]
        for node in _imports(ast.parse(archive.read(path))):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = here[: len(here) + 1 - node.level] + (node.module.split(".") if node.module else [])
                if not _is_module(base, modules):
                    yield f"{path} imports {'.'.join(base)}, which is not in the zip."
                continue
            named = [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
            for name in named:
                if "network" not in build.permissions and f"{name}.".startswith(tuple(f"{each}." for each in NETWORK)):
                    yield f"{path} imports {name}; this build does not ask for the network."


def _imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """All imports, those inside functions too, but for those that only type checkers see."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif not (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            yield from _imports(node)


def _is_module(parts: list[str], modules: set[str]) -> bool:
    path = "/".join(parts)
    return not parts or f"{path}.py" in modules or f"{path}/__init__.py" in modules


def versions(root: Path) -> dict[str, str]:
    """The version that each place states."""
    manifest = tomllib.loads((root / "blender_manifest.toml").read_text(encoding="utf-8"))
    package = (root / "backend/motion_bridge/__init__.py").read_text(encoding="utf-8")
    return {
        "blender_manifest.toml": manifest["version"],
        "backend/motion_bridge/__init__.py": _first(r'^__version__ = "(.+)"$', package),
        "CHANGELOG.md": _first(r"^## \[(\d[^]]*)\]", (root / "CHANGELOG.md").read_text(encoding="utf-8")),
    }


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1] if found else "none"


def idle_excludes(root: Path, tracked: set[str]) -> list[str]:
    """The manifest's excludes with a leading slash that match nothing git knows and nothing it is told to ignore."""
    manifest = tomllib.loads((root / "blender_manifest.toml").read_text(encoding="utf-8"))
    ignored = {f"/{line}" for line in (root / ".gitignore").read_text(encoding="utf-8").splitlines()}
    patterns = [each for each in manifest["build"]["paths_exclude_pattern"] if each.startswith("/")]
    return [
        each
        for each in patterns
        if each not in ignored and not any(f"/{path}".startswith(each.rstrip("*")) for path in tracked)
    ]
