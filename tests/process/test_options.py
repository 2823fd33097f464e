"""`motion-bridge render --settings --preset --set`: what an engine is told on the command line."""

import json

import pytest
from backend_processes import REAL, contents
from command_line import render, run
from motion_bridge import shot as shots
from motion_bridge.cli.main import main


def test_a_setting_reaches_the_engine_and_the_take_keeps_the_shot_that_it_made(shot_folder, tmp_path):
    done = render(
        shot_folder(count=3, at=9), tmp_path / "take", "--set", "at=1", "--set", "fault=print", "--set", "pause=0"
    )
    assert done.returncode == 0, done.stderr
    assert shots.load(tmp_path / "take" / "shot").settings == {"at": 1, "fault": "print", "pause": 0.0}
    assert shots.load(tmp_path / "shot").settings["at"] == 9


@pytest.mark.slow
def test_a_take_is_resumed_with_the_same_options_and_no_others(shot_folder, tmp_path):
    shot, options = shot_folder(count=4), ("--set", "at=1")
    assert render(shot, tmp_path / "take", *options).returncode == 0
    whole = contents(tmp_path / "take")
    (tmp_path / "take/frame_0003.png").unlink()
    assert render(shot, tmp_path / "take", *options, "--resume").returncode == 0
    assert contents(tmp_path / "take") == whole
    refused = render(shot, tmp_path / "take", "--set", "at=2", "--resume")
    assert refused.returncode == 2 and "was begun with other settings" in refused.stderr
    assert render(shot, tmp_path / "take", *options).returncode == 2


def test_other_engines_read_their_settings_from_json(shot_folder, tmp_path):
    (tmp_path / "mine.json").write_text(json.dumps({"at": 2, "sign": str(tmp_path / "sign")}))
    done = render(shot_folder(count=3), tmp_path / "take", "--settings", tmp_path / "mine.json", "--set", "fault=print")
    assert done.returncode == 0 and (tmp_path / "sign").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--set", "att=1"], "no setting or schedule 'att'; did you mean 'at'?"),
        (["--set", "at"], "write --set name=value"),
        (["--set", "at=soon"], "at is 'soon'; it must be a whole number"),
        (["--preset", "smooth"], "Engine testing has no presets"),
        (["--settings", "none.json"], "none.json cannot be read"),
    ],
)
def test_what_is_not_known_exits_2_with_the_nearest_name(shot_folder, tmp_path, options, says):
    done = render(shot_folder(count=2), tmp_path / "take", *options)
    assert done.returncode == 2 and says in done.stderr
    assert not (tmp_path / "take").exists()


def test_a_deforum_file_a_preset_and_a_schedule_are_checked_before_torch_is_asked_for(shot_folder, tmp_path):
    path = tmp_path / "deforum_settings.txt"
    path.write_text(json.dumps({"animation_mode": "2D", "angle": "0:(1)", "prompts": {"0": "hills"}, "tiling": True}))
    words = ("render", shot_folder(count=2), "--output", tmp_path / "take", "--engine", "deforum")
    wrong = run(*words, "--settings", path, "--set", "translation_z=1", backend=REAL)
    assert wrong.returncode == 2 and "translation_z moves nothing while the motion is 2D" in wrong.stderr
    noted = run(*words, "--settings", path, "--preset", "smoth", backend=REAL)
    assert noted.returncode == 2 and "did you mean 'smooth'?" in noted.stderr


NUMBERS = {
    "judge shot video --fps": ["nan", "inf", "-1", "0", "1e400", "x"],
    "schedules file --fps": ["nan", "inf", "-1", "0"],
    "schedules file --max-frames": ["0", "-1", "9" * 5000, "1e3", "nan"],
    "schedules file --seed": ["1" + "0" * 30, "nan"],
    "transfer video --first-frame p --output o --grid": ["0", "-1", "100000", "nan"],
    "transfer video --first-frame p --output o --frames": ["-1", "1" + "0" * 30],
    "transfer video --first-frame p --output o --seed": ["1" + "0" * 30],
    "channels sketch --pictures": ["-1", "1" + "0" * 12],
    "channels sketch --shuffles": ["-1", "1" + "0" * 12],
    "channels sketch --size": ["-1", "1" + "0" * 12],
}


@pytest.mark.parametrize("line", NUMBERS)
def test_a_number_that_cannot_be_is_refused_before_anything_is_done(line, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for value in NUMBERS[line]:
        assert main([*line.split()[:-1], f"{line.split()[-1]}={value}"]) == 2
        said = capsys.readouterr().err.splitlines()[-1]
        assert f"argument {line.split()[-1]}: {value[:40]} is not a " in said and len(said) < 200
    assert not list(tmp_path.iterdir())
