"""The measurements that need Blender run, compare what they say they compare, and tell what they found."""

import json
import subprocess
import sys
from pathlib import Path

BACKEND = Path(__file__).resolve().parents[2] / "backend"


def measured(*words: str) -> dict:
    command = [sys.executable, "-m", "benchmarks", *words, "--json"]
    done = subprocess.run(command, cwd=BACKEND, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_stream_measures_every_frame_beside_its_floor():
    found = measured("stream", "--frames", "120")
    assert found["frames_per_second"] > 0
    assert abs(found["ratio"] - found["main_thread_ms"] / found["floor_ms"]) < 1e-9


def test_camera_finds_the_same_numbers_as_frame_set():
    found = measured("camera", "--frames", "20", "--side", "40")
    assert found["frames"] == 20 and found["vertices"] == 41**2
    assert found["different"] == 0


def test_tracks_agree_with_a_script_that_asks_blender_for_each_point():
    found = measured("tracks", "--frames", "4", "--side", "12", "--faces", "4000")
    assert set(found) == {"static", "mixed", "deforming"}
    for kind in found.values():
        assert kind["points"] == 144 and kind["seen"] > 0.2
        assert kind["apart_px"] < 0.01 and kind["agree"] > 0.99


def test_long_measures_time_and_memory_of_reading_a_scene():
    found = measured("long", "--work", "scene", "--frames", "20", "40", "--python", sys.executable)
    assert [one["frames"] for one in found["scene"]] == [20, 40]
    assert all(one["seconds"] > 0 for one in found["scene"])
