"""motion-bridge serve"""

import argparse
from importlib import import_module
from typing import Any

from ..ipc import server


def add(parser: argparse.ArgumentParser) -> None:
    """It has no arguments: everything comes over the pipe."""


def run(arguments: argparse.Namespace) -> int:
    return server.serve(remote=_session)


def _session(send: Any) -> Any:
    """Of a host on another machine; imported when one asks, and not in the build without other software."""
    return import_module("..remote.session", __package__).Session(send)
