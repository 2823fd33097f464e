"""Whether the Python that makes the frames can run an engine, and what a person does when it cannot."""

import sys
from functools import cache
from pathlib import Path

from ...backend.motion_bridge import install_commands as shell_commands
from ...backend.motion_bridge.engines import diagnostics as backend_doctor
from ...backend.motion_bridge.files import home
from . import command, diagnostics, remote

VENV = "motion-bridge-python"
INVITATION = (
    "This engine needs a Python of its own with torch: install the GPU backend, or run the commands in {shell}. "
    "Reproject needs nothing."
)
LACKING = (
    "Blender's Python cannot run this engine: {lack}. Copy the commands into {shell}, wait, and choose the new Python "
    "in the preferences."
)


def lacking(engine: str) -> str | None:
    """What keeps an engine from running, as far as it is known without starting anything; None where nothing does.

    BadInput when the preferences name a Python that is not there.
    """
    if remote.used_by(engine):
        return None  # what that machine lacks, the Test button says, and a job
    python = command.python()
    if python == sys.executable:
        lack = _lack(engine)
        if lack is None or "package torch" in lack:
            return lack and _invitation()
        return LACKING.format(lack=lack.partition(": ")[0], shell=shell_commands.shell(shell_commands.this_machine()))
    report = diagnostics.report_of(engine, python)
    return None if report in (None, "ready") else f"{python}: {report}"


@cache
def _lack(engine: str) -> str | None:
    """Asked once, because the panel is drawn often: Blender's own Python does not change while it runs."""
    return backend_doctor.lack(engine)


def _invitation() -> str:
    machine = shell_commands.this_machine()
    return shell_commands.impossible(machine) or INVITATION.format(shell=shell_commands.shell(machine))


def install_commands(engine: str) -> str:
    """What to type for a Python that can run an engine, a line each."""
    lines = shell_commands.environment(_folder(), f"{command.BACKEND}[{engine}]", shell_commands.this_machine())
    return "".join(f"{line}\n" for line in lines)


def new_python() -> Path:
    """The Python that those commands make."""
    return Path(shell_commands.python_of(_folder(), shell_commands.this_machine()))


def _folder() -> Path:
    """In the person's home; in the folder that the terminal opens in where there is none."""
    return (home.home() or Path()) / VENV
