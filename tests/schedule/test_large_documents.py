"""Documents of absurd size are read within seconds, or refused within seconds with the limit in the sentence."""

import json
import time

import pytest
from motion_bridge.engines.deforum import settings_import
from motion_bridge.errors import BadInput

MILLION, MANY = 10**6, 10**5
LIMIT = 15  # seconds of process time; it takes about four
KEYS = ({"frame": number, "zoom": 1.0, "zoom_i": "S"} for number in range(MANY))
DOCUMENTS = {
    "a million unknown keys": lambda: {f"unknown_key_{number}": number for number in range(MILLION)},
    "a million prompts": lambda: {"prompts": {str(number): "a" for number in range(MILLION)}, "max_frames": 100},
    "ten thousand prompts": lambda: {"prompts": {str(number): "a" for number in range(10_000)}, "max_frames": 10_000},
    "a hundred thousand keyframes of Parseq": lambda: {
        "options": {"output_fps": 24, "bpm": 120},
        "managedFields": ["zoom", "angle"],
        "keyframes": list(KEYS),
    },
    "a hundred thousand keys of a schedule": lambda: {
        "zoom": ", ".join(f"{number}:(1)" for number in range(MANY)),
        "max_frames": MANY,
    },
}
REFUSED = {
    "a million unknown keys": "1000000 keys; at most 10000",
    "a million prompts": "1000000 prompts; at most 10000",
}


@pytest.mark.slow
@pytest.mark.fault("Settings files of absurd size", "a million keys or prompts, a hundred thousand keyframes")
@pytest.mark.parametrize("name", DOCUMENTS)
def test_within_seconds_there_is_an_answer_to(name, tmp_path):
    path = tmp_path / "large.txt"
    path.write_text(json.dumps(DOCUMENTS[name]()))
    began = time.process_time()
    if name in REFUSED:
        with pytest.raises(BadInput, match=REFUSED[name]):
            settings_import.read(path)
    else:
        settings_import.read(path)
    assert time.process_time() - began < LIMIT
