"""What happens to the scene and the backend while a job runs: the job goes on or ends in a sentence, never Blender."""

import os
import signal
from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_session import SOON, begun, contents, names, wait_until
from blender_takes import strips


@pytest.mark.fault("The scene changes while a job runs", "camera and meshes deleted")
def test_the_camera_is_deleted_and_the_job_goes_on_from_its_snapshot(scene, painted, tmp_path: Path):
    scene.frame_end = 30
    bpy.ops.motion_bridge.render()
    window = begun(scene, 30)
    bpy.data.cameras.remove(scene.camera.data)
    for block in list(bpy.data.meshes):
        bpy.data.meshes.remove(block)
    wait_until(lambda: not window.running, window.step)
    assert window.error is None
    assert contents(tmp_path / "motion_bridge/take_002") == contents(tmp_path / "motion_bridge/take_001")


@pytest.mark.fault("Another file is opened while a job runs", "read_homefile")
def test_another_file_is_opened_and_the_job_goes_on_without_touching_it(scene, painted, tmp_path: Path):
    window = begun(scene, 40)
    wait_until(lambda: window.session.job.finished >= 3, window.step)
    bpy.ops.wm.read_homefile(use_empty=True)
    wait_until(lambda: not window.running, window.step)
    assert window.error is None
    assert len(names(tmp_path / "motion_bridge/take_001")) == 40
    assert len(bpy.data.scenes) == 1 and not len(strips(bpy.context.scene))
    assert "Motion Bridge" not in bpy.data.images


@pytest.mark.fault("The file is reverted while a job runs", "revert_mainfile")
def test_the_same_file_is_opened_again_and_the_strip_is_there_again(scene, painted):
    window = begun(scene, 40)
    wait_until(lambda: window.session.job.finished >= 3, window.step)
    bpy.ops.wm.revert_mainfile()
    wait_until(lambda: not window.running, window.step)
    assert window.error is None
    (strip,) = strips(bpy.context.scene)
    assert len(strip.elements) == 40
    assert "Motion Bridge" in bpy.data.images


@pytest.mark.fault("The scene is deleted while a job runs", "another one takes its place")
def test_the_scene_is_deleted_and_the_frames_are_made_all_the_same(scene, painted, tmp_path: Path):
    window = begun(scene, 40)
    wait_until(lambda: window.session.job.finished >= 3, window.step)
    bpy.data.scenes.new("Other")
    bpy.data.scenes.remove(scene)
    wait_until(lambda: not window.running, window.step)
    assert window.error is None
    assert len(names(tmp_path / "motion_bridge/take_001")) == 40


@pytest.mark.fault("Undo while a job runs", "an edit is pushed and undone")
def test_undo_in_the_middle_of_a_job_does_no_harm(scene, painted):
    bpy.context.preferences.edit.use_global_undo = True
    bpy.ops.ed.undo_push(message="before")
    window = begun(scene, 60)
    wait_until(lambda: window.session.job.finished >= 3, window.step)
    bpy.data.objects["mover"].location.z = 3
    bpy.ops.ed.undo_push(message="moved")
    wait_until(lambda: window.session.job.finished >= 6, window.step)
    assert bpy.ops.ed.undo() == {"FINISHED"}
    wait_until(lambda: not window.running, window.step)
    assert window.error is None
    (strip,) = strips(bpy.context.scene)
    assert len(strip.elements) == 60
    newest = bpy.data.images["Motion Bridge"]
    values = np.empty(128 * 72 * 4, np.float32)
    newest.pixels.foreach_get(values)
    assert values.reshape(-1, 4)[:, :3].std() > 0.05, "the image shows nothing"


def test_the_scenes_change_is_noticed_but_going_to_another_frame_is_none(scene, painted):
    window = begun(scene, 60)
    wait_until(lambda: window.session.job.finished >= 2, window.step)
    assert not window.scene_changed
    scene.frame_set(7)
    scene.frame_set(3)
    bpy.context.view_layer.update()
    assert not window.scene_changed
    bpy.data.objects["mover"].location.z = 3
    bpy.context.view_layer.update()
    assert window.scene_changed
    window.close()


@pytest.mark.fault("The window's backend is stopped", "SIGSTOP, SIGCONT, SIGSTOP, then Cancel")
def test_a_backend_that_is_stopped_is_said_to_be_silent_and_cancel_still_works(scene, painted, tmp_path: Path):
    from bl_ext.user_default.motion_bridge.addon.ui import panels

    window = begun(scene, 150)
    job = window.session.job
    wait_until(lambda: job.finished >= 3, window.step)
    os.kill(job.backend_pid, signal.SIGSTOP)
    wait_until(lambda: "not responding" in panels.progress_text(job), window.step, SOON)
    assert panels.progress_text(job).startswith(f"{job.finished} of 150  ·  The backend is not responding (")
    os.kill(job.backend_pid, signal.SIGCONT)
    wait_until(lambda: "not responding" not in panels.progress_text(job), window.step, SOON)
    os.kill(job.backend_pid, signal.SIGSTOP)
    wait_until(lambda: "not responding" in panels.progress_text(job), window.step, SOON)
    window.cancel()
    wait_until(lambda: not window.running, window.step, SOON)
    assert str(window.error).startswith("Cancelled, ")
    window.close()


@pytest.mark.fault("The disk fills under the window's job", "a limit on the size of files")
def test_a_full_disk_ends_the_job_with_the_path_and_no_part_file(scene, painted, tmp_path: Path):
    take = tmp_path / "motion_bridge/take_001"
    window = begun(scene, 150)
    wait_until(lambda: window.session.job.finished >= 3, window.step)
    limit_file_size(window.session.job.backend_pid)
    wait_until(lambda: not window.running, window.step)
    made = names(take)
    assert str(take) in str(window.error) and "MB are free" in str(window.error)
    assert f"{len(made)} of 150 frames saved" in str(window.error)
    assert not list(take.glob("*.part"))


def limit_file_size(process: int) -> None:
    """From now on the process gets EFBIG for whatever it writes, as a full disk gives ENOSPC."""
    import resource

    resource.prlimit(process, resource.RLIMIT_FSIZE, (100, 100))


@pytest.mark.fault("Two jobs want one take", "the lock is held by another")
def test_two_jobs_never_write_one_take(scene, painted, tmp_path: Path):
    from bl_ext.user_default.motion_bridge.backend.motion_bridge.takes import lock
    from blender_session import run

    (tmp_path / "out").mkdir()
    with lock.held(tmp_path / "out"):
        assert run("render", "--frames", "1-2", "--output", tmp_path / "out") == 2
    assert run("render", "--frames", "1-2", "--output", tmp_path / "out") == 0
