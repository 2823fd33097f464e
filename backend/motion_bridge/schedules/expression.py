"""Expressions of the schedule language: text in, a short program for a stack machine out.

The language is arithmetic and nothing else: numbers, names, operators, a few functions. There are no attributes, no
strings, no indexing, no assignment, and no name means anything but what the caller hands to arithmetic.run. Length
and nesting are bounded here, the cost of running is bounded by the length.
"""

import re
from dataclasses import dataclass
from typing import Any

from ..errors import BadInput

LONGEST = 4000  # characters of one expression; the longest in public settings files has 120
DEEPEST = 60  # brackets and signs inside each other


class Fault(BadInput):
    """What is wrong with an expression, and where."""

    def __init__(self, message: str, at: int):
        super().__init__(message)
        self.at = at  # characters from the start of the expression


def ended(message: str) -> str:
    """A message as the end of a sentence; one that asks has its mark already."""
    return message if message.endswith("?") else f"{message}."


@dataclass(frozen=True)
class Step:
    """One instruction: push a number or a variable, or replace the topmost values by a result."""

    kind: str  # number, name, unary, binary, call
    what: Any  # the value, the name or the operator
    at: int
    takes: int = 0  # values that a call takes from the stack


Program = tuple[Step, ...]

TOKEN = re.compile(
    r"""\s*(?:
    (?P<number> 0[xX](?:_?[0-9a-fA-F])+ | 0[oO](?:_?[0-7])+ | 0[bB](?:_?[01])+
        | (?: DIGITS \.? (?:DIGITS)? | \.DIGITS ) (?: [eE][+-]?DIGITS )? )
    | (?P<name> [A-Za-z_]\w* )
    | (?P<sign> \*\* | // | << | >> | <= | >= | == | != | [-+*/%<>()&|^~,] )
    )""".replace("DIGITS", r"\d(?:_?\d)*"),
    re.VERBOSE | re.ASCII,
)
TRUTHS = {"True": True, "False": False}

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
STRENGTH: dict[str, int] = dict.fromkeys(COMPARISONS, 1)  # how tightly an operator binds, as in Python
STRENGTH |= {"|": 2, "^": 3, "&": 4, "<<": 5, ">>": 5, "+": 6, "-": 6, "*": 7, "/": 7, "//": 7, "%": 7, "**": 9}
SIGN_STRENGTH = 8  # of a minus, plus or ~ before a value: below a power, above a product

WORDS = {
    "and": "write (a) & (b)",
    "or": "write (a) | (b)",
    "not": "write ~(a)",
    "if": "write where(condition, value, otherwise)",
    "else": "write where(condition, value, otherwise)",
    "in": "compare with < and >",
    "is": "compare with ==",
    "lambda": "write the formula itself",
}


def parse(text: str) -> Program:
    """The program of an expression; Fault names what is wrong and the place."""
    if len(text) > LONGEST:
        raise Fault(f"the expression has {len(text)} characters; at most {LONGEST} are read", 0)
    reader = _Reader(_tokens(text), len(text.rstrip()))
    reader.expression(0, DEEPEST)
    if reader.here[0] != "end":
        raise Fault(f"unexpected '{reader.here[1]}'", reader.here[2])
    return tuple(reader.program)


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise Fault(f"'{text[at]}' means nothing here", at)
        found.append((match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    return found


class _Reader:
    """A precedence-climbing parser that emits the program in the order of execution."""

    def __init__(self, tokens: list[tuple[str, str, int]], end: int):
        self.tokens = [*tokens, ("end", "end of the expression", end)]
        self.position = 0
        self.program: list[Step] = []

    @property
    def here(self) -> tuple[str, str, int]:
        return self.tokens[self.position]

    def expression(self, strength: int, depth: int) -> None:
        """Read an expression whose operators all bind more tightly than `strength`."""
        self.value(depth)
        compared = False
        while True:
            kind, sign, at = self.here
            if kind == "name" and sign in WORDS:
                raise Fault(f"'{sign}' is not an operator here; {WORDS[sign]}", at)
            if kind != "sign" or STRENGTH.get(sign, 0) <= strength:
                return
            if sign in COMPARISONS:
                if compared:
                    raise Fault(f"a second '{sign}' in one comparison; write (a < b) & (b < c)", at)
                compared = True
            self.position += 1
            # A power takes its right side first and lets a sign stand there: 2**-t, t**2**2.
            self.expression(SIGN_STRENGTH - 1 if sign == "**" else STRENGTH[sign], depth - 1)
            self.program.append(Step("binary", sign, at))

    def value(self, depth: int) -> None:
        kind, text, at = self.here
        if depth <= 0:
            raise Fault(f"more than {DEEPEST} brackets or signs inside each other", at)
        self.position += 1
        if kind == "number":
            self.program.append(Step("number", _number(text, at), at))
        elif kind == "name":
            self.name(text, at, depth)
        elif kind == "sign" and text in "+-~":
            self.expression(SIGN_STRENGTH, depth - 1)
            self.program.append(Step("unary", text, at))
        elif kind == "sign" and text == "(":
            self.expression(0, depth - 1)
            self.close(at)
        else:
            raise Fault(f"a value is missing before '{text}'" if kind == "sign" else "a value is missing", at)

    def name(self, text: str, at: int, depth: int) -> None:
        if text in WORDS:
            raise Fault(f"'{text}' means nothing here; {WORDS[text]}", at)
        if text in TRUTHS:
            self.program.append(Step("number", TRUTHS[text], at))
            return
        if self.here[:2] != ("sign", "("):
            self.program.append(Step("name", text, at))
            return
        opened, count = self.here[2], 0
        self.position += 1
        if self.here[:2] != ("sign", ")"):
            count = 1
            self.expression(0, depth - 1)
            while self.here[:2] == ("sign", ","):
                self.position += 1
                self.expression(0, depth - 1)
                count += 1
        self.close(opened)
        self.program.append(Step("call", text, at, count))

    def close(self, opened: int) -> None:
        kind, text, at = self.here
        if (kind, text) != ("sign", ")"):
            fault = "the bracket is never closed" if kind == "end" else f"')' is missing before '{text}'"
            raise Fault(fault, opened if kind == "end" else at)
        self.position += 1


def _number(text: str, at: int) -> int | float:
    """A number as Python writes it: `1_000`, `0x10`."""
    text = text.replace("_", "")
    if text[:2].lower() in ("0x", "0o", "0b"):
        value = int(text, 0)
        if value >= 2**63:
            raise Fault(f"{text[:20]} is too large for a whole number", at)
        return value
    if text.isdigit():
        if len(text) > 18:
            raise Fault(f"{text[:20]}… is too large for a whole number; write it with a decimal point", at)
        return int(text)
    return float(text)
