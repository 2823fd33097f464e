"""What a frame was made with, back in the panel."""

from pathlib import Path
from typing import Any

import bpy

from ...backend.motion_bridge.engines import base as engines
from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.provenance.restoring import restored
from ...backend.motion_bridge.shot import GenerationSettings
from . import prompt_markers, settings_of

SEEDS = 2**31  # Blender's numbers


def restore(scene: bpy.types.Scene, frame: Path) -> tuple[str, ...]:
    """Set engine, prompts, seed, settings and schedules as they were for a frame; what could not be set.

    BadInput for a picture that was not made here, or whose settings are not settings.
    """
    found = restored(frame)
    engine, own = engines.find(found.engine), found.generation
    known = {name: value for name, value in own.settings.items() if name in engine.defaults}
    engines.checked(engine, known)
    settings: Any = settings_of(scene)
    settings.engine = found.engine
    notices = list(found.notices)
    if not notices:
        prompt_markers.clear(scene)
        for number, text in sorted(own.prompts.items()):
            prompt_markers.add(scene, number, text)
        settings.active_prompt = 0
        settings.negative = next(iter(own.negative.values()), "")
        settings.seed = (own.seed or 0) % SEEDS
        if (own.seed or 0) != settings.seed:
            notices.append(f"the seed {own.seed} is larger than Blender's numbers")
    try:
        settings.show_engine(GenerationSettings(settings=known, schedules=own.schedules))
    except (TypeError, ValueError, AttributeError) as fault:
        raise BadInput(f"{frame} has settings that the panel cannot show: {fault}") from None
    return tuple(notices)
