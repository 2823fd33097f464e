"""Settings files and Parseq documents with anything at all in any place: read, or refused in a sentence."""

import copy
import json
import random

import numpy as np
import pytest
from motion_bridge.errors import BadInput
from motion_bridge.schedules import settings_files, webui_writer
from motion_bridge.schedules.parseq import document as parseq

JUNK = [
    *(None, True, -1, 0, 3.5, 1e308, float("nan"), float("inf"), 10**30, -(2**70), 10**400),
    *("", "x", "0:(1)", "0:(t", "1e999", "\0", "é", "L", "P", "rand()"),
    *([], {}, [1], {"a": 1}, [[[]]], {"frame": "a"}, [{"frame": 0}, {"frame": 1}]),
]


def documents():
    whole = parseq.document({"zoom": np.array([1, 1.1, 1.2]), "translation_x": np.arange(3.0)}, fps=24)
    bare = {name: value for name, value in whole.items() if name != "rendered_frames"}
    curved = copy.deepcopy(bare)
    curved["keyframes"][0]["zoom_i"] = "L+sin(p=3)"
    written = webui_writer.document({"angle": "0:(1)"}, width=64, height=64, max_frames=5, fps=24, prompts={0: "x"})
    header = {"format": "motion-bridge shot", "frames": [1, 2], "fps": 24, "width": 4, "height": 4}
    return [whole, curved, written, {"schedules": {"zoom": "0:(1), 2:(t)"}, "max_frames": 4}, header]


def places(thing, path=()):
    for key in thing if isinstance(thing, dict) else range(len(thing)) if isinstance(thing, list) else ():
        yield (*path, key)
        yield from places(thing[key], (*path, key))


def put(document, place, value):
    inner = document
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value


@pytest.mark.slow
def test_a_document_with_junk_in_it_is_read_or_refused():
    rng = random.Random(5)
    originals = documents()
    refused = 0
    for _ in range(3000):
        damaged = copy.deepcopy(rng.choice(originals))
        for _ in range(rng.randint(1, 3)):
            put(damaged, rng.choice(list(places(damaged))), copy.deepcopy(rng.choice(JUNK)))
        try:
            found = settings_files.read(json.dumps(damaged), "file")
            settings_files.evaluate(found, found.context())
        except BadInput as fault:
            refused += 1
            assert len(str(fault)) < 1000
    assert 500 < refused < 2500
