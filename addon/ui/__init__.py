"""What the artist sees and presses."""

from . import keymap, operators, panels, preferences, prompts

PARTS = (preferences, prompts, operators, panels, keymap)


def register() -> None:
    for part in PARTS:
        part.register()


def unregister() -> None:
    for part in reversed(PARTS):
        part.unregister()
