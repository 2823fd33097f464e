"""The engine, run the way a job runs it."""

from typing import Any, cast

import pytest
from motion_bridge.engines.reproject.engine import engine


class Finished(dict):
    """Finished frames as an engine sees them, kept in memory."""

    def pixels(self, index):
        return self[index].pixels

    def notes(self, index):
        return self[index].notes


@pytest.fixture
def generate():
    """generate(shot, finished) → all frames by position; each is stored before the next is asked for."""

    def run(shot, finished=None) -> Any:
        store = Finished(finished or {})
        for frame in engine.frames(shot, cast(Any, store), list):
            store[frame.index] = frame
        return store

    return run
