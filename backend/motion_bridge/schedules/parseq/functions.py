"""The functions of Parseq's expressions, and what they can see: a field's keyframes at a frame."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import nearest
from ..expression import Fault


@dataclass(frozen=True)
class Field:
    """One field's keyframes and the curves through them, over the frames 0 … T-1."""

    known: Mapping[str, Any]  # fps, bpm, cadence, last_frame, labels ((frame, text or None), …), series by alias
    default: float  # Parseq's own
    linear: NDArray[np.float64]  # (T,)
    cubic: Callable[[], NDArray[np.float64]]
    polynomial: Callable[[], NDArray[np.float64]]
    active: NDArray[np.int64]  # (T,) the keyframe at or before each frame
    active_value: NDArray[np.float64]
    next: NDArray[np.int64]  # the keyframe after each frame, or the last
    next_value: NDArray[np.float64]
    computed: NDArray[np.float64]  # filled in as frames are calculated


Moment = tuple[Field, int]  # a field at a frame


def _oscillator(shape: Callable[[float, float, float], float]) -> Callable[..., float]:
    """shape(position, period, pulse width) is the wave between -1 and 1, or 0 and 1."""

    def wave(moment: Moment, period: float, phase: Any, amp: Any, center: Any, limit: Any, pulse: Any) -> float:
        if period == 0:
            raise Fault("the period of a wave is 0", 0)
        field, frame = moment
        if limit and limit > 0 and frame - field.active[frame] > limit * period:
            return 0.0
        value = shape(frame + (phase or 0.0), period, 5.0 if pulse is None else pulse)
        return (center or 0.0) + (1.0 if amp is None else amp) * value

    return wave


def _turn(position: float, period: float) -> float:
    return math.sin(position * math.pi * 2 / period)


def _between(moment: Moment, start: float | None, end: float | None, span: float | None) -> tuple[float, float, float]:
    field, frame = moment
    return (
        field.active_value[frame] if start is None else start,
        field.next_value[frame] if end is None else end,
        field.next[frame] - field.active[frame] if span is None else span,
    )


def _slide(moment: Moment, start: Any, end: Any, span: Any, offset: float | None) -> float:
    start, end, span = _between(moment, start, end, span)
    passed = moment[1] - moment[0].active[moment[1]]
    if span == 0:
        return start
    if passed >= span:
        return end
    return start + (end - start) * (passed / span if offset is None or abs(offset) >= 1 else offset)


def _bezier(
    moment: Moment,
    x1: Any,
    y1: Any,
    x2: Any,
    y2: Any,
    start: Any,
    end: Any,
    span: Any,
    offset: float | None,
    named: str | None,
    rise: float | None,
) -> float:
    start, end, span = _between(moment, start, end, span)
    end = start + rise if rise else end
    passed = moment[1] - moment[0].active[moment[1]]
    if span == 0:
        return start
    place = passed / span if offset is None or abs(offset) >= 1 else offset
    if place >= 1:
        return end
    if named:
        if named not in EASINGS:
            raise Fault(f"'bez' knows no curve '{named[:40]}'{nearest(named, EASINGS).rstrip('.')}", 0)
        x1, y1, x2, y2 = EASINGS[named]
    x1, x2 = (0.5 if x is None else x for x in (x1, x2))
    y1, y2 = 0.0 if y1 is None else y1, 1.0 if y2 is None else y2
    if not (0 <= x1 <= 1 and 0 <= x2 <= 1):
        raise Fault("x1 and x2 of 'bez' lie between 0 and 1", 0)

    return start + (end - start) * _cubic(y1, y2, _parameter(x1, x2, place))


def _cubic(one: float, two: float, u: float) -> float:
    """A coordinate of the Bézier curve from 0 to 1 with two control points."""
    return u * (3 * one * (1 - u) ** 2 + 3 * two * u * (1 - u) + u * u)


def _parameter(one: float, two: float, x: float) -> float:
    """The parameter at which the rising curve is x, by Newton's steps inside a bracket that is halved where they leave
    it."""
    low, high, u = 0.0, 1.0, x
    for _ in range(60):
        error = _cubic(one, two, u) - x
        if abs(error) < 1e-15:
            break
        low, high = (u, high) if error < 0 else (low, u)
        slope = 3 * ((1 - u) ** 2 * one + 2 * u * (1 - u) * (two - one) + u * u * (1 - two))
        u = u - error / slope if slope > 1e-9 else low
        if not low < u < high:
            u = (low + high) / 2
    return u


def _computed_at(moment: Moment, frame: float | None, default: float | None) -> float:
    field, now = moment
    asked = int(field.active[now]) if frame is None else int(frame)
    if asked < 0:
        return field.default if default is None else default
    if asked >= now:
        raise Fault(f"'computed_at' asks for frame {asked}, which is not calculated before frame {now}", 0)
    return float(field.computed[asked])


def _start_of_beat(moment: Moment, frame: float | None, rounding: str | None) -> float:
    ways = {"d": math.floor, "u": math.ceil, "r": lambda x: math.floor(x + 0.5)}
    if (rounding or "r") not in ways:
        raise Fault(f"'start_of_beat' rounds by d, u or r, not '{rounding}'", 0)
    beat = frames_a_beat(moment)
    return ways[rounding or "r"](math.floor((moment[1] if frame is None else frame) / beat) * beat)


def frames_a_beat(moment: Moment) -> float:
    return moment[0].known["fps"] * 60 / moment[0].known["bpm"]


def _cut(rounding: Callable[[float], float]) -> Callable[..., float]:
    def cut(moment: Moment, value: float, places: float | None) -> float:
        scale = 10.0 ** max(min(places or 0, 15), -15)
        return rounding(value * scale) / scale

    return cut


def _plain(name: str) -> Callable[..., float]:
    def function(moment: Moment, value: float) -> float:
        try:
            return getattr(math, name)(value)
        except (ValueError, OverflowError):
            raise Fault(f"_{name}({value}) has no value", 0) from None

    return function


WAVE = (("period", "p"), ("phase", "ps"), ("amp", "a"), ("centre", "c"), ("limit", "li"), ("pulse", "pw"))
PATH = (("from", "start", "s"), ("to", "end", "t"), ("span", "in"))
OFFSET = ("offset", "os")
EASINGS = {  # the named curves of CSS and of easings.net, as x1, y1, x2, y2
    "ease": (0.25, 0.1, 0.25, 1.0),
    "linear": (0.0, 0.0, 1.0, 1.0),
    "ease-in": (0.42, 0.0, 1.0, 1.0),
    "ease-out": (0.0, 0.0, 0.58, 1.0),
    "ease-in-out": (0.42, 0.0, 0.58, 1.0),
    "step-start": (0.0, 0.0, 0.0, 1.0),
    "step-end": (1.0, 0.0, 1.0, 1.0),
    "easeInSine": (0.12, 0.0, 0.39, 0.0),
    "easeOutSine": (0.61, 1.0, 0.88, 1.0),
    "easeInOutSine": (0.37, 0.0, 0.63, 1.0),
    "easeInQuad": (0.11, 0.0, 0.5, 0.0),
    "easeOutQuad": (0.5, 1.0, 0.89, 1.0),
    "easeInOutQuad": (0.45, 0.0, 0.55, 1.0),
    "easeInCubic": (0.32, 0.0, 0.67, 0.0),
    "easeOutCubic": (0.33, 1.0, 0.68, 1.0),
    "easeInOutCubic": (0.65, 0.0, 0.35, 1.0),
    "easeInQuart": (0.5, 0.0, 0.75, 0.0),
    "easeOutQuart": (0.25, 1.0, 0.5, 1.0),
    "easeInOutQuart": (0.76, 0.0, 0.24, 1.0),
    "easeInQuint": (0.64, 0.0, 0.78, 0.0),
    "easeOutQuint": (0.22, 1.0, 0.36, 1.0),
    "easeInOutQuint": (0.83, 0.0, 0.17, 1.0),
    "easeInExpo": (0.7, 0.0, 0.84, 0.0),
    "easeOutExpo": (0.16, 1.0, 0.3, 1.0),
    "easeInOutExpo": (0.87, 0.0, 0.13, 1.0),
    "easeInCirc": (0.55, 0.0, 1.0, 0.45),
    "easeOutCirc": (0.0, 0.55, 0.45, 1.0),
    "easeInOutCirc": (0.85, 0.0, 0.15, 1.0),
    "easeInBack": (0.36, 0.0, 0.66, -0.56),
    "easeOutBack": (0.34, 1.56, 0.64, 1.0),
    "easeInOutBack": (0.68, -0.6, 0.32, 1.6),
}
EASINGS |= {  # Parseq's other names for them
    "easeIn": EASINGS["ease-in"],
    "easeOut": EASINGS["ease-out"],
    "easeInOut": EASINGS["ease-in-out"],
    "stepStart": EASINGS["step-start"],
    "stepEnd": EASINGS["step-end"],
    **{
        f"{way}{number}": EASINGS[way + kind]
        for number, kind in enumerate(("Sine", "Quad", "Cubic", "Quart", "Quint", "Expo"), 1)
        for way in ("easeIn", "easeOut", "easeInOut")
    },
}
PLAIN = (
    *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
    *("log", "exp", "sqrt", "expm1", "log1p", "log10", "log2"),
)

TEXTS = {"start_of_beat": (1,), "bez": (8,)}  # functions with arguments that are texts → which of them

# name → (function of the moment and its arguments, names of each argument, how many of them must be given)
FUNCTIONS: dict[str, tuple[Callable[..., float], tuple[tuple[str, ...], ...], int]] = {
    "sin": (_oscillator(lambda x, period, width: _turn(x, period)), WAVE, 1),
    "tri": (_oscillator(lambda x, period, width: math.asin(_turn(x, period)) * 2 / math.pi), WAVE, 1),
    "saw": (_oscillator(lambda x, period, width: math.fmod(x, period) / period), WAVE, 1),
    "sq": (_oscillator(lambda x, period, width: 1.0 if _turn(x, period) >= 0 else -1.0), WAVE, 1),
    "pulse": (_oscillator(lambda x, period, width: float(math.fmod(x, period) < width)), WAVE, 1),
    "slide": (_slide, (*PATH, OFFSET), 0),
    "bez": (_bezier, (("x1",), ("y1",), ("x2",), ("y2",), *PATH, OFFSET, ("curve", "c"), ("d", "delta")), 0),
    "min": (lambda m, a, b: min(a, b), (("a",), ("b",)), 2),
    "max": (lambda m, a, b: max(a, b), (("a",), ("b",)), 2),
    "abs": (lambda m, v: abs(v), (("v",),), 1),
    "round": (_cut(lambda x: math.floor(x + 0.5)), (("v",), ("p",)), 1),
    "floor": (_cut(math.floor), (("v",), ("p",)), 1),
    "ceil": (_cut(math.ceil), (("v",), ("p",)), 1),
    "f2b": (lambda m, v: v / frames_a_beat(m), (("v",),), 1),
    "b2f": (lambda m, v: v * frames_a_beat(m), (("v",),), 1),
    "f2s": (lambda m, v: v / m[0].known["fps"], (("v",),), 1),
    "s2f": (lambda m, v: v * m[0].known["fps"], (("v",),), 1),
    "computed_at": (_computed_at, (("f",), ("d",)), 0),
    "start_of_beat": (_start_of_beat, (("f",), ("round", "r")), 0),
    "_cbrt": (lambda m, v: math.cbrt(v), (("v",),), 1),
    "_sign": (lambda m, v: float((v > 0) - (v < 0)), (("v",),), 1),
    **{"_" + name: (_plain(name), (("v",),), 1) for name in PLAIN},
}
