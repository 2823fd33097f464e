"""What is asked of an engine by name: keyword arguments, `--set name=value`, a preset, a JSON file.

A name is one of the engine's settings or, where it has any, one of its schedules; `_schedule` at a name's end may be
left out. Light, so that Blender's command line can use it too.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadInput, nearest
from ..files import json_text
from ..schedules import writer
from ..shot import GenerationSettings
from .base import Engine, ImportedSettings
from .setting import Setting

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


def parse(engine: Engine, values: Mapping[str, Any], others: Iterable[str] = ()) -> GenerationSettings:
    """The settings and schedules that are asked for. BadInput for a name that neither has, with the nearest one.

    others: names that the caller knows itself, and that could have been meant.
    """
    settings: dict[str, Any] = {}
    schedules: dict[str, str] = {}
    for name, value in values.items():
        if name in engine.defaults:
            setting = engine.schema.get(name) or Setting(name, engine.defaults[name], name, "")
            settings[name] = setting.read(value)
        elif name in engine.schedules or f"{name}_schedule" in engine.schedules:
            schedules[name if name in engine.schedules else f"{name}_schedule"] = schedule(value, name)
        elif name in engine.aliases:
            alias = engine.aliases[name]
            schedules[alias.schedule] = alias.translate(schedule(value, name))
        else:
            short = (each.removesuffix("_schedule") for each in engine.schedules)
            there = [*engine.defaults, *engine.schedules, *short, *engine.aliases, *others]
            raise BadInput(f"There is no setting or schedule {name!r}{nearest(name, there)}")
    return GenerationSettings(settings=settings, schedules=schedules)


def preset(engine: Engine, name: str) -> GenerationSettings:
    """A preset's settings and schedules under their full names; BadInput lists the presets there are."""
    if not engine.presets:
        raise BadInput(f"There is no preset {name!r}: this engine has none.")
    if name not in engine.presets:
        raise BadInput(f"There is no preset {name!r} among {', '.join(engine.presets)}{nearest(name, engine.presets)}")
    return parse(engine, engine.presets[name].values)


def read_json(engine: Engine, path: Path) -> ImportedSettings:
    """A JSON file of settings and schedules by their names; BadInput for what it is not."""
    return ImportedSettings(parse(engine, json_text.read_object(path)))


def assignments(texts: Iterable[str]) -> dict[str, str]:
    """Texts such as `name=value` as a mapping; BadInput for one without a name."""
    found = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise BadInput(f"{text!r} is not a setting; write --set name=value, such as --set cadence=2.")
        found[name.strip()] = value.strip()
    return found


def like(default: Any, value: Any, name: str) -> Any:
    """A value, or the text of one, in the type of a setting's default. BadInput names the setting."""
    return Setting(name, default, name, "").read(value)


def schedule(value: Any, name: str) -> str:
    """A schedule's text from a text, a number, {frame: number}, or one number for each frame."""
    if isinstance(value, str):
        return f"0:({value.strip()})" if NUMBER.fullmatch(value.strip()) else value
    try:
        if isinstance(value, Mapping):
            return writer.schedule({int(frame): float(number) for frame, number in value.items()})
        if np.ndim(value) == 1:
            return writer.schedule(float(number) for number in value)
        return writer.schedule([float(value)])
    except (TypeError, ValueError):
        raise BadInput(
            f"{name} is {value!r}; a schedule is a text such as '0:(1), 30:(2)', a number, or numbers by frame."
        ) from None
