"""The overlay draws the points of the Shot that Render would make, where the camera's view shows them."""

import importlib

import bpy
import numpy as np
import pytest


@pytest.fixture
def overlay(extension):
    found = importlib.import_module(f"{extension.__name__}.addon.ui.overlay")
    yield found
    found.hide()


@pytest.fixture
def followed(scene, painted):
    """Four points of a grid, two of a box that moves and one that is pinned."""
    scene.motion_bridge.grid = 2
    for name in ("mover", "pillar"):
        entry = scene.motion_bridge.tracks.sources.add()
        entry.name, entry.object, entry.count = name, bpy.data.objects[name], 2
    entry.count, entry.kind = 1, "pinned"
    return scene


def test_what_would_be_followed_is_read_for_the_overlay(followed, overlay):
    assert not bpy.ops.motion_bridge.hide_tracks.poll()
    assert bpy.ops.motion_bridge.show_tracks() == {"FINISHED"}
    shown = overlay.Overlay.shown
    assert shown.frames == tuple(range(1, 13)) and shown.size == (128, 72)
    assert shown.tracks.kind == ("grid",) * 4 + ("path",) * 2 + ("pinned",)
    assert bpy.ops.motion_bridge.hide_tracks() == {"FINISHED"}
    assert overlay.Overlay.shown is None and overlay.Overlay.handle is None


def test_points_stand_where_the_shot_has_them_and_hidden_ones_are_dim(followed, overlay):
    bpy.ops.motion_bridge.show_tracks()
    tracks = overlay.Overlay.shown.tracks
    tracks.visible[1, 5] = False
    places, colors = overlay.points(tracks, 5)
    np.testing.assert_array_equal(places, tracks.xy[:, 5])
    assert colors[1, 3] < 0.5 < colors[0, 3]
    assert len({tuple(color[:3]) for color in colors}) == 3, "a color for each kind"


def test_ways_join_neighboring_frames_and_pinned_points_have_none(followed, overlay):
    bpy.ops.motion_bridge.show_tracks()
    tracks = overlay.Overlay.shown.tracks
    tracks.visible[:] = True
    segments, colors = overlay.ways(tracks, 8)
    assert len(segments) == len(colors) == 4 * overlay.GRID_WAY + 2 * 11
    np.testing.assert_array_equal(segments[0], tracks.xy[0, 8 - overlay.GRID_WAY : 10 - overlay.GRID_WAY])
    tracks.visible[4, 3] = False
    assert len(overlay.ways(tracks, 8)[0]) == len(segments) - 2


def test_nothing_to_follow_is_said(followed, overlay):
    followed.motion_bridge.tracks.use_grid = False
    followed.motion_bridge.tracks.sources.clear()
    with pytest.raises(RuntimeError, match="Nothing is followed"):
        bpy.ops.motion_bridge.show_tracks()
    assert overlay.Overlay.shown is None


@pytest.fixture
def live_overlay(extension):
    return importlib.import_module(f"{extension.__name__}.addon.ui.live_overlay")


@pytest.fixture
def point_tool(extension):
    return importlib.import_module(f"{extension.__name__}.addon.ui.point_tool")


def test_a_way_is_used_up_to_when_the_engine_looked_and_still_to_come_beyond(live_overlay):
    trail = live_overlay.Trail()
    for at, x in enumerate((0, 0.1, 10, 20, 20)):
        trail.note(float(at), np.array([3]), np.array([(x, 5.0)]))
    trail.note(5.0, np.array([3, 7]), np.array([(20.0, 5.0), (1.0, 1.0)]))
    trail.note(6.0, np.array([3, 7]), np.array([(20.0, 5.0), (1.0, 9.0)]))
    segments, whose, used = trail.segments(used_until=2.5)
    assert whose.tolist() == [3, 3, 7], "nothing for what stands still or has only begun"
    assert used.tolist() == [True, False, False]
    np.testing.assert_allclose(segments[1], [(10, 5), (20, 5)])


def test_a_point_is_hit_within_reach_at_any_scale_and_never_where_it_is_gone(point_tool):
    corners = np.array([(100.0, 500.0), (500.0, 300.0)])  # 400 × 200 pixels of the region, y upward
    points = np.array([(100.0, 50.0), (np.nan, np.nan), (104.0, 50.0)])
    for scale, reach in ((1.0, 12), (1.5, 18)):
        frame = point_tool.Frame(corners, (200, 100), scale)
        np.testing.assert_allclose(frame.to_region(points[0]), (300, 400))
        np.testing.assert_allclose(frame.to_picture(300, 400), (100, 50))
        assert frame.hit(points, 300, 400) == 0 and frame.hit(points, 307, 400) == 2, "the nearest"
        assert frame.hit(points, 300, 400 + reach - 1) == 0
        assert frame.hit(points, 300, 400 + reach + 1) is None
        assert frame.holds(101, 301) and not frame.holds(99, 301)
    assert frame.hit(points[1:2], 300, 400) is None and frame.hit(np.zeros((0, 2)), 300, 400) is None


def test_without_a_session_the_tool_leaves_clicks_to_blender(followed, point_tool):
    assert point_tool.current() is None
    for name in ("grab_point", "pin_point", "remove_point", "add_point"):
        assert getattr(bpy.ops.motion_bridge, name)("INVOKE_DEFAULT") == {"PASS_THROUGH"}
