"""The video engine's tests: tiny models with random weights, loaded as the real ones are; bytes must repeat."""

import importlib.util
from dataclasses import replace
from typing import Any

import pytest
import ray_scene
from motion_bridge.engines.base import Frame, Notice, Progress

if importlib.util.find_spec("torch"):
    import torch

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)

WIDTH, HEIGHT = 96, 64


class Finished(dict):
    """Finished frames as an engine sees them, kept in memory."""

    def pixels(self, index):
        return self[index].pixels

    def notes(self, index):
        return self[index].notes

    def state(self, index):
        return self[index].state


class Made:
    """What a job has yielded."""

    def __init__(self):
        self.frames, self.notices, self.progress = Finished(), [], []


@pytest.fixture(scope="session")
def model_of(tmp_path_factory):
    """model_of(family) → the folder of a tiny model."""
    pytest.importorskip("diffusers")
    import tiny_video

    folders = {}

    def folder(family):
        if family not in folders:
            folders[family] = tiny_video.save(family, tmp_path_factory.mktemp("models") / family)
        return folders[family]

    return folder


@pytest.fixture
def render():
    """render(shot, finished, **settings) → Made."""
    from motion_bridge.engines.video.engine import engine

    def run(shot, finished=None, changes=list, **settings) -> Any:
        made = Made()
        made.frames.update(finished or {})
        wanted = {"size": f"{WIDTH}x{HEIGHT}", "steps": 2, "device": "cpu", **settings}
        for each in engine.frames(replace(shot, settings=wanted), made.frames, changes):
            match each:
                case Frame(index=index):
                    assert index not in made.frames
                    made.frames[index] = each
                case Notice(sentence=sentence):
                    made.notices.append(sentence)
                case Progress():
                    made.progress.append(each)
        return made

    return run


def make_film(count=10, fps=24.0, ball=True):
    """A ray-traced film with an upright camera without shear."""
    made = ray_scene.film(ray_scene.stage(count, ball), *_flight(count), width=WIDTH, height=HEIGHT)
    shot = replace(made.shot, fps=fps, prompts={1: "red hills"}, negative={1: "blue"}, seed=3)
    return replace(made, shot=shot)


def _flight(count):
    poses, matrices = ray_scene.flight(count, WIDTH, HEIGHT)
    for matrix in matrices:
        matrix[0, 1] = 0
    return poses, matrices


@pytest.fixture(scope="session")
def short_film():
    return make_film()
