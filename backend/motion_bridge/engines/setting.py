"""One setting of an engine, described once: what it may be, what it is by default, and what people read of it.

The description drives defaults, validation, `--set`, Blender's panel and the page in docs/.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import BadInput, nearest
from ..files import json_text

BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
FILE, FOLDER = "file", "folder"  # what a text may name beside its choices
KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


@dataclass(frozen=True)
class Choice:
    """One of the values that a setting may have."""

    value: str
    label: str  # on the screen
    help: str


@dataclass(frozen=True)
class Setting:
    """The type is that of the default: bool, int, float, str; a list or mapping is written as JSON."""

    name: str
    default: Any
    label: str  # on the screen
    help: str
    choices: tuple[Choice, ...] = ()
    names: str = ""  # FILE or FOLDER: a text may be its path instead of one of the choices
    least: float | None = None
    most: float | None = None
    usual: float | None = None  # what a slider ends at, where larger values are allowed
    unit: str = ""  # px, frames, …
    automatic: Any = None  # the value that leaves the number to the engine; it may lie outside the range

    @property
    def values(self) -> tuple[str, ...]:
        """What may be chosen."""
        return tuple(choice.value for choice in self.choices)

    def read(self, value: Any) -> Any:
        """A value, or the text of one, in this setting's type and range. BadInput names the setting and the remedy."""
        found = self._typed(value)
        self.check(found)
        return found

    def check(self, value: Any) -> None:
        """BadInput for a value of another type, outside the range, or among no choices."""
        number = isinstance(self.default, float) and isinstance(value, int) and not isinstance(value, bool)
        scalar = type(self.default) in KINDS
        if scalar and type(value) is not type(self.default) and not number:
            raise BadInput(f"{self.name} is {value!r}; it must be {self.kind}.")
        if self.choices and not self.names and value not in self.values:
            there = ", ".join(each or '""' for each in self.values)
            raise BadInput(f"{self.name} is {value!r}; choose one of {there}{nearest(str(value), self.values)}")
        if isinstance(value, int | float) and value != self.automatic and not self._inside(value):
            raise BadInput(f"{self.name} is {value!r}; it must be {self.kind} {self.range}.")

    @property
    def kind(self) -> str:
        """The type in words."""
        return KINDS.get(type(self.default), "JSON")

    @property
    def range(self) -> str:
        """The range in words; empty where there is none."""
        unit = f" {self.unit}" if self.unit else ""
        if self.least is not None and self.most is not None:
            words = f"from {self.least:g} to {self.most:g}{unit}"
        elif self.least is not None:
            words = f"of at least {self.least:g}{unit}"
        else:
            words = "" if self.most is None else f"of at most {self.most:g}{unit}"
        return words if self.automatic is None else f"{words}, or {self.automatic} for automatic"

    def _inside(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def _typed(self, value: Any) -> Any:
        try:
            match self.default:
                case bool():
                    return BOOLEANS[str(value).strip().lower()]
                case int():
                    if isinstance(value, float) and not value.is_integer():
                        raise ValueError
                    return int(value)
                case float():
                    number = float(value)
                    if not math.isfinite(number):
                        raise ValueError
                    return number
                case str():
                    return str(value)
            return json_text.parse(value, self.name) if isinstance(value, str) else value
        except (KeyError, ValueError, TypeError, OverflowError, BadInput):
            raise BadInput(f"{self.name} is {value!r}; it must be {self.kind}.") from None


def device(processor: str) -> Setting:
    """Where a model runs. processor: what to expect without a graphics card."""
    return Setting(
        "device",
        "",
        "Device",
        "Where the model runs",
        (
            Choice("", "Best", "A graphics card where there is one"),
            Choice("cuda", "NVIDIA or AMD", "CUDA or ROCm"),
            Choice("mps", "Apple", "Metal"),
            Choice("cpu", "Processor", processor),
        ),
    )


def by_name(settings: Iterable[Setting]) -> dict[str, Setting]:
    """Settings under their names."""
    return {setting.name: setting for setting in settings}


def defaults(schema: Mapping[str, Setting]) -> dict[str, Any]:
    """What every setting is when nobody sets it."""
    return {name: setting.default for name, setting in schema.items()}


def check(schema: Mapping[str, Setting], settings: Mapping[str, Any]) -> None:
    """BadInput for the first setting that has a wrong value. Names that are unknown are refused elsewhere."""
    for name, value in settings.items():
        if name in schema:
            schema[name].check(value)
