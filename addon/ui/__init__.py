"""What the artist sees and presses."""

from . import (
    downloads,
    engine_panels,
    estimate,
    exchange,
    judge,
    keymap,
    operators,
    overlay,
    panels,
    preferences,
    prompts,
    readiness,
    settings,
    tracks,
)

PARTS = (  # panels stand in this order
    preferences,
    downloads,
    readiness,
    operators,
    estimate,
    overlay,
    panels,
    prompts,
    tracks,
    engine_panels,
    settings,
    exchange,
    judge,
    keymap,
)


def register() -> None:
    for part in PARTS:
        part.register()


def unregister() -> None:
    for part in reversed(PARTS):
        part.unregister()
