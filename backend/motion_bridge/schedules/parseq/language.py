"""Parseq's interpolation expressions: what stands in a keyframe's `<field>_i`.

Read is: L, S, C and P, the clock and keyframe variables, arithmetic, comparisons, if … else, the oscillators, slide,
bez and the plain functions, random numbers with a seed, labels, what was computed before, and time series by their
alias. As in Parseq, operators group to the right: 10-3-2 is 9 and 2^3*2 is 64. What makes prompts (text, weights) and
what is drawn anew at every rendering (random numbers without a seed) is not read; Parseq's own rendered document has
their values.
"""

import math
import re
from collections.abc import Callable, Collection
from typing import Any

from ...files import json_text
from ..expression import LONGEST, Fault
from .functions import FUNCTIONS, TEXTS, Moment
from .label_functions import LABELS, matcher
from .stateful_functions import REMEMBERING

MOST_TOKENS = 300
DEEPEST = 40  # brackets, calls and ifs inside each other
REMEDY = "render the document in Parseq and use that file"

NOTHING = re.compile(r"(?:\s|#[^\n]*)*")
TOKEN = re.compile(
    r"""(?:\s|\#[^\n]*)*(?:
    (?P<number> [0-9]+ (?: \.[0-9]+ )? [fsb]? (?![A-Za-z_0-9.]) )
    | (?P<name> [A-Za-z_]\w* )
    | (?P<text> "(?:[^\n\\"]|\\["\\ntbfr])*" )
    | (?P<sign> <= | >= | == | != | && | \|\| | [-+*/%^<>(),=:] )
    )""",
    re.VERBOSE | re.ASCII,
)


Node = Callable[[Moment], float]


def compiled(text: str, series: Collection[str] = ()) -> Node:
    """The expression as a function of the moment, to be asked at rising frames; Fault says what cannot be read, and
    where. series: the aliases of the document's time series.
    """
    if len(text) > LONGEST:
        raise Fault(f"the expression has {len(text)} characters; at most {LONGEST} are read", 0)
    reader = _Reader(_tokens(text), len(text), series)
    node = reader.expression(DEEPEST)
    reader.expect("end", None)
    return node


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found, at = [], 0
    while not NOTHING.fullmatch(text, at):
        match = TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise Fault(f"'{text[at : at + 10].strip()}' is not read here; {REMEDY}", at)
        found.append((match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
        if len(found) > MOST_TOKENS:
            raise Fault(f"the expression has more than {MOST_TOKENS} parts; {REMEDY}", at)
    return found


class _Reader:
    """A descent through Parseq's grammar, one method a level."""

    def __init__(self, tokens: list[tuple[str, str, int]], end: int, series: Collection[str]):
        self.series = series
        self.tokens = [*tokens, ("end", "the end", end)]
        self.position = 0

    @property
    def here(self) -> tuple[str, str, int]:
        return self.tokens[self.position]

    def take(self, *signs: str) -> tuple[str, int] | None:
        kind, text, at = self.here
        if kind in ("sign", "name") and text in signs:
            self.position += 1
            return text, at
        return None

    def expect(self, kind: str, text: str | None) -> None:
        if self.here[0] != kind or (text is not None and self.here[1] != text):
            raise Fault(f"{repr(text) if text else 'nothing more'} is expected before '{self.here[1]}'", self.here[2])
        self.position += 1

    def expression(self, depth: int) -> Node:
        if depth <= 0:
            raise Fault(f"more than {DEEPEST} brackets inside each other", self.here[2])
        left = self.comparison(depth)
        if found := self.take("and", "or"):
            return _binary(found[0], left, self.expression(depth), found[1])
        return left

    def comparison(self, depth: int) -> Node:
        left = self.sum(depth)
        if found := self.take("<", "<=", ">", ">=", "==", "!=", "&&", "||"):
            return _binary(found[0], left, self.comparison(depth), found[1])
        return left

    def sum(self, depth: int) -> Node:
        left = self.product(depth)
        if found := self.take("+", "-"):
            return _binary(found[0], left, self.sum(depth), found[1])
        return left

    def product(self, depth: int) -> Node:
        left = self.signed(depth)
        if found := self.take(":"):
            raise Fault("':' makes a prompt's weight, which is not a number", found[1])
        if found := self.take("*", "/", "%", "^"):
            return _binary(found[0], left, self.product(depth), found[1])
        return left

    def signed(self, depth: int) -> Node:
        if self.take("-"):
            value = self.value(depth)
            return lambda moment: -value(moment)
        return self.value(depth)

    def value(self, depth: int) -> Node:
        kind, text, at = self.here
        self.position += 1
        if kind == "number":
            return _number(text)
        if kind == "sign" and text == "(":
            inside = self.expression(depth - 1)
            self.expect("sign", ")")
            return inside
        if kind == "name" and text == "if":
            return self.choice(depth)
        if kind == "name" and self.here[:2] == ("sign", "("):
            return self.call(text, at, depth)
        if kind == "name":
            return _variable(text, at, self.series)
        if kind == "text":
            raise Fault(f"the text {text} is not a number", at)
        raise Fault(f"a value is missing before '{text}'", at)

    def choice(self, depth: int) -> Node:
        condition, yes = self.expression(depth - 1), self.expression(depth - 1)
        no = self.expression(depth - 1) if self.take("else") else _number("0")
        return lambda moment: yes(moment) if condition(moment) > 0 else no(moment)

    def call(self, name: str, at: int, depth: int) -> Node:
        if name in FUNCTIONS or name in REMEMBERING:
            found: Any  # a function, or the maker of one
            found, parameters, required = FUNCTIONS.get(name) or REMEMBERING[name]
            given = [_node(argument) for argument in self.arguments(name, parameters, required, at, depth)]
            function = found() if name in REMEMBERING else found  # each place where it is written remembers for itself
            return lambda moment: function(moment, *[argument(moment) for argument in given])
        if name in LABELS:
            (label,) = self.arguments(name, (("regex", "r"),), 1, at, depth)
            pattern = matcher(label, at)
            return lambda moment: LABELS[name](moment, pattern)
        if name in self.series:
            place, linear = map(_node, self.arguments(name, (("frame",), ("linear",)), 1, at, depth))
            return lambda moment: _measured(moment, name, place(moment), bool(linear(moment)))
        raise Fault(f"the function '{name}' is not read here; {REMEDY}", at)

    def arguments(
        self, name: str, parameters: tuple[tuple[str, ...], ...], required: int, at: int, depth: int
    ) -> list[Any]:
        """The arguments of a call in their order: nodes, texts as they are, None for one that is not given."""
        self.position += 1
        texts = (0,) if name in LABELS else TEXTS.get(name, ())
        given: dict[int, Any] = {}
        while not self.take(")"):
            if given:
                self.expect("sign", ",")
            place = len(given)
            if self.here[0] == "name" and self.tokens[self.position + 1][:2] == ("sign", "="):
                place = next((i for i, names in enumerate(parameters) if self.here[1] in names), -1)
                if place < 0:
                    raise Fault(f"'{name}' has no argument '{self.here[1]}'", self.here[2])
                self.position += 2
            if place >= len(parameters) or place in given:
                raise Fault(f"'{name}' has an argument too many", self.here[2])
            given[place] = self.text() if place in texts else self.expression(depth - 1)
        if any(place not in given for place in range(required)):
            raise Fault(f"'{name}' needs {required} argument{'s' * (required > 1)}", at)
        return [given.get(place) for place in range(len(parameters))]

    def text(self) -> str:
        kind, text, at = self.here
        if kind != "text":
            raise Fault('a text in "quotes" is expected', at)
        self.position += 1
        return json_text.parse(text, "a text")


def _node(argument: Any) -> Callable[[Moment], Any]:
    return argument if callable(argument) else lambda moment: argument


def _measured(moment: Moment, alias: str, frame: float, linear: bool) -> float:
    known = moment[0].known
    return known["series"][alias].at(frame, known["fps"], linear)


def _number(text: str) -> Node:
    unit = text[-1] if text[-1] in "fsb" else "f"
    value = float(text.rstrip("fsb"))
    if unit == "s":
        return lambda moment: value * moment[0].known["fps"]
    if unit == "b":
        return lambda moment: value * moment[0].known["fps"] * 60 / moment[0].known["bpm"]
    return lambda moment: value


def _binary(sign: str, left: Node, right: Node, at: int) -> Node:
    def divided(a: float, b: float) -> float:
        if b == 0:
            raise Fault(f"'{sign}' by zero", at)
        return a / b if sign == "/" else math.fmod(a, b)

    def raised(a: float, b: float) -> float:
        try:
            result = a**b
        except (OverflowError, ZeroDivisionError):
            raise Fault("the power is too large", at) from None
        if isinstance(result, complex):
            raise Fault("the power is not a real number", at)
        return result

    operation: Callable[[float, float], float] = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": divided,
        "%": divided,
        "^": raised,
        "<": lambda a, b: float(a < b),
        "<=": lambda a, b: float(a <= b),
        ">": lambda a, b: float(a > b),
        ">=": lambda a, b: float(a >= b),
        "==": lambda a, b: float(a == b),
        "!=": lambda a, b: float(a != b),
        "and": lambda a, b: float(a > 0 and b > 0),
        "&&": lambda a, b: float(a > 0 and b > 0),
        "or": lambda a, b: float(a > 0 or b > 0),
        "||": lambda a, b: float(a > 0 or b > 0),
    }[sign]
    return lambda moment: operation(left(moment), right(moment))


VARIABLES: dict[str, Node] = {
    "L": lambda m: m[0].linear[m[1]],
    "C": lambda m: m[0].cubic()[m[1]],
    "P": lambda m: m[0].polynomial()[m[1]],
    "S": lambda m: m[0].active_value[m[1]],
    "f": lambda m: m[1],
    "s": lambda m: m[1] / m[0].known["fps"],
    "b": lambda m: m[1] / (m[0].known["fps"] * 60 / m[0].known["bpm"]),
    "wb": lambda m: math.floor(m[1] / (m[0].known["fps"] * 60 / m[0].known["bpm"])),
    "k": lambda m: m[1] - m[0].active[m[1]],
    "active_keyframe": lambda m: m[0].active[m[1]],
    "prev_keyframe": lambda m: m[0].active[m[1]],
    "next_keyframe": lambda m: m[0].next[m[1]],
    "active_keyframe_value": lambda m: m[0].active_value[m[1]],
    "prev_keyframe_value": lambda m: m[0].active_value[m[1]],
    "next_keyframe_value": lambda m: m[0].next_value[m[1]],
    "prev_computed_value": lambda m: m[0].computed[m[1] - 1] if m[1] else 0.0,
    "fps": lambda m: m[0].known["fps"],
    "bpm": lambda m: m[0].known["bpm"],
    "cadence": lambda m: m[0].known["cadence"],
    "last_frame": lambda m: m[0].known["last_frame"],
    "final_frame": lambda m: m[0].known["last_frame"],
    "true": lambda m: 1.0,
    "false": lambda m: 0.0,
    "PI": lambda m: math.pi,
    "E": lambda m: math.e,
    "SQRT2": lambda m: math.sqrt(2),
    "SQRT1_2": lambda m: math.sqrt(0.5),
    "LN2": lambda m: math.log(2),
    "LN10": lambda m: math.log(10),
    "LOG2E": lambda m: 1 / math.log(2),
    "LOG10E": lambda m: 1 / math.log(10),
}


def _variable(name: str, at: int, series: Collection[str]) -> Node:
    if name in VARIABLES:
        return VARIABLES[name]
    if name in series:
        return lambda moment: _measured(moment, name, moment[1], False)
    raise Fault(f"the variable '{name}' is not read here; {REMEDY}", at)
