"""Six shots whose motion is known exactly, at half the size of a real picture, made once."""

from functools import cache

import pytest
from benchmarks.common import synthetic_shots
from motion_bridge.schedules.camera.export import export

WIDTH, HEIGHT, FRAMES = 416, 240, 24


@pytest.fixture(scope="session")
def drawn():
    """A function: name → Shot."""
    return cache(lambda name: synthetic_shots.make(name, WIDTH, HEIGHT, FRAMES))


@pytest.fixture(scope="session")
def exported(drawn):
    """A function: name → Export with few keys."""
    return cache(lambda name: export(drawn(name)))
