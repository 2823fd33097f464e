"""Stopping a job: within a second, and what is finished stays."""

import importlib
from pathlib import Path

import bpy
from blender_session import SOON, begun, names, wait_until


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
    from blender_session import backends

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
    assert job.state.running and job.seconds_left >= 0
    window.cancel()
    wait_until(lambda: not window.running, window.step)
    assert job.seconds_left is None
