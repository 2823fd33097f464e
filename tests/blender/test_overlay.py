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
