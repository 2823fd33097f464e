"""The backend's own Python environment, outside Blender: made beside the one in use, then put in its place.

    ROOT/uv/VERSION/uv    the installer
    ROOT/cache/           what was fetched; an interrupted install finds it again
    ROOT/python/          the Python that uv brings
    ROOT/new/             an environment that is not whole: its name is the mark
    ROOT/backend/         the whole one
    ROOT/install.log      what uv said

An environment is never mended: a process that is killed while it writes packages leaves some that look whole. What
was fetched is kept, so beginning again costs seconds. The old environment goes when the new one has its name.
"""

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from .. import install_commands, launch
from ..errors import BackendFailed, BadInput
from ..files import home, json_text, regular, writing
from ..files.reserve import FULL
from ..takes import lock
from . import uv
from .uv import Wheel

NEW, WHOLE, OLD = "new", "backend", "old"
RECORD = "motion_bridge.json"  # in a whole environment: what it was made from
LOG = "install.log"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
PYTHON = "3.12"  # that uv brings
LOOK = 1.0  # seconds between two looks at how far it is
SPARE = 1e9  # bytes of disk that stay free
LONGEST_SAID = 400  # characters of uv's last words in a sentence

Tell = Callable[[str, float, float], None]  # stage, bytes so far, bytes about in all


@dataclass(frozen=True)
class Recipe:
    """What an environment is made from. Another recipe makes an environment out of date."""

    torch: str = "torch>=2.13,<2.14"
    torch_backend: str = "auto"  # uv chooses the build for this GPU; empty: the index alone
    requirements: Path = REQUIREMENTS
    python: str = ""  # to make it from; empty: one that uv brings
    wheels: Path | None = None  # a folder that everything comes from; the network is not used then
    wheel: Wheel = field(default_factory=uv.this_wheel)

    def digest(self) -> str:
        """The same for the same packages, whatever Python they are for."""
        locked = regular.read_bytes(self.requirements).replace(b"\r\n", b"\n")
        return hashlib.sha256(f"{self.torch}\n".encode() + locked).hexdigest()


class Condition(Enum):
    """What there is of an environment."""

    ABSENT = "not installed"
    INCOMPLETE = "incomplete"
    OUTDATED = "made for another version"
    READY = "ready"


@dataclass(frozen=True)
class Status:
    condition: Condition
    python: Path | None = None  # that can be used, out of date or not


def default_root() -> Path:
    """Where it lies unless somebody says otherwise; short on Windows, whose paths may have 260 characters."""
    if sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local, "mb")
    own = home.home()
    if own is None:
        raise BadInput("No home folder is known, so there is no place for the backend; name a folder for it.")
    return own / ".local" / "share" / "motion-bridge" / "environment"


def expected_size(system: str = sys.platform) -> float:
    """About how many bytes are fetched: torch's own libraries are most of it."""
    return 1.0e9 if system == "darwin" else 3.5e9 if system == "win32" else 5.0e9


def status(root: Path, digest: str) -> Status:
    """What lies in a root, for a recipe's digest; two files are looked at."""
    python = python_of(root / WHOLE)
    if python.is_file():
        made_from = _recorded(root / WHOLE).get("recipe")
        return Status(Condition.READY if made_from == digest else Condition.OUTDATED, python)
    begun = (root / NEW).is_dir() or (root / "uv").is_dir() or (root / OLD).is_dir()
    return Status(Condition.INCOMPLETE if begun else Condition.ABSENT)


def python_of(environment: Path) -> Path:
    return Path(install_commands.python_of(environment, install_commands.Machine(sys.platform)))


def install(root: Path, recipe: Recipe, tell: Tell) -> Path:
    """Make the environment, or replace one; the path of its Python.

    BadInput where there is no room, DownloadFailed and BackendFailed with uv's last words. Whatever ends it early, the
    environment that was in use stays in use, and the next call continues with what was fetched.
    """
    if reason := install_commands.impossible(install_commands.this_machine()):
        raise BadInput(reason)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with lock.held(root):
            return _install(root, recipe, tell)
    except OSError as fault:
        if fault.errno in FULL:
            raise BadInput(
                f"The disk of {root} is full. Make room and install again; what was fetched is kept."
            ) from None
        raise BadInput(
            f"The backend cannot be written to {root}: {fault.strerror or fault}. End jobs that use it, or name "
            "another folder."
        ) from None


def remove(root: Path) -> float:
    """Delete everything that `install` made; how many GB that were."""
    freed = 0.0
    with lock.held(root):
        for name in (WHOLE, NEW, OLD, "cache", "python", "uv"):
            freed += size_of(root / name)
            shutil.rmtree(root / name, ignore_errors=True)
        writing.remove(root, LOG)
    return freed / 1e9


def recover(root: Path) -> None:
    """Finish, or undo, an exchange of environments that was interrupted."""
    if not (root / WHOLE).exists():
        if _recorded(root / NEW):
            writing.move(root / NEW, root / WHOLE)
        elif (root / OLD).exists():
            writing.move(root / OLD, root / WHOLE)
    shutil.rmtree(root / OLD, ignore_errors=True)


def _install(root: Path, recipe: Recipe, tell: Tell) -> Path:
    recover(root)
    shutil.rmtree(root / NEW, ignore_errors=True)
    about = expected_size()
    have = size_of(root / "cache")
    free = shutil.disk_usage(root).free
    if (wanted := about - have + SPARE) > free:
        raise BadInput(
            f"About {wanted / 1e9:.0f} GB are needed and {free / 1e9:.1f} GB are free on the disk of {root}."
        )
    tell("Fetching the installer", 0, about)
    run = _Uv(uv.provide(root, recipe.wheel, recipe.wheels), root, tell)
    base = (
        ["--python", recipe.python, "--no-managed-python"]
        if recipe.python
        else ["--python", PYTHON, "--managed-python"]
    )
    run("Making a Python environment", "venv", "--relocatable", "--no-project", *base, root / NEW)
    python = ("--python", python_of(root / NEW))
    locked = ("--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", recipe.requirements)
    place = ("--no-index", "--find-links", recipe.wheels) if recipe.wheels else ()
    run("Fetching packages", "pip", "install", *python, *place, *locked)
    backend = ("--torch-backend", recipe.torch_backend) if recipe.torch_backend else ()
    run("Fetching torch", "pip", "install", *python, *place, *backend, "--only-binary", ":all:", recipe.torch)
    run("Checking", "pip", "check", *python)
    record = {"version": 1, "recipe": recipe.digest()}
    writing.write(root / NEW, RECORD, json.dumps(record).encode())
    if (root / WHOLE).exists():
        writing.move(root / WHOLE, root / OLD)
    writing.move(root / NEW, root / WHOLE)
    shutil.rmtree(root / OLD, ignore_errors=True)
    return python_of(root / WHOLE)


class _Uv:
    """Runs uv, which keeps all it fetches below the root, and tells how much that is."""

    def __init__(self, program: Path, root: Path, tell: Tell):
        self._program, self._root, self._tell = program, root, tell
        self._variables = {
            "UV_CACHE_DIR": str(root / "cache"),
            "UV_PYTHON_INSTALL_DIR": str(root / "python"),
            "UV_NO_CONFIG": "1",
            "UV_NO_PROGRESS": "1",
            "VIRTUAL_ENV": "",
        }

    def __call__(self, stage: str, *words: str | Path) -> None:
        with writing.create(self._root, LOG) as log:
            command = [self._program, "--color", "never", *words]
            process = launch.start(command, self._variables, stdin=launch.DEVNULL, stdout=log, stderr=log)
            try:
                while True:
                    self._tell(stage, size_of(self._root / "cache"), expected_size())
                    try:
                        code = process.wait(LOOK)
                        break
                    except launch.TimeoutExpired:
                        continue
            finally:
                process.kill()
                process.wait()
        if code:
            said = regular.read_text(self._root / LOG)[-4000:]
            raise BackendFailed(f"{stage} failed: uv {launch.how_it_ended(code)}. {_last_words(said)}")


def _last_words(said: str) -> str:
    """The end of what uv said on one line, without passwords that an index's address may hold."""
    return re.sub(r"//[^/@\s]+@", "//", " ".join(said.split()))[-LONGEST_SAID:]


def _recorded(environment: Path) -> dict[str, object]:
    try:
        return json_text.read_object(environment / RECORD)
    except BadInput:
        return {}


def size_of(folder: Path) -> float:
    """Bytes of the files in a folder, a file with several names counted once; links are not followed."""
    total, met, waiting = 0, set(), [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                for each in found:
                    about = each.stat(follow_symlinks=False)
                    if each.is_dir(follow_symlinks=False) and not writing.is_link(about):
                        waiting.append(each.path)
                    elif about.st_nlink < 2 or not about.st_ino or about.st_ino not in met:
                        met.add(about.st_ino)
                        total += about.st_size
        except OSError:
            continue  # it went away meanwhile
    return float(total)
