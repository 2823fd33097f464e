"""Names that somebody mistyped."""

import difflib
from collections.abc import Iterable


def nearest(name: str, there: Iterable[str]) -> str:
    """The end of a sentence about a name that is not there: the nearest one that is."""
    near = difflib.get_close_matches(name, list(there), 1)
    return f"; did you mean {near[0]!r}?" if near else "."
