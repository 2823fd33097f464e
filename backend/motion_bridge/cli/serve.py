"""motion-bridge serve"""

import argparse

from ..ipc import server


def add(parser: argparse.ArgumentParser) -> None:
    """It has no arguments: everything comes over the pipe."""


def run(arguments: argparse.Namespace) -> int:
    return server.serve()
