"""Parseq's functions that look for keyframes by their labels: info_match and its kind."""

import re
from bisect import bisect_right
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
    """The frames of all keyframes whose label matches, rising; looked for once in a document."""
    known = moment[0].known
    matches: dict[str, list[int]] = known["matches"]
    if pattern.pattern not in matches:
        matches[pattern.pattern] = sorted(
            frame for frame, label in known["labels"] if label is not None and pattern.search(label[:LONGEST_LABEL])
        )
    return matches[pattern.pattern]


def _count(moment: Moment, pattern: re.Pattern[str]) -> int:
    """How many of them are not after this frame."""
    return bisect_right(_found(moment, pattern), moment[1])


def _last(moment: Moment, pattern: re.Pattern[str]) -> int:
    count = _count(moment, pattern)
    return _found(moment, pattern)[count - 1] if count else -1


def _next(moment: Moment, pattern: re.Pattern[str]) -> int:
    found, count = _found(moment, pattern), _count(moment, pattern)
    return found[count] if count < len(found) else -1


def _here(moment: Moment, pattern: re.Pattern[str]) -> float:
    labels = moment[0].known["labels"]  # one for each keyframe, rising
    active = labels[bisect_right(labels, moment[1], key=lambda label: label[0]) - 1][0]
    return float(_last(moment, pattern) == active)


def _gap(moment: Moment, pattern: re.Pattern[str]) -> int:
    last, following = _last(moment, pattern), _next(moment, pattern)
    return -1 if last < 0 or following < 0 else following - last


def _progress(moment: Moment, pattern: re.Pattern[str]) -> float:
    gap = _gap(moment, pattern)
    return -1.0 if gap < 0 else (moment[1] - _last(moment, pattern)) / gap


LABELS: dict[str, Callable[[Moment, re.Pattern[str]], float]] = {
    "info_match": _here,
    "info_match_count": _count,
    "info_match_prev": _last,
    "info_match_last": _last,
    "info_match_next": _next,
    "info_match_gap": _gap,
    "info_match_progress": _progress,
}
