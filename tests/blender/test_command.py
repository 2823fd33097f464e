"""`motion_bridge …` without a window: arguments, printed lines and exit codes."""

import json
import os
import re
import signal
import threading
import time
from pathlib import Path

import bpy
import pytest
from blender_session import names, run


def test_render_prints_a_line_for_each_saved_frame_and_no_other_saved_line(scene, tmp_path: Path, capfd):
    scene.motion_bridge.first_frame = "RENDER"
    assert run("render", "--frames", "1-3", "--output", tmp_path / "out") == 0
    saved = re.findall(r"^Saved: '(.*)'$", capfd.readouterr().out, re.MULTILINE)
    assert [Path(path) for path in saved] == [tmp_path / f"out/frame_000{number}.png" for number in (1, 2, 3)]
    assert names(tmp_path / "out") == [Path(path).name for path in saved]


def test_json_prints_nothing_but_one_object_a_line(scene, painted, tmp_path: Path, capfd):
    assert run("render", "--frames", "1-2", "--output", tmp_path / "out", "--json") == 0
    events = [json.loads(line) for line in capfd.readouterr().out.splitlines() if line.startswith("{")]
    assert [event for event in events if event["event"] != "progress"] == [
        {"event": "started", "total": 2, "missing": 2},
        {"event": "saved", "frame": 1, "path": str(tmp_path / "out/frame_0001.png")},
        {"event": "saved", "frame": 2, "path": str(tmp_path / "out/frame_0002.png")},
        {"event": "done", "saved": 2},
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5", [5]), ("1-3", [1, 2, 3]), ("-5-18x10", [-5, 5, 15]), ("-3--2", [-3, -2]), ("1-6x2", [1, 3, 5])],
)
def test_frame_ranges_are_understood_also_below_zero(scene, painted, tmp_path: Path, text: str, expected: list[int]):
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.takes.writer import frame_name

    assert run("render", "--frames", text, "--output", tmp_path / "out") == 0
    assert names(tmp_path / "out") == sorted(frame_name(number) for number in expected)


def test_without_a_range_the_scenes_own_is_made(scene, painted, tmp_path: Path):
    scene.frame_start, scene.frame_end, scene.frame_step = 2, 6, 2
    assert run("render", "--output", tmp_path / "out") == 0
    assert names(tmp_path / "out") == ["frame_0002.png", "frame_0004.png", "frame_0006.png"]


@pytest.mark.parametrize("arguments", [["--help"], ["render", "--help"], ["shot", "--help"], ["movie", "--help"]])
def test_help_exits_0(scene, arguments: list[str], capfd):
    assert run(*arguments) == 0
    assert "usage: motion_bridge" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["render"], "--output"),
        (["dance"], "dance"),
        (["render", "--output", "{tmp}/out", "--engine", "magic"], "magic"),
        (["render", "--output", "{tmp}/out", "--frames", "12-1"], "12-1 is reversed; write 1-12"),
        (["render", "--output", "{tmp}/out", "--frames", ""], "not a frame range"),
        (["render", "--output", "{tmp}/out", "--frames", "1-x"], "not a frame range"),
        (["render", "--output", "{tmp}/out", "--frames", "1-12x0.5"], "Time Stretching"),
        (["render", "--output", "{tmp}/out", "--frames", "1-9x0"], "step of 0"),
        (["render", "--output", "{tmp}/out", "--frames", "1-99999999"], "outside of Blender's timeline"),
        (["render", "--output", "{tmp}/out", "--frames", "1-1048574"], "shorter takes"),
        (["render", "--output", "{tmp}/../out"], '".."'),
        (["render", "--output", "{tmp}/con"], "reserves"),
        (["render", "--output", "/"], "root of the disk"),
        (["render", "--output", "/proc/nowhere/out"], "/proc"),
        (["render", "--output", "{tmp}/out", "--first-frame", "{tmp}/none.png"], "none.png"),
        (["render", "--output", "{tmp}/out", "--prompt", "a red house"], "begin with a frame"),
        (["render", "--output", "{tmp}/out", "--prompt", "1.5: a red house"], "begin with a frame"),
        (["shot", "--output", "{tmp}"], "not empty"),
        (["movie", "{tmp}", "--output", "{tmp}/out.mp4"], "no frames"),
        (["movie", "{tmp}", "--output", "{tmp}/out.doc"], "ends in .mp4"),
        (["movie", "{tmp}", "--output", "{tmp}/../out.mp4"], '".."'),
    ],
)
def test_bad_input_exits_2_with_a_sentence_and_writes_nothing(
    scene, painted, tmp_path: Path, capfd, arguments: list[str], says: str
):
    assert run(*(argument.replace("{tmp}", str(tmp_path)) for argument in arguments)) == 2
    captured = capfd.readouterr()
    assert says in captured.out + captured.err
    assert not (tmp_path / "out").exists()


def test_a_home_folder_is_understood_in_every_field(scene, painted, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "first.png").write_bytes(painted.read_bytes())
    scene.frame_end = 2
    scene.motion_bridge.output, scene.motion_bridge.first_frame_path = "~/takes", "~/first.png"
    assert bpy.ops.motion_bridge.render() == {"FINISHED"}
    assert names(tmp_path / "takes/take_001") == ["frame_0001.png", "frame_0002.png"]
    assert run("render", "--frames", "1", "--output", "~/out") == 0
    assert names(tmp_path / "out") == ["frame_0001.png"]


@pytest.mark.parametrize("where", ["operator", "command"])
def test_a_path_longer_than_the_system_allows_is_a_sentence(scene, painted, tmp_path: Path, capfd, where: str):
    long = str(tmp_path / "/".join(["folder"] * 700))
    if where == "command":
        assert run("render", "--frames", "1", "--output", long) == 2
        assert "Choose a shorter one" in capfd.readouterr().out
    else:
        scene.motion_bridge.output = long[:1000]  # what the field holds, and more than Blender's own files take
        with pytest.raises(RuntimeError, match="Choose a shorter one"):
            bpy.ops.motion_bridge.render()


def test_a_scene_without_camera_exits_2(scene, painted, tmp_path: Path, capfd):
    scene.camera = None
    assert run("render", "--output", tmp_path / "out", "--json") == 2
    (failed,) = [json.loads(line) for line in capfd.readouterr().out.splitlines() if line.startswith("{")]
    assert failed["event"] == "failed" and failed["kind"] == "bad_input" and "no camera" in failed["message"]


def test_a_folder_that_holds_frames_is_never_written_over(scene, painted, tmp_path: Path, capfd):
    assert run("render", "--frames", "1-2", "--output", tmp_path / "out") == 0
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    assert run("render", "--frames", "1-3", "--output", tmp_path / "out") == 2
    assert "Resume" in capfd.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before


def test_options_reach_the_shot(scene, painted, tmp_path: Path):
    from bl_ext.user_default.motion_bridge.backend.motion_bridge import shot

    options = ["--prompt", "-2: fog", "--prompt", "1: sun: noon", "--seed", 7, "--mark-unseen", "--frames", "-2-1"]
    assert run("shot", "--output", tmp_path / "shot", *options) == 0
    made = shot.load(tmp_path / "shot")
    assert made.frames == (-2, -1, 0, 1)
    assert made.prompts == {-2: "fog", 1: "sun: noon"}
    assert made.seed == 7
    assert made.settings["mark_unseen"] is True
    assert made.geometry is not None and made.depth is None and made.tracks is not None


def test_shot_writes_the_very_shot_that_render_uses(scene, painted, tmp_path: Path, capfd):
    from bl_ext.user_default.motion_bridge.backend.motion_bridge import shot

    assert run("shot", "--frames", "1-4", "--output", tmp_path / "shot") == 0
    assert f"Saved: '{tmp_path}/shot/shot.json'" in capfd.readouterr().out
    assert run("render", "--frames", "1-4", "--output", tmp_path / "out") == 0
    assert shot.digest(tmp_path / "shot") == shot.digest(tmp_path / "out/shot")


def test_the_command_leaves_the_scene_without_strip_and_image(scene, painted, tmp_path: Path):
    from bl_ext.user_default.motion_bridge.addon import compat

    assert run("render", "--frames", "1-2", "--output", tmp_path / "out") == 0
    assert len(compat.strips(scene)) == 0
    assert "Motion Bridge" not in bpy.data.images


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_with_exit_code_4_and_keeps_the_frames(scene, painted, tmp_path: Path, capfd, sent):
    before = signal.getsignal(sent)
    stopper = threading.Thread(target=send_after_a_frame, args=(tmp_path / "out", sent))
    stopper.start()
    assert run("render", "--frames", "1-150", "--output", tmp_path / "out") == 4
    stopper.join()
    assert "frames saved in" in capfd.readouterr().out
    assert 0 < len(names(tmp_path / "out")) < 150
    assert signal.getsignal(sent) == before
    assert run("render", "--frames", "1-150", "--output", tmp_path / "out", "--resume") == 0
    assert len(names(tmp_path / "out")) == 150


def send_after_a_frame(folder: Path, sent: signal.Signals) -> None:
    deadline = time.monotonic() + 60
    while not names(folder) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(os.getpid(), sent)


def test_an_engine_that_blenders_python_cannot_run_exits_3_before_anything_is_rendered(scene, tmp_path: Path, capfd):
    assert run("render", "--engine", "deforum", "--frames", "1-2", "--output", tmp_path / "out") == 3
    assert "Engine deforum cannot run in Blender's own Python: it needs the package torch" in capfd.readouterr().out
    assert not (tmp_path / "out").exists()


def test_a_backend_that_cannot_start_exits_3(scene, painted, tmp_path: Path, capfd):
    from blender_session import PACKAGE

    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho broken pipe dreams >&2\nexit 9\n")
    broken.chmod(0o755)
    preferences = bpy.context.preferences.addons[PACKAGE].preferences
    preferences.python = str(broken)
    try:
        assert run("render", "--frames", "1-2", "--output", tmp_path / "out") == 3
    finally:
        preferences.python = ""
    assert "exit code 9" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("line", "values"),
    [
        (("shot", "--output", "o", "--seed"), ["1" + "0" * 30, "nan"]),
        (("render", "--output", "o", "--seed"), ["1e3"]),
        (("export", "--format", "webui", "--output", "o.txt", "--tolerance"), ["nan", "inf", "-1"]),
        (("import", "f", "--output", "o.blend", "--first"), ["1" + "0" * 12, "nan"]),
        (("import", "f", "--output", "o.blend", "--scale"), ["nan", "inf", "0", "-1"]),
        (("shot", "--output", "o", "--region"), ["nan,0,1,1", "0,0,inf,1"]),
        (("shot", "--output", "o", "--grid"), ["-1", "100000"]),
        (("shot", "--output", "o", "--follow"), ["surface:mover,spacing=inf", "surface:mover,count=" + "9" * 20]),
        (("shot", "--output", "o", "--frames"), ["1-99999999999999", "9" * 400, "9" * 12, "1048575", "-1048575"]),
    ],
)
def test_a_number_that_cannot_be_is_bad_input(scene, painted, tmp_path: Path, monkeypatch, capfd, line, values):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    for value in values:
        assert run(*line[:-1], f"{line[-1]}={value}") == 2, value
    assert "Traceback" not in capfd.readouterr().err
    assert sorted(tmp_path.iterdir()) == before
