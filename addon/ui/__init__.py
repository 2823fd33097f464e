"""What the artist sees and presses."""

from ..parts import part
from . import (
    engine_panels,
    estimate,
    exchange,
    expert,
    first_steps,
    keymap,
    live,
    live_overlay,
    look,
    notes,
    operators,
    overlay,
    panels,
    point_tool,
    preferences,
    presets,
    prompt_field,
    prompts,
    queue_panel,
    restore,
    take_actions,
    take_list,
    takes_panel,
    thumbnails,
    tracks,
    translations,
    viewing,
)

IN_ORDER = (  # panels stand in this order
    translations,
    thumbnails,
    preferences,
    part("ui.downloads"),
    part("ui.readiness"),
    operators,
    live,
    part("ui.schedules"),
    estimate,
    overlay,
    live_overlay,
    point_tool,
    prompt_field,
    notes,
    first_steps,
    viewing,
    take_list,
    take_actions,
    presets,
    panels,
    takes_panel,
    queue_panel,
    look,
    expert,
    engine_panels,
    prompts,
    tracks,
    restore,
    exchange,
    part("ui.judge"),
    part("ui.remote"),
    keymap,
)
PARTS = tuple(filter(None, IN_ORDER))  # those that this build has


def register() -> None:
    for each in PARTS:
        each.register()


def unregister() -> None:
    for each in reversed(PARTS):
        each.unregister()
