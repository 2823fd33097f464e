"""Whole settings files with anything at all in any place: they become jobs, or are refused in a sentence. No torch.

MOTION_BRIDGE_FUZZ=10000 makes as many files as that.
"""

import json
import os
import random
import time
import warnings

import pytest
import whole_files
from motion_bridge.engines.deforum import input_files
from motion_bridge.engines.deforum.engine import DEFAULTS
from motion_bridge.engines.deforum.shot_builder import shot_of
from motion_bridge.errors import BadInput, ModelMissing
from motion_bridge.schedules import Context
from motion_bridge.schedules.programs import COMFYUI, PROGRAMS

COUNT = int(os.environ.get("MOTION_BRIDGE_FUZZ", "400"))
LONGEST = 2.0  # seconds of CPU, whatever else the machine does
JUNK = [
    *(None, True, False, -1, 0, 1, 3.5, 1e308, -1e-308, 10**18, -(2**63), 2**64, 10**39),
    *(
        "",
        " ",
        "None",
        "x",
        "-1",
        "1e999",
        "nan",
        "0",
        "\0",
        "\x1b[2J\rSaved: 'x'",
        "é" * 300,
        "https://x.y/z",
        "../..",
        "//",
    ),
    *(
        "0:(1)",
        "0:(0)",
        "0:(t",
        "0:(1/0)",
        "0:(1e999)",
        "0:(2**63)",
        "-5:(1)",
        "max_f:(s)",
        "0:(where(t,1,2))",
        "0:(1),0:(nan)",
    ),
    *(
        "0: 0: (1)",
        "t:(1)",
        "0:(log(-1))",
        "0:(" + "(" * 70 + "1" + ")" * 70 + ")",
        ":" * 40,
        "0:()",
        "0:(True), 1:(0x10)",
    ),
    *(
        '0:("{video_mask}")',
        '0:("[a.png]")',
        '0:("<cat>")',
        "{",
        "[",
        '{"0": "a.png"}',
        '{"rendered_frames": [], "options": {}}',
    ),
    *('{"options": {}, "keyframes": []}', '{"options": {"output_fps": 0}, "keyframes": [{"frame": 0}, {"frame": 1}]}'),
    *(
        [],
        {},
        [1],
        {"a": 1},
        [[[]]],
        {"0": None},
        {"-1": "x"},
        {"0-9": "x", "9-0": "y"},
        {"max_f*1e9": "x"},
        {"1/0": "x"},
    ),
    *(
        {"0": "a --neg b --neg c"},
        {"0": "(a:`t`)"},
        {"0": "[" * 50 + "a:b:0.5" + "]" * 50},
        {"0": "<lora:" * 20},
        {"0": "a AND :0"},
    ),
]


def hostile(rng):
    """A whole file with junk in a few places, without some keys, or as torn text."""
    program = rng.choice(PROGRAMS)
    document = whole_files.written(program)
    names = [
        *document,
        "device",
        "mode",
        "prompts",
        "parseq_manifest",
        "schedules",
        "start_sigma",
        "prompt_map",
        "nodes",
    ]
    for _ in range(rng.choice((1, 1, 2, 5, 40))):
        document[rng.choice(names)] = rng.choice(JUNK)
    for name in rng.sample(list(document), rng.choice((0, 0, 3, len(document) // 2))):
        del document[name]
    if program.name == COMFYUI and isinstance(document.get("prompts"), dict) and rng.random() < 0.7:
        document = whole_files.workflow({**whole_files.written(program), **document})
        for node in rng.sample(document["nodes"], 3):
            node[rng.choice(["type", "mode", "widgets_values", "class_type"])] = rng.choice(
                [*JUNK, "BatchPromptSchedule"]
            )
    text = json.dumps(document)
    if rng.random() < 0.1:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(("", "\x00", "}", '"', "1e400", "NaN", "\\ud800")) + text[at + rng.randrange(3) :]
    return text[: rng.randrange(len(text))] if rng.random() < 0.03 else text


@pytest.mark.slow
def test_a_hostile_file_becomes_a_job_or_is_refused_in_a_sentence(tmp_path):
    rng = random.Random(11)
    path = tmp_path / "settings.txt"
    read = refused = 0
    for _ in range(COUNT):
        text = hostile(rng)
        path.write_text(text, encoding="utf-8")
        begun = time.process_time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                shot, notices = shot_of(settings=path, model=rng.choice(("sketch", "sd-1.5", "flux.1-dev")))
                context = Context(len(shot.frames), shot.seed, shot.fps)
                input_files.check({**DEFAULTS, **shot.settings}, shot.schedules, context)
            assert all(isinstance(notice, str) and notice for notice in notices)
            read += 1
        except (BadInput, ModelMissing) as fault:
            assert 5 < len(str(fault)) < 1500, repr(str(fault))
            refused += 1
        except Exception as fault:
            pytest.fail(f"{type(fault).__name__}: {fault}, of {text[:4000]}")
        assert time.process_time() - begun < LONGEST, text[:4000]
    assert read > COUNT / 10 and refused > COUNT / 10
