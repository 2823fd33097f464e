"""A live session in Blender: what is moved is sampled, streamed, and kept as keyframes."""

from __future__ import annotations

import importlib
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from blender_session import PACKAGE, SOON, backends, names, wait_until
from mathutils import Euler, Matrix


@pytest.fixture
def live(extension, monkeypatch, tmp_path: Path):
    """The session's module; whatever a test leaves open is ended."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))  # where the trash is
    module = importlib.import_module(f"{PACKAGE}.addon.live.session")
    yield module
    module.close()
    importlib.import_module(f"{PACKAGE}.addon.render.manager").window.close()


def step():
    """What the timers do in a window."""
    importlib.import_module(f"{PACKAGE}.addon.render.manager").window.step()
    importlib.import_module(f"{PACKAGE}.addon.live.session").step()


def opened(frames=2):
    """A session that has made some frames."""
    assert bpy.ops.motion_bridge.live() == {"FINISHED"}
    session = importlib.import_module(f"{PACKAGE}.addon.live.session").current()
    wait_until(lambda: session.used_frames >= frames, step, SOON)
    return session


def still(scene):
    """The scene with nothing keyed, so that only hands move it."""
    for thing in (scene.camera, scene.camera.data, scene.objects["mover"]):
        thing.animation_data_clear()
    scene.camera.location, scene.camera.rotation_euler = (0, -7, 2.2), (1.35, 0, 0)
    scene.objects["mover"].location = (-1, 1.5, 0.4)
    bpy.context.view_layer.update()


def made_live(scene, *objects):
    for name in objects:
        entry = scene.motion_bridge.tracks.sources.add()
        entry.object, entry.kind, entry.count = scene.objects[name], "live", 8


def walk(scene, session, steps, *, until=0):
    """Move the camera a little a frame, as somebody's hand does."""
    for _ in range(steps):
        scene.camera.location.x += 0.03
        scene.camera.rotation_euler.z += 0.004
        bpy.context.view_layer.update()
        seen = session.used_frames
        wait_until(lambda seen=seen: session.used_frames > seen, step, SOON)


def test_the_camera_is_followed_and_the_session_kept_as_keyframes(scene, painted, live, tmp_path: Path):
    still(scene)
    session = opened()
    walk(scene, session, 6)
    seen = session.used_frames
    wait_until(lambda: session.used_frames > seen + 2, step, SOON)  # what it shows now was sampled after the last step
    last = session.moments[session.used_frames]
    np.testing.assert_allclose(session.moments[0].pose[:3, 3], (0, -7, 2.2), atol=1e-5)
    assert last.pose[0, 3] > 0.12, "the camera that was moved is the one that is shown"
    assert bpy.ops.motion_bridge.live_keep() == {"FINISHED"}
    count, moments = session.used_frames + 1, dict(session.moments)
    wait_until(lambda: not live.step(), step, SOON)
    take = tmp_path / "motion_bridge/take_001"
    assert names(take) == [f"frame_{number:04d}.png" for number in range(1, count + 1)]
    assert live.current() is None
    for index in range(count):
        scene.frame_set(1 + index)
        seen = np.array(scene.camera.matrix_world)[:3, 3]
        np.testing.assert_allclose(seen, moments[index].pose[:3, 3], atol=2e-3)
    summary = importlib.import_module(f"{PACKAGE}.addon.take_summary").summary
    assert summary(importlib.import_module(f"{PACKAGE}.addon.take").Take(take)).total == count
    takes = scene.motion_bridge.takes
    assert takes and any(strip.name.endswith("take_001") for strip in _strips(takes))


def _strips(scene):
    return importlib.import_module(f"{PACKAGE}.addon.compat").strips(scene)


def test_a_dropped_session_leaves_nothing(scene, painted, live, tmp_path: Path):
    still(scene)
    session = opened()
    assert bpy.ops.motion_bridge.live_drop() == {"FINISHED"}
    wait_until(lambda: not live.step(), step, SOON)
    assert not (tmp_path / "motion_bridge/take_001").exists()
    assert len(names(tmp_path / "data/Trash/files/take_001")) > session.used_frames, "it can be had back"
    assert scene.camera.animation_data is None
    wait_until(lambda: not backends(), seconds=SOON)


def test_a_live_object_is_followed_and_keyed(scene, painted, live):
    still(scene)
    made_live(scene, "mover")
    session = opened()
    mover = scene.objects["mover"]
    for _ in range(4):
        mover.location.x += 0.1
        bpy.context.view_layer.update()
        seen = session.used_frames
        wait_until(lambda seen=seen: session.used_frames > seen, step, SOON)
    seen = session.used_frames
    wait_until(lambda: session.used_frames > seen + 2, step, SOON)
    moments = dict(session.moments)
    bpy.ops.motion_bridge.live_keep()
    wait_until(lambda: not live.step(), step, SOON)
    for index, moment in moments.items():
        scene.frame_set(1 + index)
        if "mover" in moment.objects:
            np.testing.assert_allclose(np.array(mover.matrix_world), moment.objects["mover"], atol=2e-3)
    assert moments[max(moments)].objects["mover"][0, 3] == pytest.approx(-0.6, abs=1e-4)


def came_within_a_moment(session):
    """Whether frames came in the time of twelve, at the scene's rate."""
    seen, end = session.used_frames, time.monotonic() + 0.5
    wait_until(lambda: time.monotonic() > end, step, SOON)
    return session.used_frames > seen


def test_space_pauses_and_the_session_goes_on_where_it_was(scene, painted, live):
    still(scene)
    session = opened()
    bpy.ops.motion_bridge.live_pause()
    assert session.paused
    wait_until(lambda: session.paused and session._paused_told, step, SOON)
    wait_until(lambda: not came_within_a_moment(session), seconds=SOON)  # those that were under way
    seen = session.used_frames
    assert not came_within_a_moment(session)
    assert session.used_frames == seen, "no frames while it is paused"
    bpy.ops.motion_bridge.live_pause()
    wait_until(lambda: session.used_frames > seen + 2, step, SOON)
    assert sorted(session.moments) == list(range(session.used_frames + 1)), "always the next frame, never a jump"


def finished(live):
    wait_until(lambda: not live.step(), step, SOON)


def test_a_session_with_motionless_geometry_shows_the_same_tracks_when_it_is_rendered(scene, painted, live, tmp_path):
    """Camera and object keyed by a session, read by Render: the points of the session within half a pixel."""
    request = importlib.import_module(f"{PACKAGE}.addon.render.request")
    reading = importlib.import_module(f"{PACKAGE}.addon.scene.snapshot")
    points_module = importlib.import_module(f"{PACKAGE}.backend.motion_bridge.geometry.live_points")
    shots = importlib.import_module(f"{PACKAGE}.backend.motion_bridge.shot")
    still(scene)
    made_live(scene, "mover")
    session = opened()
    for at in range(10):
        scene.camera.location.x += 0.05 * np.sin(at)
        scene.camera.rotation_euler.z += 0.01 * np.cos(at)
        scene.camera.data.lens += 0.2
        scene.objects["mover"].location.y -= 0.05
        scene.objects["mover"].rotation_euler.z += 0.05
        bpy.context.view_layer.update()
        seen = session.used_frames
        wait_until(lambda seen=seen: session.used_frames > seen, step, SOON)
    bpy.ops.motion_bridge.live_keep()
    count, moments = session.used_frames + 1, dict(session.moments)
    finished(live)
    scene.frame_end = count
    wanted = request.request_of(scene, "reproject", request.Changes(reading={"grid": 5, "needs": {"geometry"}}))
    folder = tmp_path / "again"
    reading.complete(reading.snapshot(bpy.context, wanted), folder, lambda *_: None, lambda: False)
    again = shots.load(folder)
    points = points_module.LivePoints(again)
    compared = 0
    for k in range(count):
        seen = np.array(again.tracks.visible[:, k])
        apart = np.linalg.norm(points.at(moments[k]) - again.tracks.xy[:, k], axis=1)[seen]
        assert apart.max(initial=0) < 0.5, f"frame {k}"
        compared += int(seen.sum())
    assert compared > 20 * count
    assert np.abs(again.tracks.xy[:, -1] - again.tracks.xy[:, 0]).max() > 3, "something moved"


def test_keeping_is_one_step_of_undo(scene, painted, live):
    still(scene)
    bpy.ops.ed.undo_push(message="before")
    session = opened()
    walk(scene, session, 3)
    bpy.ops.motion_bridge.live_keep("EXEC_DEFAULT", True)
    finished(live)
    name = scene.name
    assert bpy.data.scenes[name].camera.animation_data.action
    bpy.ops.ed.undo()
    camera = bpy.data.scenes[name].camera
    assert camera.animation_data is None or camera.animation_data.action is None


def test_old_motion_is_kept_as_an_action_and_constraints_are_said(scene, painted, live):
    scene.camera.constraints.new("TRACK_TO").target = scene.objects["pillar"]
    old = scene.camera.animation_data.action.name
    session = opened()
    for at in range(3):  # it is moved by its own keys, as the timeline plays
        scene.frame_set(2 + at)
        seen = session.used_frames
        wait_until(lambda seen=seen: session.used_frames > seen, step, SOON)
    said = " ".join(session.keep())
    finished(live)
    assert "1 constraint of 'camera' is muted: it would" in said and f"{old!r}" in said
    assert bpy.data.actions[old].use_fake_user
    assert scene.camera.animation_data.action.name != old


def given_a_parent(scene, kind):
    """The camera hangs at a keyed empty, or at a bone that is keyed; it stays where it is at frame 1."""
    if kind == "empty":
        holder = bpy.data.objects.new("holder", None)
        scene.collection.objects.link(holder)
        moved = holder
    else:
        holder = bpy.data.objects.new("holder", bpy.data.armatures.new("holder"))
        scene.collection.objects.link(holder)
        bpy.context.view_layer.objects.active = holder
        bpy.ops.object.mode_set(mode="EDIT")
        bone = holder.data.edit_bones.new("bone")
        bone.head, bone.tail, bone.roll = (0, -6, 1), (1, -6, 2), 0.3
        bpy.ops.object.mode_set(mode="OBJECT")
        moved = holder.pose.bones["bone"]
        moved.rotation_mode = "XYZ"
    for frame, value in ((1, 0.0), (12, 1.1), (30, 3.0)):
        moved.location = (value, 0, value / 2)
        moved.rotation_euler = (0, value / 4, value / 3)
        moved.keyframe_insert("location", frame=frame)
        moved.keyframe_insert("rotation_euler", frame=frame)
    scene.frame_set(1)
    scene.camera.parent = holder
    if kind == "bone":
        scene.camera.parent_type, scene.camera.parent_bone = "BONE", "bone"
    scene.camera.matrix_world = Matrix.LocRotScale((0, -7, 2.2), Euler((1.35, 0, 0)), None)
    bpy.context.view_layer.update()


@pytest.mark.parametrize("kind", ["empty", "bone"])
def test_a_camera_whose_parent_moves_is_keyed_to_where_the_session_saw_it(scene, painted, live, kind):
    still(scene)
    given_a_parent(scene, kind)
    session = opened()
    walk(scene, session, 4)
    assert bpy.ops.motion_bridge.live_keep() == {"FINISHED"}
    count, moments = session.used_frames + 1, dict(session.moments)
    finished(live)
    assert scene.frame_current == 1
    for index in range(count):
        scene.frame_set(1 + index)
        seen = np.array(scene.camera.matrix_world)[:3, 3]
        np.testing.assert_allclose(seen, moments[index].pose[:3, 3], atol=2e-3, err_msg=f"frame {index}")


def test_until_there_is_a_frame_enter_ends_nothing_and_no_point_is_added(scene, painted, live, tmp_path: Path):
    ui = importlib.import_module(f"{PACKAGE}.addon.ui.live")
    still(scene)
    bpy.ops.motion_bridge.live()
    session = live.current()
    assert not bpy.ops.motion_bridge.live_keep.poll()
    assert ui.MOTION_BRIDGE_OT_live_key.execute(SimpleNamespace(do="keep"), bpy.context) == {"PASS_THROUGH"}
    assert not session.ready and session.add(3, 4) == -1
    wait_until(lambda: session.ready, step, SOON)
    given = len(session.kinds)
    assert session.add(3, 4) == given > 0
    wait_until(lambda: session.used_frames >= 0, step, SOON)
    assert live.current() is session and bpy.ops.motion_bridge.live_keep.poll()
    bpy.ops.motion_bridge.live_drop()
    finished(live)


def test_a_view_that_leaves_the_camera_has_its_header_back(extension):
    """The areas are stand-ins: Blender tells nobody what a header says."""
    status = importlib.import_module(f"{PACKAGE}.addon.viewer.status")
    said = {}

    def area(name, perspective):
        space = SimpleNamespace(region_3d=SimpleNamespace(view_perspective=perspective))
        return SimpleNamespace(
            type="VIEW_3D",
            spaces=SimpleNamespace(active=space),
            as_pointer=lambda: id(space),
            header_text_set=lambda text: said.update({name: text}),
        )

    areas = [area("leaves", "CAMERA"), area("stays", "CAMERA"), area("elsewhere", "PERSP")]
    window = SimpleNamespace(screen=SimpleNamespace(areas=areas))
    status._head("chunk 1", [window])
    areas[0].spaces.active.region_3d.view_perspective = "PERSP"
    status._head("chunk 2", [window])
    assert said == {"leaves": None, "stays": "chunk 2"}, "nobody else's header is touched"
    status._head("", [window])
    assert said == {"leaves": None, "stays": None} and not status.Status.headed


def test_a_picture_that_is_being_read_is_forgotten_with_what_it_was_of(scene, extension, tmp_path: Path):
    in_view = importlib.import_module(f"{PACKAGE}.addon.viewer.takes_in_view")
    in_view.show(scene, importlib.import_module(f"{PACKAGE}.addon.take").Take(tmp_path / "take_001"))
    in_view._look()
    assert in_view.InView.reading is not None
    in_view.leave()
    assert in_view.InView.reading is None


def test_the_view_shows_the_kept_take_and_nothing_of_a_dropped_one(scene, painted, live):
    overlay = importlib.import_module(f"{PACKAGE}.addon.viewer.camera_overlay").Overlay
    in_view = importlib.import_module(f"{PACKAGE}.addon.viewer.takes_in_view").InView
    still(scene)
    opened()
    assert overlay.picture is not None
    bpy.ops.motion_bridge.live_drop()
    assert overlay.picture is None
    finished(live)
    session = opened()
    bpy.ops.motion_bridge.live_keep()
    assert (in_view.scene, in_view.first) == (scene.name, session.take)
    finished(live)
    bpy.ops.motion_bridge.live()
    live.current().keep()
    assert overlay.picture is None, "nothing was generated"
    finished(live)


def test_a_fault_while_it_looks_ends_the_session_and_it_can_still_be_kept(scene, painted, live, monkeypatch, capfd):
    still(scene)
    session = opened()
    frames = session.used_frames
    with monkeypatch.context() as patched:
        patched.setattr(session._sampler, "look", lambda frame: 1 / 0)
        step()
    assert session.state is live.LiveState.ENDED and "division by zero" in session.error
    assert capfd.readouterr().err.count("ZeroDivisionError") == 1
    with monkeypatch.context() as patched:
        patched.setattr(live.recording, "record", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            session.keep()
    finished(live)
    assert live.current() is None and len(session.take.frames()) > frames
    assert opened().state is live.LiveState.RUNNING


def test_settings_that_cannot_be_read_are_said_and_the_session_goes_on(scene, painted, live, monkeypatch):
    errors = importlib.import_module(f"{PACKAGE}.backend.motion_bridge.errors")

    def refused(_scene):
        raise errors.BadInput("The schedule cannot be read.")

    still(scene)
    session = opened()
    monkeypatch.setattr(session._sampler, "_settings_of", refused)
    wait_until(lambda: session.sentence == "The schedule cannot be read.", step, SOON)
    seen = session.used_frames
    wait_until(lambda: session.used_frames > seen + 1, step, SOON)
    assert session.state is live.LiveState.RUNNING and session.sentence
    monkeypatch.undo()
    wait_until(lambda: session.sentence == "", step, SOON)


def test_a_deleted_camera_holds_the_last_view_and_the_session_goes_on(scene, painted, live):
    still(scene)
    session = opened()
    walk(scene, session, 2)
    bpy.data.objects.remove(scene.camera)
    bpy.context.view_layer.update()
    seen = session.used_frames
    wait_until(lambda: session.used_frames > seen + 2, step, SOON)
    assert "has no camera" in session.sentence and "last view is held" in session.sentence
    np.testing.assert_array_equal(session.moments[seen + 2].pose, session.moments[session.used_frames].pose)
    said = " ".join(session.keep())
    finished(live)
    assert "is gone" in said and "take_001" in said


def test_an_undo_while_live_costs_nothing(scene, painted, live):
    still(scene)
    bpy.ops.ed.undo_push(message="before")
    session, name = opened(), scene.name
    scene.camera.location.x += 0.2
    bpy.ops.ed.undo_push(message="moved")
    bpy.ops.ed.undo()
    bpy.context.view_layer.update()
    seen = session.used_frames
    wait_until(lambda: session.used_frames > seen + 2, step, SOON)
    assert session.sentence == "" and session.state is live.LiveState.RUNNING
    assert bpy.data.scenes[name].camera.location.x == pytest.approx(0)
    assert session.moments[session.used_frames].pose[0, 3] == pytest.approx(0, abs=1e-5)


def test_another_file_ends_it_and_what_was_made_stays(scene, painted, live, tmp_path: Path):
    still(scene)
    session = opened()
    bpy.ops.wm.read_homefile(use_empty=True)
    assert live.current() is None and session.state is live.LiveState.CLOSED
    assert "another file was opened" in session.error
    made = names(tmp_path / "motion_bridge/take_001")
    assert len(made) >= session.used_frames + 1 > 0
    wait_until(lambda: not backends(), step, SOON)


def test_a_scene_that_is_gone_holds_the_last_view(scene, painted, live):
    still(scene)
    session = opened()
    other = bpy.data.scenes.new("other")
    if bpy.context.window:
        bpy.context.window.scene = other
    bpy.data.scenes.remove(scene)
    seen = session.used_frames
    wait_until(lambda: session.used_frames > seen + 2, step, SOON)
    assert "not shown in any window" in session.sentence
    said = " ".join(session.keep())
    finished(live)
    assert "is gone, so no keyframes were made" in said


def test_a_killed_engine_loses_nothing_but_the_chunk_in_hand(scene, painted, live, tmp_path: Path):

    still(scene)
    session = opened()
    walk(scene, session, 3)
    os.kill(session.job.backend_pid, signal.SIGKILL)
    wait_until(lambda: session.state is live.LiveState.ENDED, step, SOON)
    assert "killed" in session.error or "signal" in session.error
    assert live.current() is session, "it can still be kept"
    bpy.ops.motion_bridge.live_keep()
    count = session.used_frames + 1
    finished(live)
    assert names(tmp_path / "motion_bridge/take_001")[:count] == [f"frame_{k:04d}.png" for k in range(1, count + 1)]
    assert scene.camera.animation_data.action


def test_a_render_of_blenders_own_between_two_looks_disturbs_nothing(scene, painted, live):
    session = opened()
    assert not bpy.ops.motion_bridge.render.poll(), "our own Render waits"
    bpy.ops.render.render()  # which ends before the next look, and has visited no other frame
    seen = session.used_frames
    wait_until(lambda: session.used_frames > seen, step, SOON)
    assert session.sentence == ""


def test_a_scene_without_a_camera_says_so_and_begins_nothing(scene, painted, live):
    scene.camera = None
    with pytest.raises(RuntimeError, match="no camera"):
        bpy.ops.motion_bridge.live()
    assert live.current() is None and not backends()


def test_one_point_and_ten_thousand_are_followed_in_time(scene, painted, live):
    """What a tick costs of the main thread, whatever the points: the numbers are in docs/live.md."""
    still(scene)
    scene.motion_bridge.tracks.use_grid = False
    for count in (1, 10_000):
        scene.motion_bridge.tracks.sources.clear()
        made_live(scene, "floor")
        scene.motion_bridge.tracks.sources[0].count = count
        session = opened()
        wait_until(lambda session=session: len(session.points) > 0, step, SOON)
        assert len(session.points) == len(session.kinds) <= count
        walk(scene, session, 2)
        session.drag(0, 10.0, 12.0)
        np.testing.assert_allclose(session.points[0], (10, 12))
        assert session.kinds[0] == "live"
        session.remove(0)
        assert np.isnan(session.points[0]).all()
        assert np.median(session.work) < 0.008, "four times the limit of docs/live.md: the machine may be busy"
        bpy.ops.motion_bridge.live_drop()
        finished(live)


def test_switched_off_while_live_it_ends_and_keeps_the_frames(scene, painted, live, tmp_path: Path):
    still(scene)
    session = opened()
    bpy.ops.preferences.addon_disable(module=PACKAGE)
    try:
        assert session.state is live.LiveState.CLOSED
        assert len(names(tmp_path / "motion_bridge/take_001")) >= session.used_frames + 1
        wait_until(lambda: not backends(), seconds=SOON)
    finally:
        bpy.ops.preferences.addon_enable(module=PACKAGE)


def test_a_frame_that_was_lost_is_made_again_by_resume(scene, painted, live, tmp_path: Path):
    still(scene)
    session = opened()
    walk(scene, session, 4)
    bpy.ops.motion_bridge.live_keep()
    finished(live)
    take = tmp_path / "motion_bridge/take_001"
    before = {name: (take / name).read_bytes() for name in names(take)}
    (take / "frame_0003.png").unlink()
    assert bpy.ops.motion_bridge.resume() == {"FINISHED"}
    assert {name: (take / name).read_bytes() for name in names(take)} == before


def memory(pid):
    """Bytes of a process that are in memory and its own."""
    resident, shared = map(int, Path(f"/proc/{pid}/statm").read_text().split()[1:3])
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


def test_memory_does_not_grow_with_a_session(scene, painted, live):
    """Short; ten minutes by hand are in docs/live.md."""
    still(scene)
    session = opened()
    walk(scene, session, 10)

    ours, theirs = memory(os.getpid()), memory(session.job.backend_pid)
    walk(scene, session, 40)
    assert memory(os.getpid()) - ours < 32 << 20
    assert memory(session.job.backend_pid) - theirs < 64 << 20, "with the sixteen frames that reproject remembers"


def test_a_draft_sees_through_the_lens_of_its_own_size(scene, painted, live):
    still(scene)
    scene.motion_bridge.draft.size = "50"
    session = opened()
    assert session.newest.pixels.shape == (36, 64, 3)
    np.testing.assert_allclose(session.moments[2].intrinsics, session.moments[0].intrinsics, rtol=1e-9)
