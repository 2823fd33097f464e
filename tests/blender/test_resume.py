"""Going on with a take that ended early: only what is missing is made, and the bytes are the same."""

import os
import signal
from pathlib import Path

import bpy
import pytest
from blender_session import SOON, begun, contents, names, run, wait_until
from blender_takes import strips, takes_of


def written(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("frame_*.png")}


def test_a_backend_killed_in_mid_frame_is_noticed_and_the_resumed_take_is_identical(scene, painted, tmp_path: Path):
    scene.frame_end = 40
    bpy.ops.motion_bridge.render()
    window = begun(scene, 40)
    wait_until(lambda: window.session.job.finished >= 5, window.step)
    os.kill(window.session.job.backend_pid, signal.SIGKILL)
    wait_until(lambda: not window.running, window.step, SOON)
    take = tmp_path / "motion_bridge/take_002"
    kept = written(take)
    assert "SIGKILL" in str(window.error)
    assert f"Interrupted, {len(kept)} of 40 frames saved in {take}" in str(window.error)
    bpy.ops.motion_bridge.resume()
    assert {name: when for name, when in written(take).items() if name in kept} == kept, "a kept frame was made again"
    assert contents(take) == contents(tmp_path / "motion_bridge/take_001")


def test_resume_goes_on_from_the_snapshot_though_the_scene_has_changed(scene, painted, tmp_path: Path):
    scene.frame_end = 8
    bpy.ops.motion_bridge.render()
    take = tmp_path / "motion_bridge/take_001"
    whole = contents(take)
    for number in (4, 7, 8):
        (take / f"frame_{number:04d}.png").unlink()
    bpy.data.objects.remove(scene.camera)
    scene.frame_end, scene.motion_bridge.mark_unseen = 3, True
    bpy.ops.motion_bridge.resume()
    assert contents(take) == whole


def test_with_nothing_to_resume_it_says_so(scene, painted):
    with pytest.raises(RuntimeError, match=r"no take in .*motion_bridge to go on with; press Render"):
        bpy.ops.motion_bridge.resume()


def test_the_resumed_takes_strip_holds_all_its_frames(scene, painted, tmp_path: Path):
    scene.frame_end = 6
    bpy.ops.motion_bridge.render()
    for number in (2, 5):
        (tmp_path / f"motion_bridge/take_001/frame_{number:04d}.png").unlink()
    bpy.data.scenes.remove(takes_of(scene))
    bpy.ops.motion_bridge.resume()
    (strip,) = strips(scene)
    assert [element.filename for element in strip.elements] == [f"frame_{number:04d}.png" for number in range(1, 7)]


def test_the_command_resumes_a_whole_take_by_doing_nothing(scene, painted, tmp_path: Path, capfd):
    assert run("render", "--frames", "1-3", "--output", tmp_path / "out") == 0
    before = written(tmp_path / "out")
    capfd.readouterr()
    assert run("render", "--frames", "1-3", "--output", tmp_path / "out", "--resume") == 0
    assert "Saved:" not in capfd.readouterr().out
    assert written(tmp_path / "out") == before


def test_resume_into_an_empty_place_makes_the_whole_take(scene, painted, tmp_path: Path):
    assert run("render", "--frames", "1-3", "--output", tmp_path / "out", "--resume") == 0
    assert len(names(tmp_path / "out")) == 3


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--frames", "1-5"], "begun with frames 1-4, not 1-5"),
        (["--frames", "1-4", "--seed", "9"], "begun with seed 0, not 9"),
        (["--mark-unseen"], "begun with settings"),
    ],
)
def test_options_that_contradict_the_take_are_refused(scene, painted, tmp_path: Path, capfd, options, says: str):
    assert run("render", "--frames", "1-4", "--output", tmp_path / "out") == 0
    before = contents(tmp_path / "out")
    assert run("render", "--output", tmp_path / "out", "--resume", *options) == 2
    assert says in capfd.readouterr().out
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("shot.json", b'{"format": "motion-bridge shot", "version": 99}', "version 99"),
        ("shot.json", b'{"format": "motion-bridge sh', "is not valid JSON"),
        ("shot.json", b"[]", "format"),
        ("geometry.vertices.npy", b"\x93NUMPY\x01\x00", "geometry.vertices.npy"),
    ],
)
def test_a_spoilt_snapshot_is_refused_with_its_file_named(
    scene, painted, tmp_path: Path, capfd, file: str, content: bytes, says: str
):
    assert run("render", "--frames", "1-4", "--output", tmp_path / "out") == 0
    (tmp_path / "out/frame_0004.png").unlink()
    (tmp_path / "out/shot" / file).write_bytes(content)
    assert run("render", "--output", tmp_path / "out", "--resume") == 2
    assert says in capfd.readouterr().out
    assert len(names(tmp_path / "out")) == 3
