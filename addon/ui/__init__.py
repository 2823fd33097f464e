"""What the artist sees and presses."""

from . import exchange, keymap, operators, panels, preferences, prompts

PARTS = (preferences, prompts, operators, panels, exchange, keymap)


def register() -> None:
    for part in PARTS:
        part.register()


def unregister() -> None:
    for part in reversed(PARTS):
        part.unregister()
