"""Long shots are read in the memory of short ones, down to what each frame has to keep."""

import importlib
import tracemalloc

import bpy
import numpy as np
import pytest

FRAME = 3000  # bytes that a frame more may cost: the camera, and where in a file the three meshes that deform lie


@pytest.fixture
def most(extension, tmp_path):
    """A function: frames → the most memory (bytes) that reading them took, from Blender to a Shot."""
    names = ("snapshot", "first_frame", "tracks.sources")
    read, first_frame, sources = (importlib.import_module(f"{extension.__name__}.addon.scene.{name}") for name in names)

    def most(count):
        picture = first_frame.FromPixels(np.zeros((9, 16, 3), np.uint8))
        needs = frozenset({"depth", "objects", "flow"})
        frames = tuple(range(1, count + 1))
        request = read.Request(frames, needs, picture, grid=4, sources=(sources.Origin("mover"),))
        tracemalloc.start()
        taken = read.snapshot(bpy.context, request)
        read.complete(taken, tmp_path / f"shot {count}", lambda done, total: None, lambda: False)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    return most


def test_four_times_as_many_frames_are_read_in_the_same_memory(scene, most):
    scene.render.resolution_x, scene.render.resolution_y = 16, 9
    for name in ("floor", "pillar", "mover"):
        wave = bpy.data.objects[name].modifiers.new("wave", "WAVE")
        wave.time_offset = -500
    most(2)  # what is loaded once is not counted
    few, many = 30, 120
    grown = most(many) - most(few)
    print(f"{grown / (many - few):.0f} bytes a frame")
    assert grown < (many - few) * FRAME
