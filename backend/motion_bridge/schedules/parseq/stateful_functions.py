"""Parseq's functions that remember what they gave before: random numbers, and values that are kept for a while.

Each place in an expression where one is written has a memory of its own, as in Parseq.
"""

import math
from collections.abc import Callable

from ..expression import Fault
from .functions import Moment
from .seedrandom import Generator, written


def _random() -> Callable[..., float]:
    """rand: a number from a seeded row, held for some frames; the row goes on at every new keyframe."""
    generator: Generator | None = None
    value, at = 0.0, -1

    def rand(moment: Moment, low: float | None, high: float | None, seed: float | None, hold: float | None) -> float:
        nonlocal generator, value, at
        if seed is None:
            raise Fault("'rand' without a seed is drawn anew whenever Parseq renders; give it one, as in rand(s=1)", 0)
        field, frame = moment
        hold = 1.0 if hold is None else hold
        if hold <= 0:
            raise Fault("'rand' holds its value for less than no time", 0)
        active = int(field.active[frame])
        if generator is None:
            generator = Generator(written(seed))
        elif math.floor((at - active) / hold) >= math.floor((frame - active) / hold):
            return value
        low, high = 0.0 if low is None else low, 1.0 if high is None else high
        value, at = generator() * (high - low) + low, frame
        return value

    return rand


def _kept() -> Callable[..., float]:
    """recompute_if: the value of when the condition last held; before it ever did, that of the first frame."""
    value: float | None = None

    def recompute_if(moment: Moment, condition: float, new: float, default: float | None) -> float:
        nonlocal value
        if value is None or condition > 0:
            value = new
        return value

    return recompute_if


# name → (maker of the function, names of each argument, how many of them must be given)
REMEMBERING: dict[str, tuple[Callable[[], Callable[..., float]], tuple[tuple[str, ...], ...], int]] = {
    "rand": (_random, (("min", "n"), ("max", "x"), ("seed", "s"), ("hold", "h")), 0),
    "recompute_if": (_kept, (("if",), ("compute", "c"), ("default", "d")), 2),
}
