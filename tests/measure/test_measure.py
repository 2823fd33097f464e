"""What the measures say of videos whose answer is known."""

import numpy as np
import pytest
from motion_bridge.metrics.drift import appearance, drifts, slope
from motion_bridge.metrics.epe import end_point_error, error_by_frame
from motion_bridge.metrics.similarity import psnr, ssim
from motion_bridge.metrics.smoothness import change, seam
from motion_bridge.metrics.tracker import TRACKERS, seen_so_far


def cloth(size: int) -> np.ndarray:
    """A smooth picture in which every place differs."""
    y, x = np.mgrid[:size, :size] / 7.0
    wave = np.stack([np.sin(x + np.sin(y)), np.cos(1.3 * y - x), np.sin(0.7 * x * np.cos(y / 3))], -1)
    return (127 + 100 * wave).astype(np.uint8)


@pytest.fixture
def pan():
    """64×64, 12 frames, everything moves 1 pixel right and half a pixel down a frame; with its tracks."""
    picture = cloth(128).astype(np.float64)
    frames = []
    for k in range(12):
        top = 40 - k // 2
        frame = picture[top : top + 64, 40 - k : 104 - k]
        if k % 2:
            frame = (frame + picture[top - 1 : top + 63, 40 - k : 104 - k]) / 2
        frames.append(frame)
    start = np.stack(np.meshgrid(np.arange(12, 40, 6), np.arange(12, 40, 6)), -1).reshape(-1, 2) + 0.5
    points = start[:, None] + np.arange(12)[None, :, None] * np.array([1.0, 0.5])
    return np.stack(frames).astype(np.uint8), points, np.ones(points.shape[:2], bool)


@pytest.mark.parametrize("name", TRACKERS)
def test_every_tracker_finds_a_pan(pan, name):
    pytest.importorskip("cv2")
    video, points, visible = pan
    off = np.abs(TRACKERS[name](video, points[:, 0]) - points)
    assert off.mean() < 0.4 and off.max() < 1.5
    found = end_point_error(video, points, visible, TRACKERS[name])
    assert found.mean < 0.5 and found.share < 0.12


def test_a_video_that_stands_still_misses_by_as_much_as_the_tracks_move(pan):
    pytest.importorskip("cv2")
    video, points, visible = pan
    still = end_point_error(np.repeat(video[:1], len(video), 0), points, visible)
    assert still.mean == pytest.approx(still.still, rel=0.05)
    assert still.still == pytest.approx(np.hypot(1, 0.5) * 6, rel=1e-6)


def test_points_count_until_they_are_hidden_first(pan):
    video, points, visible = pan
    visible[:, 5] = False

    def off_by_one(_, first):
        moved = points[np.isin(points[:, 0], first).all(1)] + np.array([1.0, 0.0])
        return moved.astype(np.float32)

    found = end_point_error(video, points, visible, off_by_one)
    assert found.mean == pytest.approx(1.0) and found.count == 4 * len(points)
    errors = error_by_frame(video, points, visible, off_by_one)
    assert np.isfinite(errors[:5]).all() and np.isnan(errors[5:]).all()
    assert not seen_so_far(visible)[:, 5:].any()


def test_tracks_that_are_never_seen_have_no_error(pan):
    video, points, visible = pan
    assert np.isnan(end_point_error(video, points, np.zeros_like(visible)).mean)


def test_psnr_and_ssim_of_pictures_with_known_answers():
    picture = cloth(64)
    noisy = np.clip(picture.astype(int) + np.random.default_rng(0).normal(0, 10, picture.shape), 0, 255).astype(
        np.uint8
    )
    assert psnr(picture, picture) == float("inf") and ssim(picture, picture) == pytest.approx(1)
    assert psnr(picture, noisy) == pytest.approx(20 * np.log10(255 / 10), abs=0.3)
    assert 0.3 < ssim(picture, noisy) < 0.95
    half = np.zeros((64, 64), bool)
    half[:, :32] = True
    mixed = np.where(half[..., None], picture, noisy)
    assert psnr(picture, mixed, half) == float("inf") and ssim(picture, mixed, half) > ssim(picture, mixed, ~half)


def test_ssim_of_flat_pictures_is_the_formulas():
    dark, bright = np.full((16, 16, 3), 50, np.uint8), np.full((16, 16, 3), 100, np.uint8)
    c1 = (0.01 * 255) ** 2
    assert ssim(dark, bright) == pytest.approx((2 * 50 * 100 + c1) / (50**2 + 100**2 + c1))


def test_a_video_that_brightens_drifts_by_its_slope():
    video = np.clip(cloth(32)[None] * 0.5 + np.arange(48)[:, None, None, None], 0, 255).astype(np.uint8)
    found = drifts(video)
    assert found["mean"] == pytest.approx(12, rel=0.02) and abs(found["contrast"]) < 0.1
    assert set(found) == set(appearance(video))
    assert np.isnan(slope(np.full(5, np.nan)))


def test_a_jump_between_chunks_shows_as_a_seam(pan):
    video = np.concatenate([pan[0], pan[0]])  # jumps back after 12 frames
    assert len(change(video)) == 23
    assert seam(video, chunk=12, first=12) > 2 > 1.2 > seam(pan[0], chunk=4, first=4) > 0.8
