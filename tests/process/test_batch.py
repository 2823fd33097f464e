"""motion-bridge batch: many takes, a backend for each GPU, failures that keep nobody waiting."""

import json
import os
import signal
import subprocess
import sys

import many_shots
import pytest
from backend_processes import REAL, SOON, until
from command_line import run
from motion_bridge import gpu_selection
from motion_bridge import shot as shots
from motion_bridge.errors import BadInput

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def batch(*words):
    return run("batch", *words, backend=REAL)


@pytest.fixture
def machine(monkeypatch):
    """A machine with so many GPUs, and nobody who handed some of them out."""

    def has(nvidia=0, amd=0, **variables):
        for name in gpu_selection.HANDED_OUT:
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(gpu_selection, "nvidia", lambda: nvidia)
        monkeypatch.setattr(gpu_selection, "amd", lambda *_: amd)

    return has


def test_every_shot_becomes_a_take_named_after_it_with_the_bytes_of_render(tmp_path):
    folders = many_shots.write(tmp_path / "shots", 2)
    done = batch(tmp_path / "shots", "--output", tmp_path / "takes")
    assert done.returncode == 0, done.stderr
    saved = [
        f"Saved: '{tmp_path / 'takes' / name / f'frame_{k:04d}.png'}'"
        for name in ("shot_01", "shot_02")
        for k in range(1, 5)
    ]
    assert done.stdout.splitlines() == saved
    for folder in folders:
        many_shots.make(folder, tmp_path / "alone" / folder.name)
        assert many_shots.frames(tmp_path / "takes" / folder.name) == many_shots.frames(
            tmp_path / "alone" / folder.name
        )


def test_a_shot_that_fails_keeps_no_other_from_being_made(tmp_path):
    folders = many_shots.write(tmp_path / "shots", 3)
    (folders[1] / "depth.npy").write_bytes(b"torn")
    done = batch(tmp_path / "shots", "--output", tmp_path / "takes")
    assert done.returncode == 2
    assert "2 of 3 takes are complete" in done.stderr
    assert "Failed: shot_02." in done.stderr
    assert [len(many_shots.frames(tmp_path / "takes" / folder.name)) for folder in folders] == [4, 0, 4]


def test_a_backend_that_is_killed_costs_its_take_alone_and_resume_makes_the_rest(tmp_path):
    folders = many_shots.write(tmp_path / "shots", 3, count=40)
    command = [*REAL, "batch", str(tmp_path / "shots"), "--output", str(tmp_path / "takes"), "--gpus", "cpu", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: any((tmp_path / "takes").glob("shot_01/frame_0003.png")), SOON, "the third frame")
    (child,) = _children(process.pid)
    os.kill(child, signal.SIGKILL)
    said, complained = process.communicate(timeout=60)
    assert process.returncode == 3, complained
    failed = [json.loads(line) for line in said.splitlines() if json.loads(line)["event"] == "failed"]
    assert [(each["take"], each["kind"]) for each in failed] == [("shot_01", "backend_failed")]
    assert len(many_shots.frames(tmp_path / "takes" / "shot_03")) == 40
    again = batch(tmp_path / "shots", "--output", tmp_path / "takes", "--resume")
    assert again.returncode == 0, again.stderr
    many_shots.make(folders[0], tmp_path / "alone")
    assert many_shots.frames(tmp_path / "takes" / "shot_01") == many_shots.frames(tmp_path / "alone")


def test_a_cancelled_batch_says_how_to_go_on_and_leaves_no_process(tmp_path):
    many_shots.write(tmp_path / "shots", 2, count=400)
    command = [*REAL, "batch", str(tmp_path / "shots"), "--output", str(tmp_path / "takes"), "--gpus", "cpu"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    until(lambda: any((tmp_path / "takes").glob("shot_01/frame_0002.png")), SOON, "the second frame")
    (child,) = _children(process.pid)
    process.send_signal(signal.SIGTERM)
    complained = process.communicate(timeout=60)[1]
    assert process.returncode == 4, complained
    assert "Use --resume to make the rest." in complained
    until(lambda: not os.path.exists(f"/proc/{child}"), SOON, "the backend's end")


def test_seeds_are_takes_of_their_own_and_only_names_one_shot(tmp_path):
    folders = many_shots.write(tmp_path / "shots", 3)
    done = batch(tmp_path / "shots", "--only", 2, "--seed", 7, "--seeds", 2, "--output", tmp_path / "takes")
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(tmp_path / "takes")) == ["shot_02_seed_7", "shot_02_seed_8"]
    many_shots.make(folders[1], tmp_path / "alone", seed=8)
    assert many_shots.frames(tmp_path / "takes" / "shot_02_seed_8") == many_shots.frames(tmp_path / "alone")


def test_seeds_hold_against_a_frames_own_and_a_damaged_shot_keeps_no_other_from_being_made(tmp_path):
    folders = many_shots.write(tmp_path / "shots", 2)
    many_shots.make(folders[1], tmp_path / "earlier")
    frame = min((tmp_path / "earlier").glob("frame_*.png"))
    (folders[0] / "shot.json").write_text("{")
    done = batch(tmp_path / "shots", "--seeds", 2, "--like", frame, "--output", tmp_path / "takes")
    assert done.returncode == 2 and "Failed: shot_01." in done.stderr
    takes = sorted((tmp_path / "takes").glob("shot_02_seed_*"))
    assert [shots.load(take / "shot").seed for take in takes] == [int(take.name.split("_")[-1]) for take in takes]
    assert len(takes) == 2


def test_two_shots_that_would_share_a_folder_are_refused_before_anything_is_made(tmp_path):
    many_shots.write(tmp_path / "one", 1)
    many_shots.write(tmp_path / "two", 1)
    done = batch(tmp_path / "one", tmp_path / "two", "--output", tmp_path / "takes")
    assert done.returncode == 2
    assert "rename one of them" in done.stderr
    assert not (tmp_path / "takes").exists()


def test_a_folder_without_shots_names_the_command_that_writes_one(tmp_path):
    done = batch(tmp_path, "--output", tmp_path / "takes")
    assert done.returncode == 2
    assert "-c motion_bridge shot" in done.stderr


def test_each_process_sees_one_gpu_alone(machine):
    machine(nvidia=2)
    assert [each["CUDA_VISIBLE_DEVICES"] for each in gpu_selection.chosen("all")] == ["0", "1"]
    assert [each["CUDA_VISIBLE_DEVICES"] for each in gpu_selection.chosen("1")] == ["1"]
    machine(amd=2)
    assert gpu_selection.chosen("all") == [{"HIP_VISIBLE_DEVICES": "0"}, {"HIP_VISIBLE_DEVICES": "1"}]
    machine()
    assert gpu_selection.chosen("all") == [{}]


def test_gpus_that_a_farm_has_handed_out_are_the_only_ones(machine):
    machine(nvidia=8, CUDA_VISIBLE_DEVICES="3,GPU-5f")
    assert gpu_selection.chosen("all") == [{"CUDA_VISIBLE_DEVICES": "3"}, {"CUDA_VISIBLE_DEVICES": "GPU-5f"}]
    with pytest.raises(BadInput, match="somebody chose the GPUs already"):
        gpu_selection.chosen("0")
    machine(nvidia=8, CUDA_VISIBLE_DEVICES="")
    assert gpu_selection.chosen("all") == [{}]


@pytest.mark.parametrize("text", ["", "0,0", "-1", "0;1", "GPU", "٣"])
def test_what_names_no_gpus_is_refused(machine, text):
    machine(nvidia=2)
    with pytest.raises(BadInput, match="names no GPUs"):
        gpu_selection.chosen(text)


def test_amd_gpus_are_counted_without_the_processors(tmp_path):
    for name, number in (("0", "0"), ("1", "51843"), ("2", "2034")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "gpu_id").write_text(f"{number}\n")
    assert gpu_selection.amd(tmp_path) == 2
    assert gpu_selection.amd(tmp_path / "none") == 0


def test_the_processes_work_side_by_side(tmp_path, monkeypatch):
    """Two GPUs that are not there: the environment is all that Reproject sees of them."""
    many_shots.write(tmp_path / "shots", 2, count=60)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    command = [*REAL, "batch", str(tmp_path / "shots"), "--output", str(tmp_path / "takes")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    children = until(lambda: _two(_children(process.pid)), SOON, "two processes")
    seen = sorted(_variable(child, "CUDA_VISIBLE_DEVICES") for child in children)
    assert seen == ["0", "1"]
    assert process.wait(60) == 0


def _children(pid):
    """The processes that a process has started."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


def _two(found):
    return found if len(found) == 2 and all(_started(pid) for pid in found) else None


def _started(pid):
    """Whether it has become the program that it was started for."""
    with open(f"/proc/{pid}/cmdline") as file:
        return "sys.argv.pop" in file.read()


def _variable(pid, name):
    with open(f"/proc/{pid}/environ") as file:
        return next(entry.partition("=")[2] for entry in file.read().split("\0") if entry.startswith(f"{name}="))
