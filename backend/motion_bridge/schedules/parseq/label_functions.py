"""Parseq's functions that look for keyframes by their labels: info_match and its kind."""

import re
from collections.abc import Callable

from ..expression import Fault
from .functions import Moment

LONGEST_LABEL, LONGEST_PATTERN = 1000, 100
REPEATS = 2  # of them a pattern may have: with brackets or more of them, some take for ever
_GROUP = re.compile(r"(?<!\\)[()]")
_REPEAT = re.compile(r"(?<!\\)[*+?{]")


def matcher(pattern: str, at: int) -> re.Pattern[str]:
    """A label's pattern; Fault for one that this does not read or that could take for ever."""
    if len(pattern) > LONGEST_PATTERN or _GROUP.search(pattern) or len(_REPEAT.findall(pattern)) > REPEATS:
        raise Fault(
            f"the pattern '{pattern[:40]}' is too involved; write words, '|', '.' and at most {REPEATS} repeats", at
        )
    try:
        return re.compile(pattern)
    except re.error as wrong:
        raise Fault(f"the pattern '{pattern[:40]}' cannot be read: {wrong}", at) from None


def _found(moment: Moment, pattern: re.Pattern[str]) -> list[int]:
    """The frames of all keyframes whose label matches."""
    labels = moment[0].known["labels"]
    return [frame for frame, label in labels if label is not None and pattern.search(label[:LONGEST_LABEL])]


def _last(moment: Moment, pattern: re.Pattern[str]) -> int:
    return max((frame for frame in _found(moment, pattern) if frame <= moment[1]), default=-1)


def _next(moment: Moment, pattern: re.Pattern[str]) -> int:
    return min((frame for frame in _found(moment, pattern) if frame > moment[1]), default=-1)


def _here(moment: Moment, pattern: re.Pattern[str]) -> float:
    active = max(frame for frame, _ in moment[0].known["labels"] if frame <= moment[1])
    return float(active in _found(moment, pattern))


def _gap(moment: Moment, pattern: re.Pattern[str]) -> int:
    last, following = _last(moment, pattern), _next(moment, pattern)
    return -1 if last < 0 or following < 0 else following - last


def _progress(moment: Moment, pattern: re.Pattern[str]) -> float:
    gap = _gap(moment, pattern)
    return -1.0 if gap < 0 else (moment[1] - _last(moment, pattern)) / gap


LABELS: dict[str, Callable[[Moment, re.Pattern[str]], float]] = {
    "info_match": _here,
    "info_match_count": lambda moment, pattern: sum(frame <= moment[1] for frame in _found(moment, pattern)),
    "info_match_prev": _last,
    "info_match_last": _last,
    "info_match_next": _next,
    "info_match_gap": _gap,
    "info_match_progress": _progress,
}
