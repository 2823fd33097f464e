"""A call that takes minutes, watched from outside: its steps as they are done, and an end within one of them.

A pipeline of diffusers is one long call. It runs in a thread of its own, which stops before the next block of a network
once nobody wants its result any more.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any, TypeVar

from torch import nn

from ..clip_inputs import Step

T = TypeVar("T")
Report = Callable[[str, int, int], None]  # what is done, how much of it, of how much

LOOK = 0.05  # seconds between two looks whether the result is still wanted


class _Unwanted(BaseException):
    """Ends the thread; nobody sees it."""


def stepwise(call: Callable[[Report], T], networks: list[nn.Module]) -> Generator[Step | None, None, T]:
    """What a call returns, or raises; until then its reports, and None now and then. Closing it stops the call.

    networks: those that the call runs; it stops before a block of them.
    """
    told: Queue[Step | tuple[bool, Any]] = Queue()
    unwanted = Event()

    def look(*_: Any) -> None:
        if unwanted.is_set():
            raise _Unwanted

    def report(what: str, done: int, total: int) -> None:
        look()
        told.put(Step(what, done, total))

    def work() -> None:
        try:
            with _before_blocks(networks, look):
                told.put((True, call(report)))
        except _Unwanted:
            pass
        except BaseException as fault:  # it is raised again where the result is awaited
            told.put((False, fault))

    thread = Thread(target=work, name="motion-bridge-video", daemon=True)
    thread.start()
    try:
        while True:
            try:
                event = told.get(timeout=LOOK)
            except Empty:
                yield None
                continue
            if isinstance(event, Step):
                yield event
                continue
            fine, result = event
            if not fine:
                raise result
            return result
    finally:
        unwanted.set()
        thread.join()


@contextmanager
def _before_blocks(networks: list[nn.Module], look: Callable[..., None]) -> Iterator[None]:
    """Look before each block of the networks is run: a member of any list of modules in them."""
    blocks = [
        block for network in networks for part in network.modules() if isinstance(part, nn.ModuleList) for block in part
    ]
    handles = [block.register_forward_pre_hook(look) for block in {id(block): block for block in blocks}.values()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
