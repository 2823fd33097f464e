"""JSON from outside: finite numbers, bounded depth, text that can be written again."""

import json
import math
import re
from pathlib import Path
from typing import Any

from ..errors import BadInput
from .regular import LARGEST_TEXT, read_text

DEEPEST = 64  # containers inside each other
LONGEST_NUMBER = 40  # characters
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def parse(text: str | bytes, where: str) -> Any:
    """The value of a JSON text. where: what it is, for the sentence.

    BadInput for what is not JSON by the book: NaN, infinities, numbers beyond floats, more than DEEPEST containers
    inside each other, text that is not Unicode.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        decoder = _CAREFUL if _LARGE.search(text) else _QUICK
        value = decoder.decode(text.removeprefix("\ufeff"))
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise BadInput(f"{where} is nested more than {DEEPEST} levels deep.") from None
    except UnicodeError:
        raise BadInput(f"{where} is not valid JSON: it holds text that is not Unicode.") from None
    except ValueError as fault:
        raise BadInput(f"{where} is not valid JSON: {str(fault)[:200]}.") from None
    if _deeper(value, DEEPEST):
        raise BadInput(f"{where} is nested more than {DEEPEST} levels deep.")
    return value


def read(path: Path, limit: int = LARGEST_TEXT, *, links: bool = True) -> Any:
    """The value in a JSON file."""
    return parse(read_text(path, limit, links=links), str(path))


def read_object(path: Path, limit: int = LARGEST_TEXT, *, links: bool = True) -> dict[str, Any]:
    """The object in a JSON file; BadInput where it holds something else."""
    value = read(path, limit, links=links)
    if not isinstance(value, dict):
        raise BadInput(f"{path} holds {_called(value)}; a JSON object belongs there.")
    return value


def _called(value: Any) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "null")


def _deeper(value: Any, levels: int) -> bool:
    """Whether containers lie more than so many levels inside each other; level by level, without recursion."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(levels):
        if not level:
            return False
        level = [
            child
            for each in level
            for child in (each.values() if isinstance(each, dict) else each)
            if isinstance(child, dict | list)
        ]
    return bool(level)


def _constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is out of range")
    return value


def _integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"{text[:20]}… has {len(text)} digits")
    return int(text)


_LARGE = re.compile(rf"[0-9]{{{LONGEST_NUMBER}}}|[eE]\+?[0-9]{{3}}")  # what a number too large would have in it
_QUICK = json.JSONDecoder(parse_constant=_constant)
_CAREFUL = json.JSONDecoder(parse_constant=_constant, parse_float=_finite, parse_int=_integer)
