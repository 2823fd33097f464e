"""Hostile input by the thousand: read or refused with an error of ours, in little time and little memory.

MOTION_BRIDGE_FUZZ=long reads as many as docs/reliability.md promises; MOTION_BRIDGE_SEED chooses others.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import fuzzing
import pytest

LONG = os.environ.get("MOTION_BRIDGE_FUZZ") == "long"
SEED = int(os.environ.get("MOTION_BRIDGE_SEED", "20260101"))
NEEDED = {"videos": ("av", "cv2"), "models": ("torch",)}
WAYS = {
    "messages": "bytes changed, lost, doubled, lengths that lie",
    "shots": "versions 1 and 2: hostile JSON, arrays, geometry, pictures; FIFOs, devices, links in place of files",
    "settings": "Deforum, Parseq and schedule texts with hostile values, names and bytes",
    "tracks": "all formats; archives with hostile arrays and right checksums",
    "cameras": "nerfstudio, COLMAP, RealEstate10K and SANA-WM with hostile numbers, words and arrays",
    "pngs": "chunks with hostile bodies and right checksums",
    "videos": "MP4, Matroska and GIF with bytes changed, lost, doubled",
    "models": "configurations, weights and indices; FIFOs and links in place of files",
}
NAMES = {
    "pngs": "PNGs",
    "shots": "Shots",
    "settings": "settings files",
    "tracks": "track files",
    "cameras": "camera files",
    "models": "model folders",
}


@pytest.mark.timeout(3600 if LONG else 300)
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=[pytest.mark.fault(f"Hostile {NAMES.get(kind, kind)}", how), pytest.mark.slow])
        for kind, how in WAYS.items()
    ],
)
def test_hostile_input_is_read_or_refused_in_little_time_and_memory(kind, tmp_path, injected):
    for package in NEEDED.get(kind, ()):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    count = fuzzing.COUNTS[kind][LONG]
    command = [sys.executable, str(Path(fuzzing.__file__)), kind, str(count), str(SEED), str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=3500 if LONG else 280)
    assert answer.returncode == 0, answer.stderr[-3000:]
    found = fuzzing.Result(**json.loads(answer.stdout.splitlines()[-1]))
    print(f"{kind}: {found}")
    injected(count)
    assert found.refused > count / 20, "hardly anything was hostile"
    assert found.slowest <= fuzzing.SLOWEST
    assert found.memory <= fuzzing.MOST_MEMORY
