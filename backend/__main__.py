"""Runs the backend from this folder with nothing installed: `python backend serve`."""

import importlib.util
import sys


def _main():
    """Look first whether this Python, which somebody chose in the preferences, can do it at all."""
    if sys.version_info < (3, 11):  # noqa: UP036  older ones can read this file
        return _refuse(f"needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}.")
    if importlib.util.find_spec("numpy") is None:
        return _refuse(f"needs numpy. Install it: {sys.executable} -m pip install numpy")
    from motion_bridge.cli.main import main

    return main()


def _refuse(why):
    print("Motion Bridge's backend " + why, file=sys.stderr)
    return 3


sys.exit(_main())
