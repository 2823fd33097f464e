"""The Flamenco job type: the tasks that a job becomes, and names that it refuses."""

import itertools

import pytest
from flamenco import compiled, compiled_all
from motion_bridge.engines.base import ENGINES

HOSTILE = [
    *("-c", "--python-expr", "../up", "a/b", "a\\b", "con", "NUL.x", "com1", "a:b", ".", "..", "a.", ".hidden"),
    *("{blender}", "frame_####", 'a"b', "a|b", "a*b", "line\nbreak", "bell\x07", "turned\u202eeman", "half\ud800"),
    *("Scene,scene", "a,,b", "x" * 64),
]
REFUSED = [
    *(({"scenes": name}, "he scene ") for name in HOSTILE),
    ({"blendfile": "-c"}, "blendfile"),
    ({"blendfile": "/a/../b.blend"}, "blendfile"),
    ({"blendfile": "/a/b.py"}, ".blend file"),
    ({"output": "--output"}, "output"),
    ({"output": "/takes\n--python-expr"}, "output"),
    ({"output": ""}, "output"),
    ({"frames": "1-48 --python x"}, "frame range"),
    ({"frames": "48-1"}, "reversed"),
    ({"frames": "1-48x0"}, "without a step"),
    ({"frames": "-5-5", "key_every": 2}, "negative frames"),
    ({"engine": "reproject --set x"}, "no engine"),
    ({"takes": 0}, "1 or more"),
    ({"takes": "2; rm"}, "whole number"),
    ({"takes": 10001}, "tasks"),
]


def arguments(task):
    (command,) = task["commands"]
    assert command["name"] == "blender-render"
    assert command["parameters"]["exe"] == "{blender}"
    assert command["parameters"]["exeArgs"] == "{blenderArgs}"
    return command["parameters"]["args"]


def test_a_task_is_a_whole_take_and_takes_are_scenes_times_seeds():
    made = compiled(scenes="Car, Street", takes=3, seed=-1, engine="deforum")
    named = [task["name"] for task in made["tasks"]]
    pairs = itertools.product(("Car", "Street"), (-1, 0, 1))
    assert named == [f"{scene}: take with seed {seed}" for scene, seed in pairs]
    assert arguments(made["tasks"][0]) == [
        *("--scene", "Car", "-c", "motion_bridge", "render", "--resume", "--engine", "deforum"),
        *("--frames=1-48", "--seed=-1", "--output", "/takes/Car/seed_-1"),
    ]
    assert made["tasks"][0]["commands"][0]["parameters"]["blendfile"] == "/shots/car.blend"


def test_key_pictures_are_tasks_of_their_own_that_takes_wait_for():
    made = compiled(scenes="Car", frames="1-10x2", key_every=2, key_chunk=2, takes=2)["tasks"]
    keys, takes = made[:2], made[2:]
    frames = [arguments(task)[arguments(task).index("--render-frame") + 1] for task in keys]
    assert frames == ["1,5", "9"]  # every second of 1 3 5 7 9, the last among them
    assert [task["dependencies"] for task in takes] == [[task["name"] for task in keys]] * 2
    assert arguments(takes[0])[-2:] == ["--key-pictures", "/takes/Car/key_pictures"]
    assert "/takes/Car/key_pictures/frame_####" in arguments(keys[0])


def test_without_scenes_the_saved_one_is_taken():
    assert arguments(compiled(scenes="")["tasks"][0])[:2] == ["-c", "motion_bridge"]


def test_the_engines_are_those_that_there_are():
    (engine,) = [each for each in compiled()["type"]["settings"] if each["key"] == "engine"]
    assert sorted(engine["choices"]) == sorted(ENGINES)


@pytest.fixture(scope="module")
def faults():
    """What the script says of every job that must not be made, in the order of REFUSED."""
    return [made.get("fault", "") for made in compiled_all([settings for settings, _ in REFUSED])]


@pytest.mark.parametrize("at", range(len(REFUSED)), ids=lambda at: ascii(REFUSED[at][0])[:40])
def test_what_could_mean_something_else_is_refused(faults, at):
    assert REFUSED[at][1] in faults[at]
