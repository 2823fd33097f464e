"""The guide video carries the true motion, and optical flow can follow it."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from motion_bridge.errors import BadInput
from motion_bridge.schedules import webui_writer
from motion_bridge.schedules.camera import guide_video, replay
from motion_bridge.schedules.camera.reference_flow import measure_at, travel


def test_surfaces_keep_their_texture_while_the_camera_moves(drawn):
    shot = drawn("truck")
    before, after = (picture[..., 0].astype(float) for picture in islice(guide_video.pictures(shot), 2))
    index = replay.every(8, shot.width, shot.height).index
    was, seen = travel(shot, 1, 0, index)
    column, row = (was[seen] - 0.5).round().astype(int).T
    inside = (column >= 0) & (column < shot.width) & (row >= 0) & (row < shot.height)
    here = after[index[seen, 1], index[seen, 0]][inside]
    there = before[row[inside], column[inside]]
    assert np.corrcoef(here, there)[0, 1] > 0.9
    assert here.std() > 30  # there is something to follow


def test_the_guide_is_the_same_every_time_and_needs_depth(drawn):
    shot = drawn("dolly")
    assert np.array_equal(next(guide_video.pictures(shot)), next(guide_video.pictures(shot)))
    with pytest.raises(BadInput, match="no depth"):
        next(guide_video.pictures(replace(shot, depth=None)))


def test_the_webui_takes_the_guides_settings():
    written = webui_writer.document(
        {name: value for name, value in guide_video.SETTINGS.items() if str(value).startswith("0:")},
        width=832,
        height=480,
        max_frames=24,
        fps=24,
        mode=guide_video.SETTINGS["animation_mode"],
        changes={
            name: value
            for name, value in guide_video.SETTINGS.items()
            if not str(value).startswith("0:") and name != "animation_mode"
        },
    )
    assert written["hybrid_motion"] == "Optical Flow" and written["hybrid_flow_method"] == "DIS Medium"


def test_optical_flow_follows_the_guide(drawn):
    cv2 = pytest.importorskip("cv2")
    shot = drawn("orbit")
    truth = measure_at(shot, replay.every(8, shot.width, shot.height).index)
    index = replay.every(8, shot.width, shot.height).index
    before, after = (picture[..., 0] for picture in islice(guide_video.pictures(shot), 2))
    follower = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow = -follower.calc(before, after, None)[index[:, 1], index[:, 0]]
    error = np.linalg.norm(flow - truth.flow[1].T, axis=-1)[truth.seen[1]].mean()
    assert error < 0.2 * truth.size()
    assert error == pytest.approx(guide_video.expected_error(shot)[1], abs=0.3)
