"""The person's home, and paths that begin there.

A service or a container may have none: no HOME, and no entry for its user.
"""

import os
from pathlib import Path

from ..errors import BadInput


def home() -> Path | None:
    """The person's home folder; None where the system knows of none."""
    whole = _expanded("~")
    return None if whole is None else Path(whole)


def expand(text: str, what: str = "The path") -> Path:
    """A path as a shell understands it: ~ is the person's home, ~name another's.

    what: names the path in the sentence. BadInput where that home is not known.
    """
    whole = _expanded(text)
    if whole is None:
        raise BadInput(f"{what} {text} starts in a home folder that is not known; write it in full.")
    return Path(whole)


def _expanded(text: str) -> str | None:
    """None where ~ stands for a home that is not known."""
    if not text.startswith("~"):
        return text
    try:
        whole = os.path.expanduser(text)
    except ValueError:  # a name that no user could have
        return None
    return whole if os.path.isabs(whole) else None
