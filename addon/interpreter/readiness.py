"""Whether the Python that makes the frames can run an engine, and what a person does when it cannot."""

import os
import sys
from functools import cache
from pathlib import Path

from ...backend.motion_bridge.engines import diagnostics as backend_doctor
from . import command, diagnostics

VENV = Path.home() / "motion-bridge-python"
INVITATION = (
    "This engine needs a Python of its own with torch; Blender's has none. Copy two commands into a terminal, wait, "
    "and choose the new Python in the preferences. Until then Reproject shows the motion at once, with nothing to "
    "install."
)


def lacking(engine: str) -> str | None:
    """What keeps an engine from running, as far as it is known without starting anything; None where nothing does.

    BadInput when the preferences name a Python that is not there.
    """
    python = command.python()
    if python == sys.executable:
        return INVITATION if _lack(engine) else None
    said = diagnostics.said_of(engine, python)
    return None if said in (None, "ready") else f"{python}: {said}"


@cache
def _lack(engine: str) -> str | None:
    """Asked once, because the panel is drawn often: Blender's own Python does not change while it runs."""
    return backend_doctor.lack(engine)


def install_commands(engine: str) -> str:
    """What to type into a terminal for a Python that can run an engine."""
    start = "py -3" if os.name == "nt" else "python3"
    return f'{start} -m venv "{VENV}"\n"{new_python()}" -m pip install "{command.BACKEND}[{engine}]"\n'


def new_python() -> Path:
    """The Python that those commands make."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
