"""A model may paint smaller than the frames are; what is finished, resumed and moved is right at the frames' size."""

from dataclasses import replace

import cv2
import deforum_scenes as scenes
import numpy as np
import pytest
import tiny_diffusion as tiny
from disk import Disk, made_and_told
from motion_bridge.engines.base import frames_alone
from motion_bridge.engines.deforum.engine import DEFAULTS, engine
from motion_bridge.engines.deforum.loop import internal_resolution, scene_motion
from motion_bridge.errors import BadInput

SIZE, COUNT = (192, 128), 4


def travelling(model, schedules=None, **settings):
    poses = [scenes.pose((0.2 * k, 0, 0.1 * k), (0, -0.5 * k, 0)) for k in range(COUNT)]
    centers = np.array([[-1.0 + 0.3 * k, 0.3, 5.0] for k in range(COUNT)])
    return scenes.shot(
        poses,
        [scenes.intrinsics(*SIZE)] * COUNT,
        *SIZE,
        centers,
        schedules={"steps_schedule": "0:(1)", "start_sigma": "0:(0.6)", **(schedules or {})},
        settings={"model": str(model), "device": "cpu", **settings},
    )


def run(shot, disk=None):
    return list(frames_alone(engine.frames(shot, disk or Disk(), list)))


@pytest.fixture(scope="module")
def klein(tmp_path_factory):
    return tiny.save("flux2-klein", tmp_path_factory.mktemp("klein"))


@pytest.mark.parametrize(
    ("size", "model", "asked", "painted"),
    [
        ((1920, 1080), "sketch", 0, (256, 144)),
        ((1080, 1920), "sketch", 0, (144, 256)),
        ((256, 256), "sketch", 0, (256, 256)),
        ((1920, 1080), "sketch", 960, (960, 540)),
        ((1920, 1080), "sketch", 4000, (1920, 1080)),
        ((1920, 1080), "flux.2-klein-4b", 0, (1920, 1080)),
        ((1920, 1080), "/some/folder", 480, (480, 270)),
        ((2000, 100), "sketch", 0, (1280, 64)),
    ],
)
def test_what_is_painted_suits_the_model_unless_somebody_asks(size, model, asked, painted):
    assert internal_resolution.of(size, {**DEFAULTS, "model": model, "working_size": asked}) == painted


@pytest.mark.parametrize("asked", [63, -1, 100.5])
def test_a_size_that_no_model_paints_is_refused(asked):
    with pytest.raises(BadInput, match=r"working_size is .* at least 64 pixels, or 0"):
        internal_resolution.of((1920, 1080), {**DEFAULTS, "working_size": asked})


def test_a_shot_seen_smaller_moves_as_it_does(klein):
    shot = travelling(klein)
    small = internal_resolution.seen(shot, (96, 64))
    for k, j in ((1, 0), (3, 0), (1, 3)):
        large, found = scene_motion.motion(shot, k, j), scene_motion.motion(small, k, j)
        expected = cv2.resize(large.flow[0].numpy(), (96, 64), interpolation=cv2.INTER_AREA) / 2
        known = ~cv2.dilate(large.revealed[0].numpy().astype(np.uint8), np.ones((9, 9)))[::2, ::2].astype(bool)
        off = np.linalg.norm(found.flow[0].numpy() - expected, axis=-1)[known]
        assert np.quantile(off, 0.95) < 0.1 and known.mean() > 0.5
    assert small.first_frame.shape == (64, 96, 3)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"cadence": 2}, {"feedback": "latent"}])
def test_frames_have_the_shots_size_and_continue_byte_for_byte(klein, settings):
    shot = travelling(klein, working_size=96, **settings)
    whole, told = made_and_told(engine.frames(shot, Disk(), list))
    assert {frame.pixels.shape for frame in whole} == {(SIZE[1], SIZE[0], 3)}
    assert ("Frames are painted at 96x64, as working_size says, and scaled up to 192x128.", 0) in told
    for stop in range(1, COUNT):
        rest = run(shot, Disk(whole[:stop]))
        assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(whole[stop:], rest, strict=True))
    again = run(shot, Disk(whole[:3], states=False))
    assert [frame.index for frame in again] == [3] and np.array_equal(again[0].pixels, whole[3].pixels)


def test_pixels_of_a_schedule_are_the_frames_own(klein):
    still = {"start_sigma": "0:(0.6), 1:(0)", "noise_schedule": "0:(0)", "zoom": "0:(1)", "translation_x": "0:(8)"}
    shot = travelling(klein, still, working_size=96, motion="2D", color_coherence="None", padding="wrap")
    made = run(shot)
    shifted = np.roll(made[0].pixels, 16, axis=1).astype(int)
    assert np.abs(made[2].pixels[:, 32:-32].astype(int) - shifted[:, 32:-32]).mean() < 1.5


def test_the_sketch_says_that_it_paints_small(monkeypatch, tmp_path):
    monkeypatch.setenv("MOTION_BRIDGE_MODELS", str(tmp_path))
    still = {"start_sigma": "0:(0)", "noise_schedule": "0:(0)"}
    shot = travelling("sketch", still, working_size=0)
    wide = internal_resolution.seen(replace(shot, width=192, height=128), (384, 256))
    whole = replace(wide, depth=None, objects=None, settings={**shot.settings, "mode": "interpolation"})
    (made, *_), told = made_and_told(engine.frames(whole, Disk(), list))
    assert made.pixels.shape == (256, 384, 3)
    said = [sentence for sentence, _ in told if "painted" in sentence]
    assert len(said) == 1
    assert said[0].startswith("Frames are painted at 256x171, which suits sketch, and scaled up to 384x256; set")
