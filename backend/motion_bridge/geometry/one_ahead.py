"""Work that is done one step ahead of whoever takes its results, in another thread."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
_END = object()


def one_ahead(items: Iterator[T]) -> Generator[T, None, None]:
    """The same items; while one is in use the next is made. What the maker raises comes where its item would have.

    items: a generator. It runs in one other thread and is closed when this is.
    """
    with ThreadPoolExecutor(1, "one_ahead") as pool:
        coming = pool.submit(next, items, _END)
        try:
            while (item := coming.result()) is not _END:
                coming = pool.submit(next, items, _END)
                yield item  # type: ignore[misc]
        finally:
            coming.cancel()
            if close := getattr(items, "close", None):
                pool.submit(close).result()
