"""The Blender program without a window: install, render, resume, refuse, cancel; exit codes and files."""

import json
import signal
import time
from pathlib import Path

import pytest
from blender_program import HERE, ROOT, Blender, alive, contents, descendants, run_script, saved, succeed
from flamenco import compiled

EXTENSION = "bl_ext.user_default.motion_bridge"


def render(blender: Blender, scene_file: Path, *options: str | Path) -> tuple[int, str]:
    return blender.run("-b", scene_file, "-c", "motion_bridge", "render", *options)


@pytest.fixture(scope="module")
def take(blender: Blender, scene_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """An uninterrupted take of frames 1 to 6, and what making it printed."""
    folder = tmp_path_factory.mktemp("takes") / "whole"
    return folder, succeed(render(blender, scene_file, "--output", folder, "--frames", "1-6"))


def test_the_zip_passes_blenders_own_validation(bare: Blender, extension_zip: Path):
    succeed(bare.run("--command", "extension", "validate", extension_zip))


def test_the_command_explains_itself(blender: Blender):
    output = succeed(blender.run("-b", "-c", "motion_bridge", "--help"))
    assert all(command in output for command in ("render", "shot", "movie"))


def test_every_frame_of_the_range_is_saved_and_announced(take: tuple[Path, str]):
    folder, output = take
    names = [f"frame_{number:04d}.png" for number in range(1, 7)]
    assert saved(output) == names
    assert list(contents(folder)) == names
    assert {path.name for path in folder.iterdir()} == {*names, "shot"}


def test_the_frames_move(take: tuple[Path, str]):
    pictures = list(contents(take[0]).values())
    assert len(set(pictures)) == len(pictures), "two frames are the same"


def test_resume_makes_only_what_is_missing_and_arrives_at_the_same_bytes(
    blender: Blender, scene_file: Path, take: tuple[Path, str]
):
    folder, _ = take
    whole = contents(folder)
    for name in ("frame_0003.png", "frame_0006.png"):
        (folder / name).unlink()
    output = succeed(render(blender, scene_file, "--output", folder, "--resume"))
    assert saved(output) == ["frame_0003.png", "frame_0006.png"]
    assert contents(folder) == whole


def test_frames_that_are_there_are_never_overwritten(blender: Blender, scene_file: Path, take: tuple[Path, str]):
    folder, _ = take
    whole = contents(folder)
    code, output = render(blender, scene_file, "--output", folder, "--frames", "1-6")
    assert code == 2
    assert "esume" in output
    assert contents(folder) == whole


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--frames", "12-1"], "reversed"),
        (["--frames", "soon"], "frame range"),
        (["--first-frame", "nowhere.png"], "nowhere.png"),
        (["--prompt", "a house"], "prompt"),
    ],
)
def test_bad_input_is_exit_code_2_and_a_sentence(
    blender: Blender, scene_file: Path, tmp_path: Path, options: list[str], word: str
):
    code, output = render(blender, scene_file, "--output", tmp_path / "take", *options)
    assert code == 2, output
    assert word in output
    assert "Traceback" not in output
    assert contents(tmp_path / "take") == {}


def test_json_is_one_object_a_line(blender: Blender, scene_file: Path, tmp_path: Path):
    options = ("--output", tmp_path / "take", "--frames", "1-2", "--json")
    output = succeed(render(blender, scene_file, *options))
    events = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    assert [event["frame"] for event in events if event["event"] == "saved"] == [1, 2]
    assert events[-1]["event"] == "done"


def test_the_shot_can_be_written_alone(blender: Blender, scene_file: Path, tmp_path: Path):
    succeed(blender.run("-b", scene_file, "-c", "motion_bridge", "shot", "--output", tmp_path / "shot"))
    header = json.loads((tmp_path / "shot" / "shot.json").read_text(encoding="utf-8"))
    assert header["frames"] == list(range(1, 13))
    assert (header["width"], header["height"]) == (128, 72)
    assert all((tmp_path / "shot" / f"{name}.npy").is_file() for name in header["arrays"])


def test_a_movie_is_made_of_a_take(blender: Blender, scene_file: Path, take: tuple[Path, str], tmp_path: Path):
    movie = tmp_path / "take.mp4"
    succeed(blender.run("-b", scene_file, "-c", "motion_bridge", "movie", take[0], "--output", movie))
    assert movie.read_bytes()[4:8] == b"ftyp"


def test_the_render_button_leaves_a_strip_with_every_frame(blender: Blender, scene_file: Path, tmp_path: Path):
    output = run_script(blender, scene_file, HERE / "report_strips.py", tmp_path)
    report = json.loads(next(line for line in output.splitlines() if line.startswith("REPORT "))[7:])
    (strip,) = report["strips"]
    assert strip["type"] == "IMAGE"
    assert strip["start"] == 1
    assert strip["folder"] == "take_001"
    assert strip["files"] == [f"frame_{number:04d}.png" for number in range(1, 13)]
    assert report["images"]["Motion Bridge"] == [128, 72]


def test_the_batch_example_keeps_the_exit_code(blender: Blender, scene_file: Path, tmp_path: Path):
    script = ("--python", ROOT / "examples" / "batch.py", "--")
    output = succeed(blender.run("-b", scene_file, *script, "--output", tmp_path / "one", "--frames", "1-2"))
    assert saved(output) == ["frame_0001.png", "frame_0002.png"]
    code, output = blender.run("-b", scene_file, *script, "--output", tmp_path / "two", "--frames", "2-1")
    assert code == 2
    assert "reversed" in output


def test_the_batch_example_takes_several_files(blender: Blender, scene_file: Path, tmp_path: Path):
    options = (scene_file, "--output", tmp_path, "--frames", "1-2")
    succeed(blender.run("-b", "--python", ROOT / "examples" / "batch.py", "--", *options))
    assert list(contents(tmp_path / scene_file.stem)) == ["frame_0001.png", "frame_0002.png"]


def test_a_terminated_render_keeps_its_frames_and_says_4(blender: Blender, scene_file: Path, tmp_path: Path):
    folder = tmp_path / "take"
    with long_render(blender, scene_file, folder) as process:
        wait_for_frames(folder, 3)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 4, output
    assert len(contents(folder)) >= 3
    assert not list(folder.glob("*.part"))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")
def test_no_backend_outlives_a_killed_blender(blender: Blender, scene_file: Path, tmp_path: Path):
    folder = tmp_path / "take"
    with long_render(blender, scene_file, folder) as process:
        wait_for_frames(folder, 3)
        children = descendants(process.pid)
        assert children, "no backend process was found"
        process.kill()
        deadline = time.monotonic() + 20
        while (left := [pid for pid in children if alive(pid)]) and time.monotonic() < deadline:
            time.sleep(0.01)
    assert left == []


def long_render(blender: Blender, scene_file: Path, folder: Path):
    return blender.start("-b", scene_file, "-c", "motion_bridge", "render", "--output", folder, "--frames", "1-2000")


def wait_for_frames(folder: Path, count: int) -> None:
    deadline = time.monotonic() + 120
    while len(list(folder.glob("frame_*.png"))) < count:
        assert time.monotonic() < deadline, "no frames after two minutes"
        time.sleep(0.02)


def test_the_tasks_of_a_flamenco_job_make_its_key_pictures_and_its_take(
    blender: Blender, scene_file: Path, tmp_path: Path
):
    job = {"blendfile": str(scene_file), "output": str(tmp_path), "frames": "1-5", "key_every": 4, "takes": 1}
    keys, take = (task["commands"][0]["parameters"] for task in compiled(**job)["tasks"])

    def work(command: dict) -> str:
        return succeed(blender.run("-b", "-y", *command["argsBefore"], command["blendfile"], *command["args"]))

    work(keys)
    assert sorted(contents(tmp_path / "scene" / "key_pictures")) == ["frame_0001.png", "frame_0005.png"]
    assert saved(work(take)) == [f"frame_{number:04d}.png" for number in range(1, 6)]
    made = contents(tmp_path / "scene" / "seed_0")
    assert saved(work(take)) == []  # a task that is requeued when its take is whole
    assert contents(tmp_path / "scene" / "seed_0") == made
