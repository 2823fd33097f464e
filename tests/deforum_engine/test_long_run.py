"""120 frames at every cadence: all are made, and each shows things where the camera is at that very frame.

The model changes nothing here (sigma 0), so that a frame can be held against the first one, moved by the true motion.
"""

import cv2
import deforum_scenes as scenes
import numpy as np
import pytest
import tiny_diffusion as tiny
from motion_bridge.engines.base import frames_alone
from motion_bridge.engines.deforum.api import Nothing
from motion_bridge.engines.deforum.engine import engine
from motion_bridge.engines.deforum.loop import scene_motion, warp

WIDTH, HEIGHT, COUNT = 96, 64, 120
NOTHING = {"start_sigma": "0:(0)", "noise_schedule": "0:(0)", "amount_schedule": "0:(0)"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny.save("sd", tmp_path_factory.mktemp("sd")))


@pytest.fixture(scope="module")
def swinging():
    """A camera that swings, turns and leans towards a wall and back; its poses and lenses."""
    turn = np.arange(COUNT) * 2 * np.pi / 40
    places = np.stack([0.5 * np.sin(turn), 0.1 * np.cos(turn) - 0.1, 0.6 * np.sin(turn / 2)], -1)
    return [
        scenes.pose(place, (0, np.degrees(0.02) * np.sin(t), 1.5 * np.sin(t)))
        for place, t in zip(places, turn, strict=True)
    ]


@pytest.fixture(scope="module")
def picture():
    """Blobs of a few pixels, which survive being sampled 120 times and have places that can be measured."""
    smooth = cv2.GaussianBlur(np.random.default_rng(1).random((HEIGHT, WIDTH, 3), np.float32), (0, 0), 3)
    return cv2.normalize(smooth, np.empty_like(smooth), 0, 255, cv2.NORM_MINMAX).round().astype(np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("cadence", [1, 2, 3, 5])
def test_all_of_120_frames_are_made_and_show_things_where_the_camera_is(model, swinging, picture, cadence):
    settings = {"model": model, "device": "cpu", "cadence": cadence, "color_coherence": "None"}
    lenses = [scenes.intrinsics(WIDTH, HEIGHT)] * COUNT
    shot = scenes.shot(swinging, lenses, WIDTH, HEIGHT, settings={**settings}, schedules=NOTHING)
    shot = type(shot)(**{**vars(shot), "first_frame": picture})
    made = list(frames_alone(engine.frames(shot, Nothing(), list)))
    assert [frame.index for frame in made] == list(range(COUNT))
    seen = np.ones((1, 1, HEIGHT, WIDTH), bool)
    worst = 0.0
    for k in range(1, COUNT):
        step = scene_motion.motion(shot, k, k - 1)
        came = warp.warp(step.flow.new_tensor(seen, dtype=step.flow.dtype), step.flow, kernel="nearest").numpy() > 0
        seen = came & ~step.revealed.numpy()[None]  # all the way from the first frame
        whole = scene_motion.motion(shot, k, 0).flow
        inside = cv2.erode(seen[0, 0].astype(np.uint8), np.ones((7, 7))) == 1
        assert inside.mean() > 0.25
        worst = max(worst, float(np.quantile(displacement(picture, made[k].pixels, whole)[inside], 0.9)))
    assert worst <= 0.5, worst


def displacement(source, shown, flow):
    """How many pixels the shown picture is off from the source moved by the flow, by optical flow: (H, W)."""
    places = (warp.positions(HEIGHT, WIDTH, flow) + flow[0]).numpy().astype(np.float32) - 0.5
    x, y = cv2.split(places)
    expected = cv2.remap(source, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    dense = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    dense.setFinestScale(0)
    one, two = (cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (expected, shown))
    return np.linalg.norm(dense.calc(one, two, np.zeros((*one.shape, 2), np.float32)), axis=-1)
