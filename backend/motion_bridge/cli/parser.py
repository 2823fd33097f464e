"""The parser of both command lines."""

import argparse
from typing import NoReturn

from .. import terminal


class Parser(argparse.ArgumentParser):
    """What it repeats of a command line stays on one line, and does nothing to the terminal."""

    def error(self, message: str) -> NoReturn:
        super().error(terminal.printable(message))
