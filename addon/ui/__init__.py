"""What the artist sees and presses."""

from ..parts import part
from . import (
    engine_panels,
    estimate,
    exchange,
    keymap,
    operators,
    overlay,
    panels,
    preferences,
    prompts,
    settings,
    tracks,
)

IN_ORDER = (  # panels stand in this order
    preferences,
    part("ui.downloads"),
    part("ui.readiness"),
    operators,
    estimate,
    overlay,
    panels,
    prompts,
    tracks,
    engine_panels,
    settings,
    exchange,
    part("ui.judge"),
    keymap,
)
PARTS = tuple(filter(None, IN_ORDER))  # those that this build has


def register() -> None:
    for each in PARTS:
        each.register()


def unregister() -> None:
    for each in reversed(PARTS):
        each.unregister()
