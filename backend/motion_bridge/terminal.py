"""What is printed: one line for one thing said, whatever strangers put into it.

Names, versions, hosts and paths come from other people's files. A line break in one of them could pass for a line of
ours (`Saved: '…'` is what farms read), an escape sequence could rewrite the screen; both are shown as backslashes.
"""

import ctypes
import os
import sys
import traceback
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from .errors import MotionBridgeError

LOST = "stdout takes no more: {}. What is finished is kept."
_HARMLESS = "\u200c\u200d"  # joiners: parts of letters and emoji
_DANGEROUS = ("Cc", "Cf", "Cs", "Zl", "Zp")  # control, format (writing direction), half a letter, line and paragraph


class OutputLost(MotionBridgeError):
    """Nobody takes what a command prints; what it made so far stays."""

    kind = "output_lost"


def printable(text: str) -> str:
    """The text on one line, with a backslash sequence for every character that does something to a terminal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    if letter in _HARMLESS or unicodedata.category(letter) not in _DANGEROUS:
        return letter
    return letter.encode("unicode_escape").decode()


def saved(path: Path) -> str:
    """The line about a finished file; farms read it."""
    return f"Saved: '{path}'"


def say(*cells: str) -> None:
    """Print a line on stdout at once, its cells with tabs between them.

    OutputLost when it is not taken: the pipe is closed, the disk is full.
    """
    with _taken():
        print("\t".join(map(printable, cells)), flush=True)


def flush() -> None:
    """Write out what is still buffered; OutputLost likewise."""
    with _taken():
        if sys.stdout:
            sys.stdout.flush()


@contextmanager
def _taken() -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        silence(1)
        raise OutputLost(LOST.format(fault.strerror)) from None


def write_line(descriptor: int, text: str) -> None:
    """Write a line on a descriptor that somebody keeps in stdout's place; OutputLost likewise."""
    line = f"{printable(text)}\n".encode(errors="backslashreplace")
    try:
        while line:
            line = line[os.write(descriptor, line) :]
    except OSError as fault:
        raise OutputLost(LOST.format(fault.strerror)) from None


def take_stdout() -> int:
    """A descriptor of stdout for our own lines; whatever else is printed goes to stderr until `give_back_stdout`.

    A stream that was closed when the program began is nobody's, whatever file has its number by now.
    """
    open_standard_descriptors()
    flush_everything()
    if not sys.stdout:
        return os.open(os.devnull, os.O_WRONLY)
    ours = os.dup(1)
    if sys.stderr:
        os.dup2(2, 1)
    else:
        silence(1)
    return ours


def give_back_stdout(ours: int) -> None:
    """Let everything be printed on stdout again."""
    flush_everything()
    if sys.stdout:
        os.dup2(ours, 1)
    os.close(ours)


def flush_everything() -> None:
    """Write out what Python and C still hold, before descriptor 1 means something else."""
    let_go()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("ucrtbase" if os.name == "nt" else None).fflush(None)


def note(text: str) -> None:
    """Print a line on stderr; nothing happens where nobody takes it."""
    if sys.stderr is None:  # print would take stdout instead
        return
    with suppress(OSError, ValueError):
        print(printable(text), file=sys.stderr, flush=True)


def trace() -> None:
    """Print the traceback of what was raised just now on stderr, if anybody takes it."""
    for line in traceback.format_exc().splitlines():
        note(line)


def silence(number: int) -> None:
    """Let what is printed on a descriptor from now on go nowhere, what is still buffered too."""
    with suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, number)
        os.close(nothing)


def let_go() -> None:
    """Leave nothing buffered that the interpreter would fail to write at its end, with an exit code of its own."""
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            if stream:
                stream.flush()
        except (OSError, ValueError):
            silence(number)


def open_standard_descriptors() -> None:
    """Put nothing where stdin, stdout or stderr is closed.

    Else the next file that is opened gets its number, and what is printed is written into that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            nothing = os.open(os.devnull, os.O_RDWR)
            if nothing != number:  # the lowest free number is what it gets; anything else is already there
                os.dup2(nothing, number)
                os.close(nothing)


def prepare(stream: TextIO | None) -> None:
    """A terminal that cannot show a letter shows its number instead; no job ends for that."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
