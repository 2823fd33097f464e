"""A server that speaks ComfyUI's protocol, small Shots of a traced scene, and the engine run as a job runs it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from comfyui_server import ComfyServer, workflow
from motion_bridge import shot as shots
from motion_bridge.engines import runner
from motion_bridge.media import png
from ray_scene import film, flight, stage

WIDTH, HEIGHT = 50, 30


@pytest.fixture
def comfy():
    with ComfyServer() as server:
        yield server


@pytest.fixture(scope="session")
def scene():
    """A Shot of five frames with depth and objects, at a size that is no multiple of 16."""
    return film(stage(5), *flight(5, WIDTH, HEIGHT), WIDTH, HEIGHT).shot


@pytest.fixture
def job(comfy, scene, tmp_path):
    """job(nodes, shot=…, resume=…, changes=…, cancelled=…, **settings) → the events of a job, as a list."""

    def run(nodes=None, shot=scene, resume=False, changes=list, cancelled=lambda: False, saw=None, **settings):
        file = tmp_path / "workflow.json"
        file.write_text(json.dumps(workflow() if nodes is None else nodes))
        given = {"workflow": str(file), "server": comfy.url, **settings}
        changed = replace(shot, settings=given)
        folder = tmp_path / "shot"
        if not resume:
            shots.save(changed, folder)
        request = runner.JobRequest(1, folder, str(tmp_path / "take"), "comfyui", resume)
        events = []
        for event in runner.run(request, changes, cancelled):
            events.append(event)
            if saw:
                saw(event)
        return events

    return run


@pytest.fixture
def frames(tmp_path):
    """frames() → the take's pictures, (T, H, W, 3)."""
    return lambda: np.stack([png.read(path) for path in sorted((tmp_path / "take").glob("frame_*.png"))])
