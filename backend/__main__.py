"""Runs the backend from this folder with nothing installed: `python backend serve`."""

import sys

from motion_bridge.cli import main

sys.exit(main())
