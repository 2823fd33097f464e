"""A live session in Blender: what is moved is sampled, streamed, and kept as keyframes."""

from __future__ import annotations

import importlib
from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_session import PACKAGE, SOON, backends, names, wait_until


@pytest.fixture
def live(extension):
    """The session's module; whatever a test leaves open is ended."""
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
    takes = scene.motion_bridge.takes
    assert takes and any(strip.name.endswith("take_001") for strip in _strips(takes))


def _strips(scene):
    return importlib.import_module(f"{PACKAGE}.addon.compat").strips(scene)


def test_a_dropped_session_leaves_nothing(scene, painted, live, tmp_path: Path):
    still(scene)
    opened()
    assert bpy.ops.motion_bridge.live_drop() == {"FINISHED"}
    wait_until(lambda: not live.step(), step, SOON)
    assert not (tmp_path / "motion_bridge/take_001").exists()
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
    moments = dict(session.moments)
    bpy.ops.motion_bridge.live_keep()
    wait_until(lambda: not live.step(), step, SOON)
    for index, moment in moments.items():
        scene.frame_set(1 + index)
        if "mover" in moment.objects:
            np.testing.assert_allclose(np.array(mover.matrix_world), moment.objects["mover"], atol=2e-3)
    assert moments[max(moments)].objects["mover"][0, 3] == pytest.approx(-0.6, abs=0.11)


def test_space_pauses_and_the_session_goes_on_where_it_was(scene, painted, live):
    still(scene)
    session = opened()
    bpy.ops.motion_bridge.live_pause()
    assert session.paused
    wait_until(lambda: session.paused and session._paused_told, step, SOON)
    for _ in range(30):
        step()
    seen = session.used_frames
    bpy.ops.motion_bridge.live_pause()
    wait_until(lambda: session.used_frames > seen + 2, step, SOON)
    assert sorted(session.moments) == list(range(session.used_frames + 1)), "always the next frame, never a jump"
