"""Defaults of a signature that can be told from the same value, given by somebody.

A settings file or a Shot goes before a default, and after whatever was asked for.
"""

from collections.abc import Mapping
from typing import Any


class UnspecifiedText(str):
    """A text that stands in a signature."""

    __slots__ = ()


class UnspecifiedNumber(int):
    """A number that stands in a signature."""

    __slots__ = ()


def specified(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for, without the defaults."""
    return {name: value for name, value in given.items() if not isinstance(value, UnspecifiedText | UnspecifiedNumber)}
