"""Who has the last word: a settings file goes before what held already, a preset before the file, and what is asked
for by name before the preset.
"""

from dataclasses import replace
from functools import reduce

from ..shot import UNSPECIFIED, GenerationSettings
from . import settings_parser
from .base import Engine


def combined(
    engine: Engine,
    below: GenerationSettings = UNSPECIFIED,
    *,
    file: GenerationSettings = UNSPECIFIED,
    preset: str = "",
    named: GenerationSettings = UNSPECIFIED,
) -> GenerationSettings:
    """All that holds. below: what holds without any of them; preset: its name. BadInput for one that is not there."""
    chosen = settings_parser.preset(engine, preset) if preset else UNSPECIFIED
    return reduce(lambda low, high: over(engine, low, high), (file, chosen, named), below)


def over(engine: Engine, below: GenerationSettings, above: GenerationSettings) -> GenerationSettings:
    """Settings on top of others, together with whatever else the engine says that they set."""
    implied: dict[str, str] = {}
    for name in above.schedules:
        implied |= engine.overrides.get(name, {})
    return replace(above, schedules={**implied, **above.schedules}).over(below)
