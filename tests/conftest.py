"""What all tests share."""

import os
from pathlib import Path

import pytest

pytest_plugins = ["reliability", "separate_files"]


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Processes that tests start find the package as the tests do, installed or not."""
    paths = [str(Path(__file__).resolve().parents[1] / "backend"), os.environ.get("PYTHONPATH")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
