"""Stopping a job: within a second, and what is finished stays."""

import importlib
import os
from pathlib import Path

import bpy
import pytest
from blender_session import PACKAGE, SOON, backends, begun, names, run, wait_until


def test_cancelled_while_frames_are_made_it_stops_and_keeps_them(scene, painted, tmp_path: Path):
    window = begun(scene, 150)
    wait_until(lambda: window.session.job.finished >= 3, window.step)
    assert bpy.ops.motion_bridge.cancel() == {"FINISHED"}
    wait_until(lambda: not window.running, window.step, SOON)
    made = names(tmp_path / "motion_bridge/take_001")
    assert made == [f"frame_{number:04d}.png" for number in range(1, len(made) + 1)]
    assert 3 <= len(made) < 150
    assert str(window.error).startswith(f"Cancelled, {len(made)} of 150 frames saved in ")
    assert not list((tmp_path / "motion_bridge/take_001").glob("*.part"))


def test_cancelled_while_the_scene_is_read_it_leaves_no_take(scene, painted, tmp_path: Path):
    from bl_ext.user_default.motion_bridge.addon.render.job import State

    window = begun(scene, 400)
    assert window.session.job.state is State.READING
    wait_until(lambda: window.session.job.progress > 0)
    bpy.ops.motion_bridge.cancel()
    wait_until(lambda: not window.running, window.step, SOON)
    assert window.session.job.state is State.CANCELLED
    assert not (tmp_path / "motion_bridge/take_001").exists()


def test_cancel_can_be_pressed_only_while_a_job_runs(scene, painted):
    assert not bpy.ops.motion_bridge.cancel.poll()
    window = begun(scene, 30)
    assert bpy.ops.motion_bridge.cancel.poll()
    assert not bpy.ops.motion_bridge.render.poll()
    wait_until(lambda: not window.running, window.step)
    assert not bpy.ops.motion_bridge.cancel.poll()
    assert bpy.ops.motion_bridge.render.poll()


def test_a_cancelled_job_gives_the_backend_back(scene, painted):

    window = begun(scene, 150)
    wait_until(lambda: window.session.job.finished, window.step)
    window.cancel()
    wait_until(lambda: not window.running, window.step)
    wait_until(lambda: not backends(), seconds=SOON)


def test_time_left_is_judged_from_the_frames_since_the_first(extension):
    pace = importlib.import_module(f"{extension.__name__}.addon.render.job").Pace()
    assert pace.seconds(10) is None
    pace.count(100.0)
    assert pace.seconds(10) is None, "the first frame also pays for loading"
    pace.count(100.5)
    assert pace.seconds(10) == 5
    pace.count(103.0)
    assert pace.seconds(10) == 15, "one frame in 1.5 seconds by now"
    assert pace.seconds(0) == 0


def test_time_left_is_told_once_there_is_something_to_judge_by(scene, painted):
    window = begun(scene, 150)
    job = window.session.job
    assert job.seconds_left is None
    wait_until(lambda: job.finished >= 2, window.step)
    assert job.state.running and job.seconds_left is not None and job.seconds_left >= 0
    window.cancel()
    wait_until(lambda: not window.running, window.step)
    assert job.seconds_left is None


def mapped(path: Path) -> bool:
    """Whether a file is mapped into this process's memory, by Linux's own list."""
    return str(path) in Path("/proc/self/maps").read_text()


def opened(path: Path) -> bool:
    """Whether this process has a file open."""
    return str(path) in {os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")}


@pytest.fixture
def no_deleting_of_mapped_files(monkeypatch):
    """As Windows has it: a file that is mapped or open cannot be deleted."""
    unlink, refused = os.unlink, []

    def unlinked(path, *, dir_fd=None):
        folder = Path(os.readlink(f"/proc/self/fd/{dir_fd}")) if dir_fd is not None else Path()
        place = folder / os.fspath(path)
        if mapped(place) or (opened(place) and place.suffix == ".npy"):  # the lock's file is closed first on Windows
            refused.append(str(path))
            raise PermissionError(13, "The process cannot access the file", str(path))
        return unlink(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", unlinked)
    return refused


@pytest.mark.fault("A read is cancelled where mapped and open files cannot be deleted", "unlink refused, as on Windows")
@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="looks at mapped files through /proc")
def test_a_cancelled_read_lets_go_of_its_files_first_so_that_windows_can_delete_them(
    scene, painted, tmp_path: Path, no_deleting_of_mapped_files
):
    window = begun(scene, 400)
    shot = tmp_path / "motion_bridge/take_001/shot"
    held = [shot / name for name in ("tracks.xy.npy", "geometry.vertices.npy")]
    wait_until(lambda: any(mapped(path) or opened(path) for path in held), seconds=SOON)
    bpy.ops.motion_bridge.cancel()
    wait_until(lambda: not window.running, window.step, SOON)
    assert no_deleting_of_mapped_files == []
    assert not (tmp_path / "motion_bridge/take_001").exists()


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="looks at mapped files through /proc")
def test_a_read_that_fails_lets_go_of_its_files_first(
    scene, painted, tmp_path: Path, no_deleting_of_mapped_files, monkeypatch
):
    shot_writer = importlib.import_module(f"{PACKAGE}.addon.render.shot_writer")
    complete = shot_writer.complete

    def failing(snapshot, folder, progress, *others):
        def soon(done: int, total: int) -> None:
            if done == 3:
                raise RuntimeError("a fault of ours")

        complete(snapshot, folder, soon, *others)

    monkeypatch.setattr(shot_writer, "complete", failing)
    window = begun(scene, 12)
    wait_until(lambda: not window.running, window.step, SOON)
    assert "a fault of ours" in str(window.error)
    assert no_deleting_of_mapped_files == []
    assert not (tmp_path / "motion_bridge/take_001").exists()


def test_what_an_interrupted_read_left_is_no_take(scene, painted, tmp_path: Path):
    (tmp_path / "out/shot").mkdir(parents=True)
    (tmp_path / "out/shot/depth.npy").write_bytes(b"half")
    assert run("render", "--frames", "1-2", "--output", tmp_path / "out") == 0
    assert names(tmp_path / "out") == ["frame_0001.png", "frame_0002.png"]
