"""The parser of both command lines, and what the numbers on them may be."""

import argparse
import math
from collections.abc import Callable
from typing import NoReturn

from .. import terminal

SEEDS = (-(1 << 63), (1 << 64) - 1)
FRAMES = 1_000_000  # a frame's number, at most, and how many


class Parser(argparse.ArgumentParser):
    """What it repeats of a command line stays on one line, and does nothing to the terminal."""

    def error(self, message: str) -> NoReturn:
        super().error(terminal.printable(message))


def whole(least: int, most: int) -> Callable[[str], int]:
    """The type of an argument that is a whole number in a range."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text[:40]} is not a whole number from {least:,} to {most:,}")
        return value

    return read


def positive(most: float, *, zero: bool = False) -> Callable[[str], float]:
    """The type of an argument that is a number above 0, or from 0 on, up to a largest one."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (0 < value <= most or (zero and value == 0)):
            raise argparse.ArgumentTypeError(f"{text[:40]} is not a number {'from' if zero else 'above'} 0 to {most:g}")
        return value

    return read
