"""The benchmark's scenes are made in Blender: pictures and tracks agree, and only what is missing is made again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BACKEND = Path(__file__).resolve().parents[2] / "backend"
MAKE = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import numpy as np
from benchmarks.suites import catalogue
from benchmarks.suites.catalogue import Scene
from benchmarks.suites.make import make
from motion_bridge.metrics.consistency import along_tracks

folder, found = Path(sys.argv[2]), {}
scenes = [Scene("object", "rigid", 8, 8, ("ball", "star")), Scene("counterfactual", "ball up", 8, 2, ("ball",))]
make(folder, scenes)
(folder / "object/rigid/frame_0008.png").rename(folder / "was.png")
make(folder, scenes)
found["again"] = (folder / "object/rigid/frame_0008.png").read_bytes() == (folder / "was.png").read_bytes()
firsts = [(folder / scene.place / "frame_0001.png").read_bytes() for scene in scenes]
found["one first frame"] = firsts[0] == firsts[1]
shot, video = catalogue.load(folder, scenes[0])
moved = np.array(shot.tracks.xy)[:, -1] - shot.tracks.xy[:, 0]
found["names"] = sorted({name for name, far in zip(shot.tracks.name, moved) if np.hypot(*far) > 0.2})
found["objects"] = list(shot.objects.name)
xy, visible = np.array(shot.tracks.xy), np.array(shot.tracks.visible)
moves = np.hypot(*moved.T) > 0.2
found["changes"] = float(np.nanmean(along_tracks(video[[0, -1]], xy[moves][:, [0, -1]], visible[moves][:, [0, -1]])))
still = np.repeat(xy[moves][:, :1], 2, 1)
found["under them"] = float(np.nanmean(along_tracks(video[[0, -1]], still, visible[moves][:, [0, -1]])))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    command = [sys.executable, "-I", "-c", MAKE, str(BACKEND), str(tmp_path_factory.mktemp("scenes"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_what_moves_has_tracks_and_the_pictures_follow_them(made):
    assert made["names"] == ["ball", "star"] and made["objects"] == ["static", "ball", "star"]
    assert made["changes"] < 0.6 * made["under them"]


def test_pictures_are_the_same_however_often_they_are_made(made):
    assert made["again"] and made["one first frame"]
