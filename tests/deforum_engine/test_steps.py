"""Each step of the loop by itself: colors, sharpness, noise, masks, guide video, cadence."""

import av
import cv2
import deforum_scenes as scenes
import numpy as np
import pytest
import torch
from motion_bridge.engines.deforum.loop import (
    cadence,
    color_match,
    hybrid_composite,
    mask,
    optical_flow,
    scene_motion,
    sharpen_and_noise,
    warp,
    warped_noise,
)
from motion_bridge.errors import BadInput
from motion_bridge.media import video


def random_picture(seed, height=48, width=64):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("space", "code"), [("lab", cv2.COLOR_RGB2LAB), ("hsv", cv2.COLOR_RGB2HSV)])
def test_color_spaces_are_opencvs_and_can_be_left_again(space, code):
    picture = random_picture(1)
    there, back = getattr(color_match, f"to_{space}"), getattr(color_match, f"from_{space}")
    found = there(picture)[0].permute(1, 2, 0).numpy() * ((1, 1, 1) if space == "lab" else (360, 1, 1))
    expected = cv2.cvtColor(picture[0].permute(1, 2, 0).contiguous().numpy(), code)
    assert np.abs(found - expected).max() < (0.6 if space == "lab" else 1e-2)  # OpenCV looks LAB up in a table
    assert (back(there(picture)) - picture).abs().max() < 2e-4


@pytest.mark.parametrize("together", [True, False])
def test_detail_comes_back_to_what_a_reference_has(together):
    reference = sharpen_and_noise.blur(random_picture(3), 5, 0.7)

    def sizes(picture):
        return torch.stack([(picture - sharpen_and_noise.blur(picture, 7, s)).std((2, 3)).mean() for s in (1.0, 2.0)])

    wanted = sizes(reference)
    for worn in (sharpen_and_noise.blur(reference, 5, 0.6), sharpen_and_noise.unsharp(reference, 0.4)):
        kept = sharpen_and_noise.match_detail(worn, reference, 1.0, together)
        assert ((sizes(worn) / wanted - 1).abs() > 0.15).any()
        assert ((sizes(kept) / wanted - 1).abs() < 0.06).all()
        halfway = sizes(sharpen_and_noise.match_detail(worn, reference, 0.5, together))
        assert ((halfway - sizes(worn)).abs() < (wanted - sizes(worn)).abs()).all()
    assert (sharpen_and_noise.match_detail(reference, reference, 1.0, together) - reference).abs().max() < 1e-6
    assert sharpen_and_noise.match_detail(worn, reference, 0.0, together) is worn


def test_another_subject_is_not_given_the_detail_of_the_first():
    calm = sharpen_and_noise.blur(random_picture(3), 13, 2.0)
    assert torch.equal(sharpen_and_noise.match_detail(calm, random_picture(4), 1.0, True), calm)


@pytest.mark.parametrize("space", color_match.SPACES)
def test_a_picture_gets_the_colors_of_another(space):
    picture, reference = random_picture(1) ** 2 * 0.6, random_picture(2) * 0.5 + 0.3
    matched = color_match.match(picture, reference, space)
    assert (matched.mean((2, 3)) - reference.mean((2, 3))).abs().max() < 0.02
    assert (matched.std((2, 3)) - reference.std((2, 3))).abs().max() < 0.02
    half = color_match.match(picture, reference, space, 0.5)
    assert torch.allclose(half, (picture + matched) / 2, atol=1e-6)


@pytest.mark.parametrize("space", color_match.SPACES)
def test_a_picture_that_matches_already_is_left_as_it_is(space):
    flat = torch.full((1, 3, 16, 16), 0.3)
    for picture in (random_picture(1), flat, (random_picture(3) * 4).round() / 4):
        assert (color_match.match(picture, picture, space) - picture).abs().max() < 2e-4


def test_equal_values_stay_equal_when_colors_are_matched():
    picture = (random_picture(1) * 3).round() / 3
    matched = color_match.match_channels(picture, random_picture(2))
    for value in picture.unique():
        assert matched[:, 0][picture[:, 0] == value].unique().numel() == 1


def test_a_latent_gets_the_statistics_of_another():
    latent, reference = torch.randn(1, 16, 20, 20) * 3 + 1, torch.randn(1, 16, 24, 24) * 0.5 - 2
    matched = color_match.match_statistics(latent, reference)
    assert torch.allclose(matched.mean((2, 3)), reference.mean((2, 3)), atol=1e-4)
    assert torch.allclose(matched.std((2, 3)), reference.std((2, 3)), atol=1e-4)


def test_contrast_turns_about_middle_gray_and_never_wraps():
    picture = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0])
    assert torch.allclose(color_match.contrast(picture, 2.0), torch.tensor([-0.5, 0.0, 0.5, 1.0, 1.5]))
    assert color_match.contrast(picture, 1.0) is picture


def test_unsharp_is_opencvs_gaussian_and_does_nothing_by_zero():
    picture = random_picture(4)
    pixels = picture[0].permute(1, 2, 0).contiguous().numpy()
    soft = cv2.GaussianBlur(pixels, (5, 5), 1.0, borderType=cv2.BORDER_REFLECT_101)
    found = sharpen_and_noise.unsharp(picture, 0.7)[0].permute(1, 2, 0).numpy()
    assert np.abs(found - (pixels + 0.7 * (pixels - soft))).max() < 1e-5
    assert sharpen_and_noise.unsharp(picture, 0.0) is picture
    gentle = 0.5 + (picture - 0.5) / 300
    assert torch.equal(sharpen_and_noise.unsharp(gentle, 1.0, threshold=2), gentle)


def test_noise_keeps_a_pictures_brightness_where_the_webuis_pulls_it_to_gray():
    dark = torch.full((1, 3, 128, 128), 0.2)
    noise = sharpen_and_noise.gaussian(dark, 1)
    assert sharpen_and_noise.add_noise(dark, noise, torch.tensor(0.2)).mean() == pytest.approx(0.2, abs=2e-3)
    assert sharpen_and_noise.mix_noise(dark, noise, torch.tensor(0.2)).mean() == pytest.approx(0.26, abs=5e-3)
    assert torch.equal(noise, sharpen_and_noise.gaussian(dark, 1)) and not torch.equal(
        noise, sharpen_and_noise.gaussian(dark, 2)
    )


@pytest.mark.parametrize("size", [(128, 128), (100, 75)])
def test_perlin_noise_comes_in_clouds(size):
    like = torch.zeros(1, 3, *size)
    noise = sharpen_and_noise.perlin(like, 3)
    assert torch.equal(noise, sharpen_and_noise.perlin(like, 3))
    strength = noise.abs().mean(1, keepdim=True)
    clouds = sharpen_and_noise.blur(strength, 9, 3.0)
    even = sharpen_and_noise.blur(sharpen_and_noise.gaussian(like, 3).abs().mean(1, keepdim=True), 9, 3.0)
    assert clouds.std() / clouds.mean() > 2 * even.std() / even.mean()


def carried_noise(made, frames):
    """Moving noise at the last of these frames, step by step from the first."""
    address = warped_noise.addresses(made.height, made.width, 0)
    for k in range(1, frames):
        motion = scene_motion.motion(made, k, k - 1)
        address = warped_noise.carry(address, motion.flow, motion.revealed, k)
    return warped_noise.noise(address, 5, frames - 1)


def test_moving_noise_rides_on_its_surface():
    poses = [scenes.pose((0.25 * k, 0, 0)) for k in range(9)]
    made = scenes.shot(poses, [scenes.intrinsics(96, 64)] * 9, 96, 64)
    start, end = carried_noise(made, 1), carried_noise(made, 9)
    whole = scene_motion.motion(made, 8, 0)
    followed = warp.warp(start, whole.flow, kernel="nearest")
    seen = ~whole.revealed[0]
    assert whole.flow.abs().max() > 15
    assert np.corrcoef(end[0, :, seen].flatten(), followed[0, :, seen].flatten())[0, 1] > 0.6
    assert abs(np.corrcoef(end[0, :, seen].flatten(), start[0, :, seen].flatten())[0, 1]) < 0.1


@pytest.mark.parametrize("move", [(0.25, 0.0, 0.0), (0.0, 0.0, 0.4), (0.0, 0.0, -0.4)])
def test_moving_noise_stays_independent_and_normal(move):
    poses = [scenes.pose(np.array(move) * k) for k in range(9)]
    noise = carried_noise(scenes.shot(poses, [scenes.intrinsics(96, 64)] * 9, 96, 64), 9)
    assert noise.mean().abs() < 0.05
    assert noise.std() == pytest.approx(1, abs=0.03)
    assert (noise**4).mean() == pytest.approx(3, abs=0.3)
    assert abs(np.corrcoef(noise[..., 1:].flatten(), noise[..., :-1].flatten())[0, 1]) < 0.1
    assert abs(np.corrcoef(noise[:, 0].flatten(), noise[:, 1].flatten())[0, 1]) < 0.05


def test_a_mask_keeps_what_it_covers():
    made, kept = random_picture(1), random_picture(2)
    area = torch.zeros(1, 1, 48, 64)
    area[..., 32:] = 1
    assert torch.equal(mask.overlay(made, kept, area), torch.where(area > 0, made, kept))
    soft = mask.overlay(torch.ones_like(made), torch.zeros_like(made), mask.soften(area, 4))
    assert 0.3 < soft[0, 0, 24, 32] < 0.7 and soft[0, 0, 24, 0] == 0
    assert torch.equal(mask.adjust(area, invert=True), 1 - area)


@pytest.fixture(scope="module")
def panning(tmp_path_factory):
    """A guide video of 20 frames at 10/s in which the picture shifts 3 pixels a frame and something crosses it."""
    path = tmp_path_factory.mktemp("guide") / "pan.mkv"
    still = cv2.resize(np.random.default_rng(1).integers(0, 255, (40, 60, 3), np.uint8), (480, 320))
    still = cv2.GaussianBlur(still, (0, 0), 1.5)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 192, 128, "bgr0"
        for k in range(20):
            shown = still[40:168, 60 + 3 * k : 252 + 3 * k].copy()
            shown[40:60, 8 * k : 8 * k + 16] = 255
            for packet in stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def test_a_guide_video_keeps_its_speed_at_another_rate(panning):
    same = list(video.frames_at_rate(panning, 20, 10.0, 192, 128))
    twice = list(video.frames_at_rate(panning, 40, 20.0, 192, 128))
    half = list(video.frames_at_rate(panning, 10, 5.0, 192, 128))
    assert all(np.array_equal(twice[2 * k], same[k]) for k in range(20))
    assert all(np.array_equal(half[k], same[2 * k]) for k in range(10))
    assert next(video.frames_at_rate(panning, 1, 10.0, 48, 32)).shape == (32, 48, 3)


def test_a_settings_files_video_is_taken_by_the_numbers_of_its_frames(panning):
    every = list(video.frames_at_rate(panning, 20, 10.0, 192, 128))
    third = list(video.frames_by_number(panning, 5, 4, 3, 192, 128))
    assert all(np.array_equal(third[k], every[4 + 3 * k]) for k in range(5))
    with pytest.raises(BadInput, match=r"has 6 of the 7 frames that this job needs \(from 4, every 3\)"):
        list(video.frames_by_number(panning, 7, 4, 3, 192, 128))


def test_a_guide_video_that_is_too_short_missing_or_broken_says_so(panning, tmp_path):
    with pytest.raises(BadInput, match=r"lasts 2\.00 s; this job needs 3\.00 s"):
        list(video.frames_at_rate(panning, 30, 10.0, 96, 64))
    with pytest.raises(BadInput, match="is not there"):
        list(video.frames_at_rate(tmp_path / "no.mp4", 1, 10.0, 96, 64))
    (tmp_path / "broken.mp4").write_bytes(b"this is not a video" * 100)
    with pytest.raises(BadInput, match="cannot be decoded"):
        list(video.frames_at_rate(tmp_path / "broken.mp4", 1, 10.0, 96, 64))


@pytest.mark.parametrize("kind", ["Perspective", "Affine"])
def test_global_motion_ignores_what_moves_on_its_own_and_is_the_same_again(panning, kind):
    before, after = list(video.frames_at_rate(panning, 6, 10.0, 192, 128))[4:6]
    flow = optical_flow.motion(before, after, kind)
    assert (flow[0, 8:-8, 8:-8] - torch.tensor([3.0, 0.0])).abs().max() < 0.3
    assert torch.equal(flow, optical_flow.motion(before, after, kind))


def test_optical_flow_looks_back_to_where_things_were(panning):
    before, after = list(video.frames_at_rate(panning, 6, 10.0, 192, 128))[4:6]
    flow = optical_flow.motion(before, after, "Optical Flow")
    assert (flow[0, 80:120, 16:-16] - torch.tensor([3.0, 0.0])).abs().mean() < 0.3


def test_a_guide_without_features_moves_nothing():
    flat = np.full((64, 96, 3), 90, np.uint8)
    assert not optical_flow.motion(flat, flat, "Perspective").any()


def test_a_guide_is_mixed_in_where_its_mask_is_dark():
    picture, there = random_picture(1), random_picture(2)
    assert torch.equal(hybrid_composite.composite(picture, there, 0.0), picture)
    assert torch.allclose(hybrid_composite.composite(picture, there, 1.0), there)
    white = torch.zeros(1, 1, 48, 64)
    white[..., 32:] = 1
    mixed = hybrid_composite.composite(picture, there, 1.0, white)
    assert torch.equal(mixed[..., 32:], picture[..., 32:])
    assert torch.allclose(mixed[..., :32], there[..., :32])


def test_hybrid_masks_are_drawn_as_the_field_draws_them():
    picture, there = random_picture(1), random_picture(2)
    grey = color_match.gray(picture)[:, :1]
    assert torch.allclose(hybrid_composite.blend_mask(picture, there, 0.0), grey)
    assert torch.allclose(hybrid_composite.blend_mask(picture, there, 1.0), color_match.gray(there)[:, :1])
    assert hybrid_composite.difference_mask(picture, picture).max() == 0
    white = hybrid_composite.difference_mask(picture, there)
    wide = hybrid_composite.adjust(white, hybrid_composite.Adjustment(stretched=True, low=10, high=90))
    assert wide.min() == 0 and wide.max() == 1
    assert (wide == 0).float().mean() == pytest.approx(0.1, abs=0.01)
    even = hybrid_composite.adjust(white, hybrid_composite.Adjustment(equalize="Before"))
    assert even.flatten().sort().values.diff().std() < 1e-4
    hard = hybrid_composite.adjust(white, hybrid_composite.Adjustment(contrast=1.5))
    assert hard.std() > 1.2 * white.std() and hard.mean() == pytest.approx(white.mean().item(), abs=0.02)
    assert torch.allclose(hybrid_composite.adjust(white, hybrid_composite.Adjustment(inverse=True)), 1 - white)


def test_every_frame_is_made_at_every_cadence_and_the_last_is_a_key():
    for step in (1, 2, 3, 5, 7):
        keys = cadence.keys(120, step)
        assert keys[0] == 0 and keys[-1] == 119
        assert max(b - a for a, b in zip(keys, keys[1:], strict=False)) <= step
    assert cadence.keys(1, 4) == [0]
    assert cadence.keys(10, 5, [3]) == [0, 2, 3, 5, 9]


def test_between_keys_content_is_where_the_camera_is():
    """The wall is drawn from one key; the frame between must agree with a picture drawn at that very frame."""
    poses = [scenes.pose((0.35 * k, 0.05 * k, 0.2 * k), (0, -0.4 * k, 0)) for k in range(6)]
    made = scenes.shot(poses, [scenes.intrinsics(128, 80)] * 6, 128, 80)
    places = warp.positions(80, 128, torch.zeros(1)).permute(2, 0, 1)[None]  # each pixel holds its own place
    keyed = {k: warp.warp(places, scene_motion.motion(made, k, 0).flow) for k in (0, 5)}
    for k in (1, 2, 3, 4):
        into, back = scene_motion.motion(made, k, 0), scene_motion.motion(made, k, 5)
        moved = warp.warp(keyed[0], into.flow), warp.warp(keyed[5], back.flow)
        found = cadence.blend(*moved, into, back, k / 5)
        error = (found - warp.warp(places, into.flow)).norm(dim=1)
        inner = ~(into.revealed | back.revealed)
        inner[:, :, :3] = inner[:, :, -3:] = False
        assert inner.float().mean() > 0.4
        assert error[inner].quantile(0.99) <= 0.5


def test_what_only_one_key_shows_comes_from_that_key():
    red, blue = torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 4)
    red[:, 0], blue[:, 2] = 1, 1
    still = torch.zeros(1, 4, 4, 2)
    hidden = torch.zeros(1, 4, 4, dtype=torch.bool)
    hidden[:, :2] = True
    seen = torch.zeros_like(hidden)
    made = cadence.blend(red, blue, scene_motion.Motion(still, hidden), scene_motion.Motion(still, seen), 0.25)
    assert (made[0, 2, :2] == 1).all() and (made[0, 0, :2] == 0).all()
    assert torch.allclose(made[0, 0, 2:], torch.tensor(0.75))
