"""What is said of videos beside the truth, where the answer is known."""

import numpy as np
import pytest
from cloth import cloth, sliding
from motion_bridge.errors import BadInput
from motion_bridge.metrics import perceptual
from motion_bridge.metrics.calibration import calibrate
from motion_bridge.metrics.consistency import along_tracks, jitter
from motion_bridge.metrics.report import BEST, Truth, following_error, judge, mean, part

STEPS = np.arange(24)[:, None] * np.array([0.7, 0.2])


@pytest.fixture(scope="module")
def truth():
    pytest.importorskip("cv2")
    return Truth(*sliding(STEPS))


def test_the_true_video_is_as_good_as_the_tracker(truth):
    found = judge(truth.video, truth)
    assert found.epe == pytest.approx(found.floor) and found.epe < 0.3
    assert found.psnr == BEST and found.ssim == pytest.approx(1) and found.share < 0.1
    assert found.consistency == found.consistency_true and found.seam == found.seam_true
    assert all(abs(value) < 1e-9 for name, value in found.slopes.items() if name != "EPE")


def test_a_still_picture_misses_by_as_much_as_the_points_move(truth):
    found = judge(np.repeat(truth.video[:1], len(truth.video), 0), truth)
    assert found.epe == pytest.approx(found.still, rel=0.02) and found.rest != found.rest  # nothing rests: nan
    assert found.psnr == pytest.approx(found.psnr_still) and found.psnr < 25
    assert found.slopes["EPE"] == pytest.approx(12 * np.hypot(0.7, 0.2), rel=0.05)


def test_only_what_the_first_frame_showed_is_compared(truth):
    assert truth.covisible[0].all()
    assert not truth.covisible[10, :, :6].any() and truth.covisible[10, 4:, 9:].all()  # 7 pixels came in at the left
    spoilt = truth.video.copy()
    spoilt[~truth.covisible] = 0
    assert judge(spoilt, truth).psnr == BEST


def test_a_part_forgives_what_went_wrong_before_it(truth):
    jumped = np.stack([cloth(*(step + np.array([9.0, 0.0]) * (k >= 8))) for k, step in enumerate(STEPS)])
    whole = judge(jumped, truth).epe
    later = part(jumped, truth, range(10, 24))
    assert whole > 3 and later.epe < 0.4 and later.still == pytest.approx(np.hypot(0.7, 0.2) * 7, rel=0.1)


def test_errors_are_also_taken_against_tracks_that_were_only_told(truth):
    opposite = 2 * truth.points[:, :1] - truth.points
    inside = np.asarray(np.logical_and(opposite >= 0, opposite < 64).all(axis=-1))
    made = np.stack([cloth(*-step) for step in STEPS])
    assert following_error(made, opposite, inside, truth.calibration) < 0.4
    assert following_error(truth.video, opposite, inside, truth.calibration) > 5


def test_points_that_the_tracker_loses_in_the_true_video_do_not_count():
    points = np.zeros((3, 5, 2), np.float32) + 8
    visible = np.ones((3, 5), bool)
    visible[2, 1:] = False

    def tracker(video, start):
        return points + np.array([0.0, 2.0, 0.0])[:, None, None]

    assert list(calibrate(np.zeros((5, 16, 16, 3), np.uint8), points, visible, tracker).trusted) == [True, False, False]


def test_means_add_points_and_leave_out_what_has_no_number(truth):
    one, other = judge(truth.video, truth), judge(np.repeat(truth.video[:1], 24, 0), truth)
    both = mean([one, other])
    assert both.epe == pytest.approx((one.epe + other.epe) / 2) and both.points == one.points + other.points
    assert both.slopes["PSNR"] == pytest.approx((one.slopes["PSNR"] + other.slopes["PSNR"]) / 2)


def test_colors_along_tracks_and_paces_are_counted_exactly():
    video = np.zeros((4, 8, 8, 3), np.uint8)
    video[:] = np.array([10, 13, 13, 20])[:, None, None, None]
    points = np.full((2, 4, 2), 3.7)
    visible = np.array([[True, True, True, True], [True, False, False, False]])
    assert np.allclose(along_tracks(video, points, visible), [3, 0, 7])
    line = np.arange(6.0)[None, :, None] * np.array([1.0, 2.0])
    assert jitter(line, np.ones((1, 6), bool)) == 0
    zigzag = np.array([[[0.0, 0], [1, 0], [0, 0], [1, 0], [0, 0]]])
    assert jitter(zigzag, np.ones((1, 5), bool)) == 2


def weights(torch):
    drawn = torch.Generator().manual_seed(0)
    found = {}
    for number, (layer, (width, depth, side)) in enumerate(perceptual.LAYERS.items()):
        found[f"features.{layer}.weight"] = torch.randn(width, depth, side, side, generator=drawn) / side / depth**0.5
        found[f"features.{layer}.bias"] = torch.zeros(width)
        found[f"lin{number}.model.1.weight"] = torch.rand(1, width, 1, 1, generator=drawn)
    return found


@pytest.mark.slow
def test_lpips_is_measured_where_its_weights_lie_and_only_there(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    save_file = pytest.importorskip("safetensors.torch").save_file
    monkeypatch.setenv("MOTION_BRIDGE_MODELS", str(tmp_path))
    assert perceptual.at_hand() is None
    save_file(weights(torch), tmp_path / perceptual.FILE)
    distance = perceptual.at_hand()
    assert distance is not None
    near, far = cloth(0.5)[None], cloth(20.0)[None]
    assert distance(cloth(0)[None], cloth(0)[None])[0] == 0
    assert 0 < distance(cloth(0)[None], near)[0] < distance(cloth(0)[None], far)[0]
    lacking = {name: tensor for name, tensor in weights(torch).items() if name != "lin3.model.1.weight"}
    save_file(lacking, tmp_path / perceptual.FILE)
    with pytest.raises(BadInput, match="lin3"):
        perceptual.at_hand()
