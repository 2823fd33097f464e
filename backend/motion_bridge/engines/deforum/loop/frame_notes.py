"""What a key frame says about itself in its file."""

from typing import Any

from ....schedules.prompts import held, split
from .context import LoopContext
from .loop_state import LoopState


def notes(context: LoopContext, state: LoopState) -> dict[str, Any]:
    """Prompt, negative prompt and seed of the frame at work; of the first also what a resumed job must keep."""
    schedules, shot, k = context.schedules, context.shot, state.frame
    prompt, avoided = split(schedules.text(state.prompts, k), k, schedules.context)
    negative = ", ".join(part for part in (held(shot.negative, shot.frames[k]), avoided) if part)
    found: dict[str, Any] = {"prompt": prompt, "negative": negative, "seed": schedules.seeds[k]}
    if k == 0:
        found["precision"] = context.model.parts.precision  # a resumed job keeps it, whatever memory is free by then
        if context.settings["model"] != shot.settings.get("model"):
            found["model"] = context.settings["model"]  # and what was chosen for it, whatever models are there by then
    return found
