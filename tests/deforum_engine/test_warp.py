"""The warp moves a picture as the scene does (metric), or exactly as other people's Deforum does (legacy)."""

import cv2
import deforum_scenes as scenes
import numpy as np
import pytest
import torch
from motion_bridge.engines.deforum.loop import scene_motion, warp, webui_motion
from motion_bridge.engines.deforum.loop.webui_motion import Step2D, Step3D
from motion_bridge.errors import BadInput
from motion_bridge.geometry.camera import pixel_centers
from motion_bridge.shot import Camera, Objects, Shot

WIDTH, HEIGHT = 160, 96


@pytest.fixture(scope="module")
def moving():
    """All six degrees of freedom, a lens that zooms and shifts, a sky, and a ball on its own path."""
    steps = np.arange(4)
    poses = [scenes.pose((0.3 * k, -0.1 * k, 0.4 * k), (1.0 * k, -2.0 * k, 1.5 * k)) for k in steps]
    lenses = [scenes.intrinsics(WIDTH, HEIGHT, 0.9 + 0.05 * k, (0.02 * k, 0.0)) for k in steps]
    centers = np.array([[-1.5 + 0.9 * k, 0.3, 5.0] for k in steps])
    return scenes.shot(poses, lenses, WIDTH, HEIGHT, centers)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_metric_flow_is_a_pinholes_within_a_fiftieth_of_a_pixel(moving, k):
    found = scene_motion.motion(moving, k, k - 1)
    expected = scenes.where_it_was(moving, k) - pixel_centers(WIDTH, HEIGHT)
    assert np.abs(expected).max() > 3
    assert np.abs(found.flow[0].numpy() - expected).max() <= 0.02


def test_motion_is_known_from_any_frame_to_any_other(moving):
    ahead = scene_motion.motion(moving, 1, 3)
    there_and_back = warp.chain(ahead.flow, scene_motion.motion(moving, 3, 1).flow)
    assert ahead.flow.abs().max() > 5
    assert there_and_back.norm(dim=-1)[~ahead.revealed].median() < 0.01


def test_the_wall_behind_a_moving_ball_is_revealed_and_the_ball_is_not(moving):
    found = scene_motion.motion(moving, 2, 2 - 1)
    was = scenes.where_it_was(moving, 2)
    inside = ((was > 1) & (was < (WIDTH - 1, HEIGHT - 1))).all(-1)
    then = moving.objects.index[1]
    x, y = np.clip(was.astype(int), 0, (WIDTH - 1, HEIGHT - 1)).transpose(2, 0, 1)
    inner = {thing: cv2.erode((then == thing).astype(np.uint8), np.ones((3, 3)))[y, x] == 1 for thing in (1, 2)}
    now = moving.objects.index[2]
    uncovered, ball, wall = (inside & (now == a) & inner[b] for a, b in ((1, 2), (2, 2), (1, 1)))
    revealed = found.revealed[0].numpy()
    assert min(uncovered.sum(), ball.sum(), wall.sum()) > 20
    assert revealed[uncovered].all()
    assert revealed[wall].mean() < 0.001
    assert revealed[ball].mean() < 0.05  # its rim turns into view
    assert revealed[((was < -0.01) | (was > (WIDTH + 0.01, HEIGHT + 0.01))).any(-1)].all()


def test_an_orthographic_camera_slides_without_parallax():
    count = 2
    camera = Camera(
        np.stack([scenes.pose(), scenes.pose((0.5, 0.25, 1.0))]),
        np.broadcast_to(np.array([[20.0, 0, 40], [0, 20.0, 24], [0, 0, 1]]), (count, 3, 3)).copy(),
        np.ones(count, bool),
    )
    depth = np.random.default_rng(0).uniform(3, 9, (count, 48, 80)).astype(np.float32)
    depth[:, :10] = np.inf
    made = Shot((1, 2), 24.0, 80, 48, camera, scenes.picture(80, 48), depth=depth)
    flow = scene_motion.motion(made, 1, 0).flow[0].numpy()
    assert np.abs(flow - (10.0, 5.0)).max() < 1e-3


def test_a_cut_reveals_everything(moving):
    cut = Shot(**{**vars(moving), "cuts": (3,)})
    assert scene_motion.motion(cut, 2, 1).revealed.all()
    assert not scene_motion.motion(cut, 2, 1).flow.any()


def test_a_shot_without_geometry_moves_by_its_dense_flow_and_says_so_when_that_is_missing_too(moving):
    flow = np.random.default_rng(1).normal(size=(4, HEIGHT, WIDTH, 2)).astype(np.float32)
    given = Shot(**{**vars(moving), "depth": None, "flow": flow})
    assert np.array_equal(scene_motion.motion(given, 3, 2).flow[0].numpy(), flow[3])
    with pytest.raises(BadInput, match="has no depth"):
        scene_motion.motion(Shot(**{**vars(moving), "depth": None}), 1, 0)


def identities():
    still = scenes.shot([scenes.pose((1, 2, 3), (10, 20, 30))] * 2, [scenes.intrinsics(64, 48)] * 2, 64, 48)
    like = torch.zeros(1, 48, 64)
    return {
        "metric": scene_motion.motion(still, 1, 0).flow,
        "3D": webui_motion.flow_3d(Step3D(), 1 + torch.rand(1, 48, 64)),
        "2D": webui_motion.flow_of(webui_motion.matrix_2d(Step2D(), 64, 48), like),
        "flip": webui_motion.flow_of(webui_motion.matrix_flip(0, 0, 0, 53, 64, 48), like),
    }


@pytest.mark.parametrize("kind", ["metric", "3D", "2D", "flip"])
@pytest.mark.parametrize("padding", warp.PADDINGS)
def test_a_hundred_warps_that_stand_still_change_nothing_at_all(kind, padding):
    flow = identities()[kind]
    picture = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(3))
    result = picture
    for _ in range(100):
        result = warp.warp(result, flow, padding)
    assert (result - picture).abs().max() == 0


def test_whole_pixels_move_whole_pictures():
    picture = torch.rand(2, 3, 20, 30, generator=torch.Generator().manual_seed(1))
    flow = torch.zeros(1, 20, 30, 2) + torch.tensor([4.0, -2.0])
    assert torch.allclose(warp.warp(picture, flow)[:, :, 4:, :-4], picture[:, :, 2:-2, 4:], atol=2e-5)
    assert torch.allclose(warp.warp(picture, flow, "wrap"), picture.roll((2, -4), (2, 3)), atol=2e-5)
    assert warp.warp(picture, flow, "zeros")[:, :, :1].abs().max() < 1e-5
    assert torch.allclose(warp.warp(picture, flow, "reflection")[:, :, 0, :-4], picture[:, :, 1, 4:], atol=2e-5)


def test_a_gray_picture_is_warped_as_one_channel_of_a_colored_one():
    color = torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(1))
    flow = 3 * torch.randn(1, 20, 30, 2, generator=torch.Generator().manual_seed(2))
    assert torch.allclose(warp.warp(color[:, :1], flow), warp.warp(color, flow)[:, :1], atol=1e-5)


def test_a_batch_is_warped_as_its_pictures_are():
    pictures = torch.rand(3, 3, 24, 32, generator=torch.Generator().manual_seed(1))
    flow = 3 * torch.randn(3, 24, 32, 2, generator=torch.Generator().manual_seed(2))
    together = warp.warp(pictures, flow)
    for at in range(3):
        assert torch.equal(together[at : at + 1], warp.warp(pictures[at : at + 1], flow[at : at + 1]))


def closed_form(step, z):
    """The specification's formulas in float64, one point at a time: what the webui's 3D warp adds to a coordinate."""
    height, width = z.shape
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    a, b, c = np.radians(step.rotation)
    turn_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    turn_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    turn_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    tx, ty, tz = step.translation
    moved = np.stack([x, y, z], -1) @ (turn_x @ turn_y @ turn_z) + np.array([-tx, ty, -tz]) / 200
    tan = np.tan(np.radians(step.fov) / 2)
    du = moved[..., 0] / (step.aspect * tan * moved[..., 2]) - x / (step.aspect * tan * z)
    dv = moved[..., 1] / (tan * moved[..., 2]) - y / (tan * z)
    return -np.stack([du * width / 2, dv * height / 2], -1)


@pytest.mark.parametrize("seed", range(6))
def test_the_legacy_3d_warp_is_the_closed_form(seed):
    rng = np.random.default_rng(seed)
    step = Step3D(
        tuple(rng.uniform(-30, 30, 3)), tuple(rng.uniform(-5, 5, 3)), rng.uniform(35, 100), rng.uniform(0.5, 2)
    )
    z = rng.uniform(1, 2, (480, 832))
    found = webui_motion.flow_3d(step, torch.tensor(z, dtype=torch.float32)[None])[0].numpy()
    assert np.abs(found).max() > 5
    assert np.abs(found - closed_form(step, z)).max() <= 1e-3


def test_positive_values_move_the_camera_right_up_forward_and_turn_it_up_right_and_clockwise():
    z = torch.ones(1, 101, 101)
    right = (10, 90)

    def at(place, **values):
        return webui_motion.flow_3d(Step3D(**values), z)[0, place[0], place[1]]

    middle = (50, 50)
    assert at(middle, translation=(10, 0, 0))[0] > 0
    assert at(middle, translation=(0, 10, 0))[1] < 0
    assert at(right, translation=(0, 0, 10))[0] < 0 < at(right, translation=(0, 0, 10))[1]
    assert at(middle, rotation=(3, 0, 0))[1] < 0
    assert at(middle, rotation=(0, 3, 0))[0] > 0
    assert at((50, 90), rotation=(0, 0, 3))[1] > 0 > at((50, 10), rotation=(0, 0, 3))[1]


def test_equalised_depth_is_the_rank_of_a_depth():
    depth = torch.linspace(0, 1, 4096).pow(3).view(1, 64, 64)
    z = webui_motion.equalize(depth, "midas")
    assert torch.allclose(2 - z.flatten(), torch.linspace(0, 1, 4096), atol=0.12)
    assert (z.flatten().diff() <= 0).all()
    assert torch.allclose(webui_motion.equalize(depth, "depth-anything"), z + 0.3)
    assert torch.allclose(webui_motion.equalize(depth, "metric"), 3 - z)
    assert (webui_motion.equalize(torch.full((2, 4, 4), 7.0), "midas") == 1).all()


def test_equalisation_agrees_with_numpys_histogram(rng):
    depth = rng.gamma(2.0, 1.0, (1, 60, 80)).astype(np.float32)
    share = (depth - depth.min()) / (depth.max() - depth.min())
    count, edges = np.histogram(share, 1024, (0, 1))
    expected = 2 - np.interp(share, edges[:-1], np.cumsum(count) / share.size)
    assert np.abs(webui_motion.equalize(torch.tensor(depth), "midas").numpy() - expected).max() < 1e-3


def test_classic_z_is_a_fixed_line():
    assert torch.allclose(
        webui_motion.classic_z(torch.tensor([0.0, 12.0, 31.0])), torch.tensor([50.0, 38.0, 19.0]) / 19
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_2d_warp_is_opencvs_matrices(seed):
    rng = np.random.default_rng(seed)
    tx, ty, angle, zoom = *rng.uniform(-20, 20, 2), rng.uniform(-30, 30), rng.uniform(0.8, 1.3)
    turn = np.vstack([cv2.getRotationMatrix2D((64.0, 40.0), angle, zoom), [0, 0, 1]])
    expected = turn @ np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    assert np.allclose(webui_motion.matrix_2d(Step2D((tx, ty), angle, zoom), 128, 80), expected)


def test_the_2d_warp_moves_content_right_down_and_counter_clockwise():
    picture = torch.zeros(1, 1, 41, 41)
    picture[..., 20, 30] = 1  # right of the middle

    def peak(step):
        flow = webui_motion.flow_of(webui_motion.matrix_2d(step, 41, 41), picture)
        return divmod(int(warp.warp(picture, flow, "zeros").argmax()), 41)

    assert peak(Step2D(translation=(5, 3))) == (23, 35)
    assert peak(Step2D(angle=90))[0] < 20


@pytest.mark.parametrize("angles", [(0, 0, 0), (10, 0, 0), (0, 20, 0), (0, 0, 15), (12, -8, 25)])
def test_the_perspective_flip_is_the_webuis_card(angles):
    theta, phi, gamma = angles
    width, height, fv = 96, 64, 53.0
    half, diagonal = np.radians(fv / 2), np.hypot(width, height)
    side, distance = diagonal / np.cos(half), diagonal / (2 * np.sin(half))
    a, b, c = np.radians([phi, gamma, theta])
    turn = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    turn = turn @ np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    turn = turn @ np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    corners = np.array([[0, height], [width, height], [width, 0], [0, 0]], np.float32)
    card = np.c_[corners - (width / 2, height / 2), np.zeros(4)] @ turn.T
    seen = card[:, :2] / np.tan(half) / (distance - card[:, 2:])
    onto = cv2.getPerspectiveTransform(corners, ((seen + 1) * side / 2).astype(np.float32))
    expected = onto @ np.array([[1, 0, (width - side) / 2], [0, 1, (height - side) / 2], [0, 0, 1]])
    found = webui_motion.matrix_flip(theta, phi, gamma, fv, width, height)
    assert np.abs(found - expected / expected[2, 2]).max() < 1e-3


def test_two_steps_chained_are_the_motion_of_both(moving):
    both = warp.chain(scene_motion.motion(moving, 2, 2 - 1).flow, scene_motion.motion(moving, 1, 1 - 1).flow)
    smooth = ~(scene_motion.motion(moving, 2, 2 - 1).revealed | scene_motion.motion(moving, 1, 1 - 1).revealed)
    skip = Shot(
        **{
            **vars(moving),
            "frames": (1, 3),
            "depth": moving.depth[[0, 2]],
            "camera": Camera(*(vars(moving.camera)[name][[0, 2]] for name in ("pose", "intrinsics", "orthographic"))),
            "objects": Objects(moving.objects.index[[0, 2]], moving.objects.pose[:, [0, 2]], moving.objects.name),
        }
    )
    error = (both - scene_motion.motion(skip, 1, 0).flow).norm(dim=-1)[smooth]
    assert error.median() < 0.05


def test_a_smooth_flow_can_be_turned_round():
    flow = webui_motion.flow_3d(Step3D((8, 3, 5), (1, -2, 3)), torch.ones(1, 60, 90))
    there_and_back = warp.chain(flow, warp.inverse(flow))
    assert there_and_back.abs()[:, 8:-8, 8:-8].max() < 0.02


@pytest.mark.skipif(not warp.EXACT_REMAP, reason="OpenCV 4 rounds places to 1/32 pixel, so it is not used")
@pytest.mark.parametrize("padding", warp.PADDINGS)
@pytest.mark.parametrize("kernel", ["bicubic", "bilinear"])
def test_the_fast_sampler_and_torchs_take_the_same_picture(padding, kernel):
    generator = torch.Generator().manual_seed(5)
    picture = torch.rand(2, 3, 40, 56, generator=generator)
    at = warp.positions(40, 56, picture) + 9 * torch.randn(2, 40, 56, 2, generator=generator)
    fast, slow = warp.remap(picture, at, padding, kernel), warp.grid_sample(picture, at, padding, kernel)
    assert (fast - slow).abs().max() < 1e-4
