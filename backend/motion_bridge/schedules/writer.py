"""Values to a schedule's text, in the narrow form that every dialect reads alike.

`0:(0.125), 1:(-3)`: fixed decimals, never an exponent (a number with one would be held, not interpolated), no comma
at the end (webui fails at one).
"""

from collections.abc import Iterable

from ..errors import BadInput

DECIMALS = 6


def number(value: float, decimals: int = DECIMALS) -> str:
    """A number with at most so many decimals and no zeros it does not need: 0.5, -3, 0."""
    if not abs(value) < 1e15:
        raise BadInput(f"The value {value} cannot stand in a schedule.")
    text = f"{value:.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def schedule(values: Iterable[float] | dict[int, float], decimals: int = DECIMALS) -> str:
    """The text of one value for each frame from 0, or of keys {frame: value}, in the order of frames."""
    keys = sorted(values.items()) if isinstance(values, dict) else enumerate(values)
    text = ", ".join(f"{frame}:({number(float(value), decimals)})" for frame, value in keys)
    if not text:
        raise BadInput("A schedule needs at least one key.")
    return text


def words(keys: dict[int, str]) -> str:
    """The text of a schedule of words, {frame: word}."""
    for frame, word in keys.items():
        if set(word) & set("\"'(),:"):
            raise BadInput(f"The word {word!r} at frame {frame} holds a sign that schedules split at.")
    return ", ".join(f'{frame}: ("{word}")' for frame, word in sorted(keys.items()))
