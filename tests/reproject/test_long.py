"""Long shots: memory does not grow with the number of frames."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from motion_bridge import shot as shots
from motion_bridge.shot import Camera, Objects, Shot
from ray_scene import film, flight, stage

BACKEND = Path(__file__).resolve().parents[2] / "backend"
WIDTH, HEIGHT, COUNT, FEW, ROUND = 128, 72, 600, 100, 80

RUN = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from motion_bridge import shot as shots
from motion_bridge.engines.reproject.engine import engine

class Nothing(dict):
    def pixels(self, index):
        return shot.first_frame

    def notes(self, index):
        return {"remembers": []}

shot = shots.load(Path(sys.argv[1]))
resident = []
for frame in engine.frames(shot, Nothing(), list):
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    resident.append(pages * os.sysconf("SC_PAGE_SIZE"))
print(json.dumps(resident))
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_six_hundred_frames_take_no_more_memory_than_a_hundred(tmp_path):
    there_and_back = np.abs(np.arange(COUNT) % (2 * ROUND) - ROUND) % ROUND
    part = film(stage(ROUND), *flight(ROUND, WIDTH, HEIGHT), WIDTH, HEIGHT).shot
    camera, objects, part_depth = part.camera, part.objects, part.depth
    assert objects is not None and part_depth is not None
    depth = shots.map_array(tmp_path, "depth", (COUNT, HEIGHT, WIDTH), np.float32)
    index = shots.map_array(tmp_path, "objects.index", (COUNT, HEIGHT, WIDTH), np.uint16)
    for k, source in enumerate(there_and_back):
        depth[k], index[k] = part_depth[source], objects.index[source]
    shot = Shot(
        frames=tuple(range(COUNT)),
        fps=24.0,
        width=WIDTH,
        height=HEIGHT,
        camera=Camera(*(part[there_and_back] for part in (camera.pose, camera.intrinsics, camera.orthographic))),
        first_frame=part.first_frame,
        depth=depth,
        objects=Objects(index, objects.pose[:, there_and_back], objects.name),
    )
    shots.save(shot, tmp_path)
    ran = subprocess.run(
        [sys.executable, "-I", "-c", RUN, str(tmp_path), str(BACKEND)], capture_output=True, text=True, timeout=550
    )
    assert ran.returncode == 0, ran.stderr
    resident = np.array(json.loads(ran.stdout))
    assert len(resident) == COUNT
    assert resident[FEW:].max() <= 1.05 * resident[: FEW + 1].max()
