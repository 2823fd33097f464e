"""SANA-WM: the exact camera, frame for frame, becomes the tensors that follow from it by hand."""

from dataclasses import replace

import numpy as np
import pytest
from diffusers.pipelines.sana_wm.cam_utils import prepare_camera
from motion_bridge.camera_formats.path import rotation
from motion_bridge.engines.video import camera_path, clip_plan
from motion_bridge.errors import BadInput
from motion_bridge.model_registry.video_registry import FAMILIES
from motion_bridge.shot import Camera

SANA = FAMILIES["sana-wm"]
WIDTH, HEIGHT = 96, 64
CELLS = 2, 3  # rows and columns of cells of 32 pixels


def camera_of(shot, width=WIDTH, height=HEIGHT):
    plan = clip_plan.plan([number - shot.frames[0] for number in shot.frames], shot.fps, SANA)
    return camera_path.of_clip(shot, plan, plan.clips[0], width, height)


def tensors(path):
    lens = path.intrinsics[:, (0, 1, 0, 1), (0, 1, 2, 2)]
    made = prepare_camera(
        path.pose.astype(np.float32),
        lens.astype(np.float32),
        target_size=(path.height, path.width),
        vae_stride=(8, 32, 32),
    )
    return made["raymap"].numpy(), made["chunk_plucker"].numpy()


def by_hand(shot, count):
    """The same from the Shot at 16 frames a second: a pose and lens for each latent, and chunks of eight frames."""
    relative = np.linalg.inv(shot.camera.pose[0]) @ shot.camera.pose[:count]
    scale = np.array([1 / 32, 1 / 32])
    lens = shot.camera.intrinsics[:count]
    cells = np.stack([lens[:, 0, 0], lens[:, 1, 1], lens[:, 0, 2], lens[:, 1, 2]], -1) * np.tile(scale, 2)
    raymap = np.concatenate([relative[::8].reshape(-1, 16), cells[::8]], -1)
    y, x = np.meshgrid(np.arange(CELLS[0]), np.arange(CELLS[1]), indexing="ij")
    rays = []
    for pose, (fx, fy, cx, cy) in zip(relative, cells, strict=True):
        ray = np.stack([(x - cx) / fx, (y - cy) / fy, np.ones(CELLS)], -1) @ pose[:3, :3].T
        ray /= np.linalg.norm(ray, axis=-1, keepdims=True)
        moment = np.cross(np.broadcast_to(pose[:3, 3], ray.shape), ray)
        rays.append(np.concatenate([ray, moment], -1))
    chunks = [rays[0:8], *(rays[1 + 8 * k : 9 + 8 * k] for k in range((count - 1) // 8))]
    return raymap, np.stack([np.concatenate(chunk, -1) for chunk in chunks])


@pytest.fixture
def shot(short_film):
    """17 frames at 16 a second of a camera that moves, turns and zooms."""
    source = short_film.shot
    t = np.linspace(0, 1, 17)
    pose = np.tile(np.eye(4), (17, 1, 1))
    pose[:, :3, :3] = rotation(np.stack([0.2 * t, 0.5 * t, 0.1 * np.sin(4 * t)], -1))
    pose[:, :3, 3] = np.stack([2 * t + 7, -0.3 * t, 1.5 * t * t], -1)
    lens = np.tile(np.array([[80.0, 0, 50], [0, 82, 30], [0, 0, 1]]), (17, 1, 1))
    lens[:, 0, 0] += 30 * t
    lens[:, 1, 1] += 30 * t
    return replace(
        source,
        frames=tuple(range(1, 18)),
        fps=16.0,
        camera=Camera(pose, lens, np.zeros(17, bool)),
        depth=None,
        objects=None,
    )


def test_the_models_tensors_are_those_computed_from_the_shot_by_hand(shot):
    raymap, plucker = tensors(camera_of(shot))
    expected_raymap, expected_plucker = by_hand(shot, 17)
    np.testing.assert_allclose(raymap, expected_raymap, atol=1e-6, rtol=1e-6)
    expected = expected_plucker.transpose(3, 0, 1, 2)
    np.testing.assert_allclose(plucker, expected, atol=1e-6)


def test_another_world_frame_gives_the_same_tensors(shot):
    world = np.eye(4)
    world[:3, :3], world[:3, 3] = rotation(np.array([0.4, -1.0, 0.3])), (30, -20, 5)
    other = replace(shot, camera=replace(shot.camera, pose=world @ shot.camera.pose))
    for one, two in zip(tensors(camera_of(shot)), tensors(camera_of(other)), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)


def test_a_mirrored_camera_gives_others(shot):
    flip = np.diag([-1.0, 1, 1, 1])
    other = replace(shot, camera=replace(shot.camera, pose=flip @ shot.camera.pose @ flip))
    assert np.abs(tensors(camera_of(shot))[1] - tensors(camera_of(other))[1]).max() > 0.1


def test_a_locked_camera_is_exactly_still(shot):
    noisy = np.repeat(shot.camera.pose[5:6], 17, 0)
    noisy[:, :3, 3] += np.random.default_rng(0).normal(0, 1e-8, (17, 3))
    path = camera_of(replace(shot, camera=replace(shot.camera, pose=noisy)))
    assert (path.pose == np.eye(4)).all()


def test_the_lens_follows_to_the_models_size(shot):
    path = camera_of(shot, 192, 64)
    np.testing.assert_allclose(path.intrinsics[:, 0], shot.camera.intrinsics[:, 0] * 2)
    np.testing.assert_allclose(path.intrinsics[:, 1], shot.camera.intrinsics[:, 1])


def test_at_another_rate_the_camera_stands_where_it_does_at_that_time(shot):
    """Every third frame at 24 a second is every second one at 16; a turn around one axis is exact between frames."""
    fast = replace(shot, fps=24.0)
    path = camera_of(fast)
    relative = np.linalg.inv(shot.camera.pose[0]) @ shot.camera.pose
    np.testing.assert_allclose(path.pose[[0, 2, 4]], relative[[0, 3, 6]], atol=1e-9)
    np.testing.assert_allclose(path.pose[1, :3, 3], (relative[1, :3, 3] + relative[2, :3, 3]) / 2, atol=1e-9)


@pytest.mark.parametrize("fault", ["orthographic", "sheared", "mirrored"])
def test_a_camera_that_no_pinhole_describes_is_refused(shot, fault):
    camera = shot.camera
    lens = camera.intrinsics.copy()
    if fault == "orthographic":
        camera = replace(camera, orthographic=np.ones(17, bool))
    elif fault == "sheared":
        lens[:, 0, 1] = 3
    else:
        lens[:, 0, 0] *= -1
    with pytest.raises(BadInput, match=fault):
        camera_of(replace(shot, camera=replace(camera, intrinsics=lens)))


def test_a_shot_without_any_depth_becomes_frames_when_nothing_has_to_be_moved(render, model_of, shot):
    made = render(shot, model=str(model_of("sana-wm")), resampling="nearest")
    assert sorted(made.frames) == list(range(17))
    assert any("the camera alone" in sentence for sentence in made.notices)


def test_the_camera_changes_what_is_drawn(render, model_of, shot):
    first = render(shot, model=str(model_of("sana-wm")), resampling="nearest").frames[16].pixels.astype(int)
    still = replace(shot, camera=replace(shot.camera, pose=np.repeat(shot.camera.pose[:1], 17, 0)))
    other = render(still, model=str(model_of("sana-wm")), resampling="nearest").frames[16].pixels
    assert np.abs(first - other).max() > 2


def test_a_size_between_the_models_cells_is_refused(render, model_of, shot):
    with pytest.raises(BadInput, match="multiples of 32"):
        render(shot, model=str(model_of("sana-wm")), size="112x64")
