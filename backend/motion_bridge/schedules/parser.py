"""A schedule's text to its keys: `0:(1), 30:(t/2)`.

webui splits at every comma and then at the first colons, studio at commas outside brackets, classic looks for
`number:(…)` followed by a comma or the end. The superset reads what webui and studio read: a comma separates two keys
only where a colon follows before the next comma, so a function may hold commas, and a trailing comma is nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..errors import BadInput
from . import evaluator, expression
from .variables import Context, of_keys

LONGEST = 8_000_000  # characters of one schedule
CLASSIC = re.compile(r"(?P<key>[0-9]+):[\s]*\((?P<value>[\s\S]*?)\)(?:,[\s]?|[\s]?$)")
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
NUMBER = re.compile(r"[+-]?[0-9]*(?:\.[0-9]+)?")
DRESSING = str.maketrans("", "", "'\"()")


@dataclass(frozen=True)
class Key:
    """One entry of a schedule."""

    frame: int
    value: str  # as written, without space around it
    label: str  # the key as written, for messages
    column: int  # of the value in the schedule's text, from 1

    @property
    def plain(self) -> str:
        """The value without quotes and brackets."""
        return self.value.translate(DRESSING)

    @property
    def number(self) -> float | None:
        """The value if it is one by Deforum's reckoning: digits and a dot between them, no exponent, no spaces."""
        text = self.plain
        if not text or not NUMBER.fullmatch(text):
            return None
        if text in "+-":
            raise fault(self, f"'{text}' is a sign without a number")
        return float(text)


def fault(key: Key, message: str, at: int = 0) -> BadInput:
    """A failure at a place of a key's value."""
    return BadInput(f"key {key.label}, column {key.column + at}: {expression.ended(message)}")


def keys(text: str, context: Context) -> list[Key]:
    """All keys in the order written; BadInput names the key and the column."""
    if len(text) > LONGEST:
        raise BadInput(f"column 1: the schedule has {len(text)} characters; at most {LONGEST} are read.")
    if context.dialect == "classic":
        found = [_key(m["key"], m["value"], m.start("key"), m.start("value"), context) for m in CLASSIC.finditer(text)]
    else:
        found = [_entry(text, start, end, context) for start, end in _entries(text, context.dialect)]
    if not found:
        raise BadInput("column 1: there is no key; write frame:(value), as in 0:(1), 30:(2.5).")
    return found


def _entries(text: str, dialect: str) -> Iterator[tuple[int, int]]:
    """Where each entry starts and ends."""
    if dialect == "superset":
        return _split_at_keys(text)
    if dialect == "studio":
        return _split_outside_brackets(text)
    return _split_everywhere(text)


def _split_everywhere(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for piece in text.split(","):
        yield start, start + len(piece)
        start += len(piece) + 1


def _split_outside_brackets(text: str) -> Iterator[tuple[int, int]]:
    start = depth = 0
    for at, letter in enumerate(text):
        if letter == "," and depth == 0:
            yield start, at
            start = at + 1
        depth += (letter == "(") - (letter == ")")
    yield start, len(text)


def _split_at_keys(text: str) -> Iterator[tuple[int, int]]:
    masked = _mask(text)
    start, end = 0, -1
    for piece in masked.split(","):
        piece_start = end + 1
        if end >= 0 and ":" in piece:
            yield start, end
            start = piece_start
        end = piece_start + len(piece)
    while end > start and masked[end - 1] in ", \t\r\n":  # a trailing comma is nothing
        end -= 1
    if end > start:
        yield start, end


def _mask(text: str) -> str:
    """The text with everything quoted blanked out, except quoted keys, whose colon stands outside anyway."""
    if '"' not in text and "'" not in text:
        return text
    return QUOTED.sub(lambda match: "_" * len(match[0]), text)


def _entry(text: str, start: int, end: int, context: Context) -> Key:
    entry = text[start:end]
    masked = _mask(entry) if context.dialect == "superset" else entry
    first = masked.find(":")
    lead = len(entry) - len(entry.lstrip())
    if first < 0:
        hint = "; this dialect allows no comma inside a value" if start and context.dialect == "webui" else ""
        shown = entry.strip()[:30]
        raise BadInput(f"column {start + lead + 1}: '{shown}' is not a frame:(value){hint}.")
    second = masked.find(":", first + 1)
    value_end = second if second >= 0 else len(entry)
    return _key(entry[:first], entry[first + 1 : value_end], start, start + first + 1, context)


def _key(key: str, value: str, key_start: int, value_start: int, context: Context) -> Key:
    label = key.strip()
    column = key_start + len(key) - len(key.lstrip()) + 1
    frame = _frame(label, column, context)
    if context.dialect != "classic":  # there the brackets were no part of the value and its spaces are
        value_start += len(value) - len(value.lstrip())
    return Key(frame, value.strip(), label, value_start + 1)


def _frame(label: str, column: int, context: Context) -> int:
    if label.isdecimal() and len(label) < 10:
        return int(label)
    shown = f"key {label[:30] or '(empty)'}, column {column}"
    plain = label.translate(DRESSING)
    if plain and NUMBER.fullmatch(plain):
        if "." in plain or plain in "+-" or len(plain) > 10:
            raise BadInput(f"{shown}: a key is a whole frame number.")
        return int(plain)
    bare = label.replace("'", "", 1).replace('"', "", 1)
    bare = bare[::-1].replace("'", "", 1).replace('"', "", 1)[::-1]
    try:
        value = evaluator.run(expression.parse(bare), of_keys(context))
    except expression.Fault as wrong:
        raise BadInput(
            f"key {label[:30] or '(empty)'}, column {column + wrong.at}: {expression.ended(str(wrong))}"
        ) from None
    number = float(np.asarray(value).reshape(-1)[0])
    if not abs(number) < 1e10:
        raise BadInput(f"{shown}: the key is {number}, which is not a frame.")
    return int(number)
