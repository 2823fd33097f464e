"""What the artist sees and presses."""

from . import deforum, exchange, keymap, motionstream, operators, panels, preferences, prompts, settings, tracks

PARTS = (preferences, operators, panels, prompts, tracks, deforum, motionstream, settings, exchange, keymap)  # as shown


def register() -> None:
    for part in PARTS:
        part.register()


def unregister() -> None:
    for part in reversed(PARTS):
        part.unregister()
