"""Runs pytest inside the Blender program: blender -b -P inside.py -- SITE_PACKAGES PYTEST_ARGUMENTS…"""

import os
import sys

site_packages, *arguments = sys.argv[sys.argv.index("--") + 1 :]
sys.path.append(site_packages)  # last: numpy must be Blender's own

import pytest  # noqa: E402  it is there now

code = pytest.main(arguments)
sys.stdout.flush()
os._exit(int(code))  # what tests leave registered must not decide how Blender ends
