"""Long arithmetic that somebody may stop: `breathe` stands in its loops, `stoppable` around the whole.

Each thread has its own, so nothing is handed from function to function and other threads notice nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..errors import Cancelled

_asked: ContextVar[Callable[[], bool]] = ContextVar("asked", default=lambda: False)


@contextmanager
def stoppable(asked: Callable[[], bool]) -> Iterator[None]:
    """What is worked out meanwhile ends with Cancelled soon after `asked` says so."""
    token = _asked.set(asked)
    try:
        yield
    finally:
        _asked.reset(token)


def breathe() -> None:
    """Raise Cancelled if somebody wants the work to end."""
    if _asked.get()():
        raise Cancelled("Stopped before it was finished; nothing was written.")
