"""The measurement of frames on their way from the backend into a Blender image runs and says what it found."""

import json
import subprocess
import sys
from pathlib import Path

BACKEND = Path(__file__).resolve().parents[2] / "backend"


def test_bench_stream_measures_every_frame_beside_its_floor():
    command = [sys.executable, "-m", "benchmarks", "stream", "--frames", "120", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["frames_per_second"] > 0
    assert abs(found["ratio"] - found["main_thread_ms"] / found["floor_ms"]) < 1e-9
