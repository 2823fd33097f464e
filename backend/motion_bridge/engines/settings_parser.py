"""What somebody asks of an engine by name: keyword arguments, `--set name=value`, a preset.

A name is one of the engine's settings or, where it has any, one of its schedules; `_schedule` at a name's end may be
left out. Light, so that Blender's command line can use it too.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import BadInput, nearest
from ..schedules import writer
from .base import Engine
from .setting import Setting

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)

Sorted = tuple[dict[str, Any], dict[str, str]]


def sort(engine: Engine, asked: Mapping[str, Any], others: Iterable[str] = ()) -> Sorted:
    """The settings and the schedules that are asked for. BadInput for a name that neither has, with the nearest one.

    others: names that the caller knows itself, and that could have been meant.
    """
    settings: dict[str, Any] = {}
    schedules: dict[str, str] = {}
    schema: Mapping[str, Setting] = getattr(engine, "schema", {})
    known: Mapping[str, str] = getattr(engine, "schedules", {})
    spoken: Mapping[str, Any] = getattr(engine, "spoken", {})  # word → the schedule it stands for, and its translation
    for name, value in asked.items():
        if name in engine.defaults:
            settings[name] = schema[name].read(value) if name in schema else like(engine.defaults[name], value, name)
        elif name in known or f"{name}_schedule" in known:
            schedules[name if name in known else f"{name}_schedule"] = schedule(value, name)
        elif name in spoken:
            meant, translate = spoken[name]
            schedules[meant] = translate(schedule(value, name))
        else:
            short = (each.removesuffix("_schedule") for each in known)
            there = [*engine.defaults, *known, *short, *spoken, *others]
            raise BadInput(f"There is no setting or schedule {name!r}{nearest(name, there)}")
    return settings, schedules


def of_words(words: Iterable[str]) -> dict[str, str]:
    """`name=value` words as a mapping; BadInput for a word without a name."""
    found = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name.strip():
            raise BadInput(f"{word!r} is no setting; write --set name=value, such as --set cadence=2.")
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
