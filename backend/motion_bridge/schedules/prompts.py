"""Prompts over time: which holds when, what is positive and what negative, and weights.

`{frame: text}` holds each text until the next key. In a text, ` --neg ` starts the negative part and `backticks` hold
an expression. Interpolation mode blends neighboring prompts with rising and falling weights; classic writes
`text:weight`.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping

import numpy as np

from ..errors import BadInput
from ..shot import prompt_at
from . import evaluator, expression
from .variables import Context, of_keys, of_values

BACKTICKS = re.compile(r"`([^`]*)`")
MARK = "--neg"
RANGE = re.compile(r"\s*(\d{1,9})\s*-\s*(\d{1,9})\s*")  # of frames; an expression would have another sense
WEIGHT = re.compile(r":+\s*(?P<weight>-?\d+(?:\.\d+)?|`[^`]*`)?\s*")
LONGEST = 100_000  # characters of one prompt


def by_frame(prompts: Mapping[str, str], context: Context) -> dict[int, str]:
    """Prompts under frame numbers, in their order; a key may be an expression of max_f, or a range such as 0-10.

    A range's prompt holds from its first frame until the next key, as every prompt does.
    """
    found = {}
    for key, text in prompts.items():
        if not isinstance(text, str) or len(text) > LONGEST:
            raise BadInput(f"prompts, key {key[:30]}: a prompt is a text of at most {LONGEST} characters.")
        if span := RANGE.fullmatch(key.strip().strip("'\"")):
            first, last = int(span[1]), int(span[2])
            if first > last:
                raise BadInput(f"prompts, key {key[:30]}: the range is reversed; write {last}-{first}.")
            found[first] = text
            continue
        try:
            value = evaluator.run(expression.parse(key.strip().strip("'\"")), of_keys(context))
        except expression.Fault as wrong:
            raise BadInput(f"prompts, key {key[:30]}, column {wrong.at + 1}: {expression.ended(str(wrong))}") from None
        number = float(np.asarray(value).reshape(-1)[0])
        if not abs(number) < 1e10:
            raise BadInput(f"prompts, key {key[:30]}: the key is {number}, which is not a frame.")
        found[int(number)] = text
    return dict(sorted(found.items()))


def filled(prompts: Mapping[int, str]) -> dict[int, str]:
    """Prompts as they hold from frame 0 on: the first of them also before its frame, none of a frame before 0."""
    inside = {frame: text for frame, text in sorted(prompts.items()) if frame >= 0}
    return {0: inside[min(inside)], **inside} if inside else {}


def held(prompts: Mapping[int, str], frame: int) -> str:
    """The prompt at a frame: of the last key before it, or of the first."""
    return prompt_at(prompts, max(frame, min(prompts))) if prompts else ""


def held_at(prompts: Mapping[int, str], frames: Iterable[int]) -> dict[int, str]:
    """`held` at many frames."""
    keys = sorted(prompts)
    return {frame: prompts[keys[max(bisect_right(keys, frame) - 1, 0)]] if keys else "" for frame in frames}


def split(text: str, frame: int, context: Context) -> tuple[str, str]:
    """The positive and the negative part at a frame, backticks replaced by their value there."""
    parts = [part.strip() for part in calculated(text, frame, context).split(MARK)]
    if len(parts) > 2:
        raise BadInput(f"prompt at frame {frame}: {MARK} stands there {len(parts) - 1} times; once is enough.")
    return parts[0], parts[1] if len(parts) == 2 else ""


def calculated(text: str, frame: int, context: Context) -> str:
    """The text with the value of every expression in backticks put in its place."""
    return BACKTICKS.sub(lambda match: repr(_value(match, frame, context)), text)


def _value(match: re.Match[str], frame: int, context: Context) -> float:
    known = dict(of_values(context, np.array([frame], np.int64)))
    if context.dialect == "webui":
        known["max_f"] = lambda: np.array([0], np.int64)  # it is never told how long the run is
    try:
        return float(np.asarray(evaluator.run(expression.parse(match[1]), known)).reshape(-1)[0])
    except expression.Fault as wrong:
        raise BadInput(
            f"prompt at frame {frame}, column {match.start(1) + wrong.at + 1}: {expression.ended(str(wrong))}"
        ) from None


def interpolated(prompts: Mapping[int, str], frames: int) -> list[str]:
    """Interpolation mode: at every frame the prompt, or between two keys both with weights, `(a):w AND (b):1-w`."""
    if not prompts:
        raise BadInput("prompts: there is none to interpolate.")
    return [blended(prompts, frame) for frame in range(frames)]


def blended(prompts: Mapping[int, str], frame: int) -> str:
    """The prompt at a frame, or between two keys both with weights; empty where there is none."""
    keys = sorted(prompts)
    place = bisect_right(keys, frame)
    if place in (0, len(keys)) or keys[place - 1] == frame:
        return prompts[keys[max(place - 1, 0)]] if keys else ""
    one, two = keys[place - 1], keys[place]
    later = 1 / (two - one) * (frame - one)
    return _blend(prompts[one], 1 - later, prompts[two], later)


def _blend(one: str, one_weight: float, two: str, two_weight: float) -> str:
    halves = [(*text.split(MARK), "")[:2] for text in (one, two)]
    weights = (one_weight, two_weight)

    def joined(side: int) -> str:
        return " AND ".join(f" ({half[side]}):{w}" for half, w in zip(halves, weights, strict=True) if half[side])

    negative = joined(1)
    return joined(0) + (f" {MARK} {negative}" if negative else "")


def weighted(
    text: str, frame: int, context: Context, normalize: bool = True
) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
    r"""Classic's `text:weight text:weight` as (negative, positive) lists of (text, weight).

    A weight is a number or an expression in backticks, 1 where there is none; negative weights belong to the negative
    prompt with their sign dropped. `\:` is a colon of the text. Normalized weights of a side sum to 1.
    """
    negative: list[tuple[str, float]] = []
    positive: list[tuple[str, float]] = []
    at, start = 0, 0
    while at < len(text):
        if text.startswith("\\:", at):
            at += 2
        elif text[at] != ":":
            at += 1
        else:
            match = WEIGHT.match(text, at)
            assert match is not None
            _append(text[start:at], _weight(match["weight"], frame, context), negative, positive)
            at = start = match.end()
    _append(text[start:], 1.0, negative, positive)
    return (_normalized(negative), _normalized(positive)) if normalize else (negative, positive)


def _weight(text: str | None, frame: int, context: Context) -> float:
    if text is None:
        return 1.0
    match = BACKTICKS.fullmatch(text)
    return _value(match, frame, context) if match else float(text)


def _append(text: str, weight: float, negative: list[tuple[str, float]], positive: list[tuple[str, float]]) -> None:
    if text and weight:
        (negative if weight < 0 else positive).append((text.replace("\\:", ":"), abs(weight)))


def _normalized(parts: list[tuple[str, float]]) -> list[tuple[str, float]]:
    total = sum(weight for _, weight in parts)
    return [(text, weight / total) for text, weight in parts]
