"""The engine that everybody has, through the pipe, killed again and again."""

import os
import signal
import sys
from dataclasses import replace

import numpy as np
import pytest
from backend_processes import REAL, contents, events_until
from benchmarks.common.synthetic_shots import make
from motion_bridge import shot as shots
from motion_bridge.ipc.client import Done, Failed, FrameMade
from motion_bridge.shot import Objects

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and /proc")


def a_real_shot(folder, move, width, height, count):
    """A camera move through a drawn scene, written as a Shot."""
    shot = make(move, width, height, count)
    assert shot.depth is not None
    index = np.isfinite(shot.depth).astype(np.uint16)
    objects = Objects(index, np.tile(np.eye(4), (1, count, 1, 1)), ("static",))
    picture = np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)
    shots.save(replace(shot, first_frame=picture, objects=objects), folder)
    return folder


@pytest.mark.slow
def test_a_job_killed_again_and_again_ends_with_the_same_bytes(start, tmp_path):
    shot = a_real_shot(tmp_path / "shot", "truck", 208, 120, 20)
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    client = start([*REAL, "serve"])
    client.render(shot, whole, "reproject", False)
    events_until(client, Done)
    for pause in (1, 3, 2, 5):
        client = start([*REAL, "serve"])
        client.render(shot, torn, "reproject", resume=True)
        for _ in range(pause):
            events_until(client, FrameMade)
        os.kill(client.pid, signal.SIGKILL)
        events_until(client, Failed)
    client = start([*REAL, "serve"])
    client.render(shot, torn, "reproject", resume=True)
    made = [event for event in events_until(client, Done) if isinstance(event, FrameMade)]
    assert 0 < len(made) <= 20 - 1 - 3 - 2 - 5
    assert contents(torn) == contents(whole)
