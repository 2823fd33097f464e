"""motion-bridge schedules, as a person runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BACKEND = Path(__file__).parents[2] / "backend"
DATA = Path(__file__).parents[1] / "data"


def schedules(*words, text=None):
    done = subprocess.run(
        [sys.executable, "-I", BACKEND, "schedules", *map(str, words)],
        input=text,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    return done.returncode, done.stdout, done.stderr


def test_a_settings_file_is_printed_as_one_value_for_each_frame(tmp_path):
    name, case = next(iter(json.loads((DATA / "deforum_settings.json").read_text(encoding="utf-8")).items()))
    path = tmp_path / name
    path.write_text(json.dumps(case["settings"]), encoding="utf-8")
    code, out, errors = schedules(path, "--seed", 1234, "--json")
    assert (code, errors) == (0, "")
    values = json.loads(out)
    assert values.keys() == case["expected"].keys()
    for schedule, expected in case["expected"].items():
        assert [values[schedule][frame] for frame in expected["frames"]] == pytest.approx(expected["values"], abs=1e-12)


def test_stdin_and_the_options_are_obeyed():
    given = json.dumps({"zoom": "0:(where(beat<1, s, max_f))", "seed": 3, "max_frames": 50})
    code, out, _ = schedules("-", "--max-frames", 4, "--seed", 9, "--fps", 4, "--json", text=given)
    assert code == 0 and json.loads(out) == {"zoom": [9, 9, 3, 3]}
    code, _, errors = schedules("-", "--dialect", "webui", text=given)
    assert code == 2 and "zoom, column" in errors and "no comma inside a value" in errors


def test_a_table_names_what_changes_and_what_does_not():
    code, out, errors = schedules("-", text='{"angle": "0:(0), 2:(3)", "fov_schedule": "0:(40)", "max_frames": 3}')
    assert code == 0 and not errors
    assert out.splitlines()[1:] == ["fov_schedule\t40", "frame\tangle", "0\t0", "1\t1.5", "2\t3"]


def test_a_notice_goes_to_stderr_and_the_values_stay_readable():
    code, out, errors = schedules("-", "--json", text='{"zom": "0:(1)", "angle": "0:(2)", "max_frames": 1}')
    assert code == 0 and json.loads(out)["angle"] == [2] and "did you mean 'zoom'?" in errors


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"zoom": "0:(1), 5:(2*)"}', "motion-bridge: zoom, key 5, column 13: a value is missing"),
        ("{}", "motion-bridge: - holds no schedule."),
        ('{"zoom": "0:(1)"', "motion-bridge: - is not valid JSON"),
        ('{"zoom": "0:(1)", "max_frames": 99999999999}', "max_frames is 99999999999; it must be between 1 and"),
    ],
)
def test_a_mistake_ends_with_code_2_and_a_sentence(text, message):
    code, out, errors = schedules("-", text=text)
    assert code == 2 and not out and message in errors and "Traceback" not in errors


def test_a_missing_file_is_named(tmp_path):
    code, _, errors = schedules(tmp_path / "nothing.txt")
    assert code == 2 and "nothing.txt cannot be read" in errors
