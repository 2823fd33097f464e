"""Frames from the backend into a Blender image: the measurement runs, and the cost stays near its floor."""

import json
import subprocess
import sys
from pathlib import Path

BACKEND = Path(__file__).resolve().parents[2] / "backend"


def test_frames_reach_the_image_at_little_more_than_the_images_own_cost():
    command = [sys.executable, "-I", str(BACKEND), "bench", "stream", "--frames", "120", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    print(found)
    assert found["ratio"] < 3, "1.3 on a quiet machine"
    assert found["frames_per_second"] > 15, "60 on a quiet machine"
