"""motion-bridge on the command line: what it prints, leaves behind and returns."""

import json
import os
import signal
import subprocess
import sys

import pytest
from backend_processes import BACKEND, REAL, SOON, TESTING, contents, until
from command_line import render, run
from motion_bridge.media import png


def test_render_names_every_frame_it_saved_and_returns_0(shot_folder, tmp_path):
    output = tmp_path / "größe 🎬"
    done = render(shot_folder(frames=(-5, 0, 1, 12345), count=4), output)
    assert done.returncode == 0, done.stderr
    names = ["frame_-0005.png", "frame_0000.png", "frame_0001.png", "frame_12345.png"]
    assert done.stdout.splitlines() == [f"Saved: '{output / name}'" for name in names]
    assert sorted(contents(output)) == sorted(names)


def test_json_is_one_object_a_line(shot_folder, tmp_path):
    done = render(shot_folder(count=2), tmp_path / "take", "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["frame"] for event in events if event["event"] == "saved"] == [1, 2]
    assert events[-1] == {"event": "done", "saved": 2}
    again = render(tmp_path / "shot", tmp_path / "take", "--json")
    assert again.returncode == 2
    assert json.loads(again.stdout.splitlines()[-1])["kind"] == "bad_input"


def test_a_frame_carries_what_it_was_made_from(shot_folder, tmp_path):
    render(shot_folder(count=2, pause=0.001), tmp_path / "take")
    text = json.loads(png.read_text(tmp_path / "take" / "frame_0002.png")["motion_bridge"])
    assert text["engine"] == "testing"
    assert text["frame"] == 2
    assert text["notes"] == {"steps": 2}
    assert text["settings"] == {"fault": "", "at": 5, "pause": 0.001, "sign": ""}
    assert len(text["shot"]) == 32


def test_the_same_command_makes_the_same_bytes(shot_folder, tmp_path):
    shot = shot_folder(count=4)
    render(shot, tmp_path / "one")
    render(shot, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


@pytest.mark.slow
def test_nothing_is_overwritten(shot_folder, tmp_path):
    shot, output = shot_folder(count=3), tmp_path / "take"
    render(shot, output)
    before = contents(output)
    again = render(shot, output)
    assert again.returncode == 2
    assert f"{output} holds 3 frames already. Resume" in again.stderr
    other = render(shot_folder(name="other", count=3, pause=0.001), output, "--resume")
    assert other.returncode == 2
    assert "frame_0001.png was not made from this shot with these settings" in other.stderr
    assert contents(output) == before


def test_resume_never_takes_a_foreign_picture_for_a_frame(shot_folder, tmp_path):
    output = tmp_path / "take"
    output.mkdir()
    foreign = png.encode(png.read(shot_folder(count=3) / "first_frame.png"))
    (output / "frame_0002.png").write_bytes(foreign)
    refused = render(tmp_path / "shot", output, "--resume")
    assert refused.returncode == 2
    assert contents(output) == {"frame_0002.png": foreign}


@pytest.mark.slow
@pytest.mark.parametrize("keep", [0, 20, 100, -1])
def test_resume_makes_a_damaged_frame_again(shot_folder, tmp_path, keep):
    shot, output = shot_folder(count=3), tmp_path / "take"
    render(shot, output)
    before = contents(output)
    (output / "frame_0003.png").write_bytes(before["frame_0003.png"][:keep])
    again = render(shot, output, "--resume")
    assert again.stdout == f"Saved: '{output / 'frame_0003.png'}'\n"
    assert contents(output) == before


def test_resume_of_a_finished_take_has_nothing_to_do(shot_folder, tmp_path):
    shot, output = shot_folder(count=3), tmp_path / "take"
    render(shot, output)
    again = render(shot, output, "--resume")
    assert (again.returncode, again.stdout) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_returns_4_and_keeps_what_is_finished(shot_folder, tmp_path, how):
    shot, output = shot_folder(count=200, pause=0.02), tmp_path / "take"
    words = ["render", str(shot), "--output", str(output), "--engine", "testing"]
    process = subprocess.Popen([*TESTING, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until((output / "frame_0003.png").exists, SOON, "a third frame")
    os.kill(process.pid, how)
    _, errors = process.communicate(timeout=SOON)
    assert process.returncode == 4
    saved = len(list(output.glob("frame_*.png")))
    assert f"Cancelled; {saved} frames were saved" in errors or f"Cancelled; {saved - 1} frames" in errors
    assert set(contents(output)) == {f"frame_{number:04d}.png" for number in range(1, saved + 1)}


@pytest.mark.parametrize(
    ("fault", "says"), [("raise", "RuntimeError: the flux capacitor"), ("nan", "frame 6"), ("memory", "40 GB wanted")]
)
def test_a_failing_engine_returns_3(shot_folder, tmp_path, fault, says):
    done = render(shot_folder(fault=fault), tmp_path / "take")
    assert done.returncode == 3
    assert says in done.stderr.splitlines()[-1]
    assert len(contents(tmp_path / "take")) == 5


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


BAD_SHOTS = {
    "is not there": (lambda shot: [path.unlink() for path in shot.iterdir()], "holds no shot.json"),
    "has a cut header": (lambda shot: cut(shot / "shot.json"), "is not valid JSON"),
    "has a cut array": (lambda shot: cut(shot / "camera.pose.npy"), "camera.pose.npy is damaged or cut short"),
    "has a cut first frame": (lambda shot: cut(shot / "first_frame.png"), "first_frame.png is cut short"),
    "lacks an array": (lambda shot: (shot / "camera.intrinsics.npy").unlink(), "camera.intrinsics.npy is missing"),
    "is newer": (lambda shot: edit(shot, version=3), "is of version 3"),
    "has nonsense for a width": (lambda shot: edit(shot, width="wide"), "width holds 'wide'"),
    "has a width of zero": (lambda shot: edit(shot, width=0), "width is 0"),
    "has another width": (lambda shot: edit(shot, width=65), "first_frame has shape"),
    "has reversed frames": (lambda shot: edit(shot, frames=[4, 3, 2, 1]), "frames must rise"),
    "has a prompt key that is not a frame": (lambda shot: edit(shot, prompts={"soon": "a"}), "'soon'"),
    "has an unknown setting": (lambda shot: edit(shot, settings={"magic": 1}), "Unknown setting 'magic'"),
    "is a list": (lambda shot: (shot / "shot.json").write_text("[1]"), "does not say"),
}


def edit(shot, **fields):
    header = json.loads((shot / "shot.json").read_text())
    (shot / "shot.json").write_text(json.dumps({**header, **fields}))


@pytest.mark.slow
@pytest.mark.parametrize("name", BAD_SHOTS)
def test_a_shot_is_refused_that(shot_folder, tmp_path, name):
    spoil, says = BAD_SHOTS[name]
    shot = shot_folder(count=4)
    spoil(shot)
    done = render(shot, tmp_path / "take")
    assert done.returncode == 2
    assert says in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "take").exists()


def test_a_shot_without_what_the_engine_needs_is_refused(shot_folder, tmp_path):
    done = run("render", shot_folder(), "--output", tmp_path / "take", backend=REAL)
    assert done.returncode == 2
    assert "engine reproject needs geometry, which this Shot does not hold" in done.stderr


@pytest.mark.parametrize("output", ["takes/../..", "/", "con", "/proc/takes"])
def test_a_nonsensical_output_is_refused(shot_folder, output):
    done = render(shot_folder(), output)
    assert done.returncode == 2
    assert output in done.stderr.splitlines()[-1], "the sentence names the path"


def test_doctor_says_which_engines_can_run():
    found = json.loads(run("doctor", "--json", backend=REAL).stdout)
    assert found["engines"]["reproject"] is None, "it needs nothing installed"
    assert found["packages"]["numpy"]
    assert found["memory_free"] > 0 < found["disk_free"]
    assert "Engine reproject: ready" in run("doctor", backend=REAL).stdout


@pytest.mark.parametrize("words", [["--help"], ["render", "--help"], ["doctor", "--help"], ["--version"]])
def test_help_returns_0(words):
    assert run(*words, backend=REAL).returncode == 0


@pytest.mark.parametrize("words", [[], ["explode"], ["render"], ["render", "shot"]])
def test_a_command_that_is_none_returns_2(words):
    assert run(*words, backend=REAL).returncode == 2


def test_a_measurement_inside_blender_asks_for_a_python_that_has_it():
    done = run("stream", backend=[sys.executable, "-m", "benchmarks"], cwd=BACKEND)
    assert done.returncode == 2
    assert "has no bpy; name a Python that has, with --python" in done.stderr


def test_a_python_without_numpy_is_told_what_to_install():
    done = run("doctor", backend=[sys.executable, "-I", "-S", REAL[-1]])
    assert done.returncode == 3
    assert "needs numpy. Install it: " in done.stderr


def test_serving_imports_nothing_heavy_before_it_says_hello():
    said = run("-h", backend=[sys.executable, "-I", "-X", "importtime", REAL[-1]])
    assert "numpy" not in said.stderr
