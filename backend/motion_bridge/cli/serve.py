"""motion-bridge serve"""

import argparse
from typing import Any

from ..ipc import server


def add(parser: argparse.ArgumentParser) -> None:
    """It has no arguments: everything comes over the pipe."""


def run(arguments: argparse.Namespace) -> int:
    return server.serve(remote=_session)


def _session(send: Any) -> Any:
    """Imported for hosts on other machines alone: a local one waits for nothing."""
    from ..remote.session import Session

    return Session(send)
