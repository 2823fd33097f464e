"""Files and folders in the system's temporary folder, for a while. A folder that is full or missing is a sentence."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import BadInput
from .reserve import FULL, free

PREFIX = "motion_bridge_"


def temporary_file() -> BinaryIO:
    """A file without a name, gone when it is closed. BadInput where none can be made."""
    with explained():
        return tempfile.TemporaryFile(prefix=PREFIX, buffering=0)  # type: ignore[return-value]


def write_all(file: BinaryIO, content: Any, needed: int) -> None:
    """Write all of a content, which is not an empty array; BadInput where there is no room.

    needed: bytes that the file is to have, for the sentence.
    """
    rest = memoryview(content).cast("B")
    with explained(needed):
        while rest:
            rest = rest[file.write(rest) :]


class TemporaryFolder:
    """A folder until `close` or the end of its `with`; a file in it that somebody still has open is not an error."""

    def __init__(self) -> None:
        """BadInput where none can be made."""
        with explained():
            self._folder = tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
        self.path = Path(self._folder.name)

    def close(self) -> None:
        self._folder.cleanup()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for the time of a `with`."""
    folder = TemporaryFolder()
    try:
        yield folder.path
    finally:
        folder.close()


def place() -> Path:
    """Where temporary files go."""
    try:
        return Path(tempfile.gettempdir())
    except OSError:  # none of the usual places can be written to
        return Path(os.environ.get("TMPDIR") or os.curdir).absolute()


@contextmanager
def explained(needed: int = 0) -> Iterator[None]:
    """Turn what the system says of a temporary file into a sentence. needed: bytes that it is to have."""
    try:
        yield
    except OSError as fault:
        if fault.errno in FULL:
            wanted = f"{needed / 1e6:,.1f} MB are needed and " if needed else ""
            raise BadInput(
                f"The temporary folder {place()} is full: {wanted}{free(place())}. Make room there, or set TMPDIR (on "
                "Windows TEMP) to another folder."
            ) from None
        raise BadInput(
            f"Nothing can be written to the temporary folder {place()}: {fault.strerror or fault}. Set TMPDIR (on "
            "Windows TEMP) to a folder that can be written to."
        ) from None
