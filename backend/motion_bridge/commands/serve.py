"""motion-bridge serve"""

import argparse

from .. import worker


def add(parser: argparse.ArgumentParser) -> None:
    """It has no arguments: everything comes over the pipe."""


def run(arguments: argparse.Namespace) -> int:
    return worker.serve()
