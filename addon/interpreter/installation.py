"""The GPU backend that the extension installs for itself, as the preferences say where."""

from functools import cache
from pathlib import Path

import bpy

from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.installation import environment
from ...backend.motion_bridge.installation.environment import Condition, Recipe, Status

OUTDATED = "The GPU backend was installed for another version of Motion Bridge; upgrade it."
INCOMPLETE = "Installing the GPU backend was interrupted; go on, and what was fetched is used."


def root() -> Path:
    """Where the environment lies. BadInput where the person has no home."""
    return environment.default_root()


def status() -> Status:
    """What there is of it."""
    try:
        return environment.status(root(), _digest())
    except BadInput:  # no home, or no installer for this machine
        return Status(Condition.ABSENT)


def python() -> str | None:
    """The Python of a whole environment; None where there is none."""
    found = status().python
    return str(found) if found else None


def gigabytes() -> float:
    """About how much an install fetches."""
    return environment.expected_size() / 1e9


def refuse_offline() -> None:
    """BadInput where Blender is not to use the network."""
    if not bpy.app.online_access:
        raise BadInput(
            "Blender does not use the network: Preferences > System > Network > Allow Online Access. "
            "Models and packages that are here already work without."
        )


@cache
def _digest() -> str:
    """Read once: the extension's files do not change while it is registered."""
    return Recipe().digest()
