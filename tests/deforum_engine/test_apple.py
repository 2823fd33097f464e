"""Apple's GPUs: the engines use nothing that torch lacks there, and memory is counted as those machines have it."""

import apple_gpu as apple
import deforum_scenes as scenes
import numpy as np
import pytest
import tiny_diffusion as tiny
import torch
from apple_gpu import LacksWhatAppleLacks
from disk import Disk
from motion_bridge.engines.deforum.engine import engine
from motion_bridge.engines.deforum.loop import color_match, sharpen_and_noise, warp, warped_noise, webui_motion
from motion_bridge.takes.frame import Frame
from torch.nn import functional

WIDTH, HEIGHT, COUNT = 64, 64, 3


@pytest.fixture(autouse=True)
def on_the_device(monkeypatch):
    """Pictures are warped as on a device, not by OpenCV, and by what Apple's know."""
    monkeypatch.setattr(warp, "EXACT_REMAP", False)
    monkeypatch.setattr(warp, "knows_all_grids", lambda device: False)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made = {}

    def get(family):
        if family not in made:
            made[family] = str(tiny.save(family, tmp_path_factory.mktemp(family)))
        return made[family]

    return get


def travelling(model, schedules=None, **settings):
    poses = [scenes.pose((0.2 * k, 0.02 * k, 0.15 * k), (0, -0.5 * k, 0.4 * k)) for k in range(COUNT)]
    lenses = [scenes.intrinsics(WIDTH, HEIGHT)] * COUNT
    return scenes.shot(
        poses,
        lenses,
        WIDTH,
        HEIGHT,
        np.array([[-1.0 + 0.3 * k, 0.3, 5.0] for k in range(COUNT)]),
        schedules={"steps_schedule": "0:(2)", **(schedules or {})},
        settings={"model": model, "device": "cpu", **settings},
        seed=11,
    )


@pytest.mark.parametrize(
    "family", ["sd", *(pytest.param(each, marks=pytest.mark.slow) for each in ("flux", "flux2-klein"))]
)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"color_coherence": "HSV", "noise_type": "perlin", "sampling": "bicubic", "padding": "reflection"},
        {"color_coherence": "RGB", "noise_type": "moving", "padding": "wrap", "cadence": 2},
        {"feedback": "latent", "noise_type": "moving"},
        {"motion": "3D", "sampling": "bicubic", "noise_type": "gaussian"},
        {"motion": "2D", "sampling": "nearest", "padding": "zeros", "perspective_flip": True},
    ],
)
def test_the_deforum_engine_uses_nothing_that_apple_lacks(folders, family, settings):
    schedules = {"translation_z": "0:(4)", "rotation_3d_y": "0:(0.5)", "perspective_flip_theta": "0:(3)"}
    with LacksWhatAppleLacks():
        made = list(engine.frames(travelling(folders(family), schedules, **settings), Disk(), list))
    assert [each.index for each in made if isinstance(each, Frame)] == list(range(COUNT))


def test_the_mode_refuses_what_apple_refuses():
    picture, place = torch.rand(1, 3, 8, 8), torch.rand(1, 8, 8, 2)
    with LacksWhatAppleLacks():
        with pytest.raises(TypeError, match="float64"):
            picture.double()
        with pytest.raises(TypeError, match="float64"):
            torch.zeros(3, dtype=torch.float64)
        with pytest.raises(RuntimeError, match="Border"):
            functional.grid_sample(picture, place, padding_mode="border", align_corners=False)
        with pytest.raises(NotImplementedError, match="MPS"):
            torch.linalg.eigvals(torch.eye(3))
        assert torch.from_numpy(np.zeros(3)).to(dtype=torch.float32).dtype == torch.float32
    assert "grid_sampler_2d" not in apple.lacking()


@pytest.mark.parametrize("padding", ["border", "reflection", "zeros", "wrap"])
@pytest.mark.parametrize("kernel", ["bicubic", "bilinear", "nearest"])
def test_taps_are_what_torch_samples_elsewhere(monkeypatch, kernel, padding):
    random = torch.Generator().manual_seed(3)
    picture = torch.rand(2, 5, 13, 17, generator=random)
    place = torch.rand(2, 9, 11, 2, generator=random) * 60 - 20 + 0.003
    ours = warp.grid_sample(picture, place, padding, kernel)
    monkeypatch.setattr(warp, "knows_all_grids", lambda device: True)
    assert torch.allclose(ours, warp.grid_sample(picture, place, padding, kernel), atol=2e-5)


def test_steps_of_the_loop_run_by_themselves():
    random = torch.Generator().manual_seed(3)
    picture, other = (torch.rand(1, 3, 16, 24, generator=random) for _ in range(2))
    with LacksWhatAppleLacks():
        for space in color_match.SPACES:
            color_match.match(picture, other, space)
        color_match.match_statistics(picture, other)
        for kind in webui_motion.LIFT:
            webui_motion.equalize(picture[:, 0], kind)
        sharpen_and_noise.match_detail(sharpen_and_noise.unsharp(picture, 0.5), other, 1.0, together=False)
        sharpen_and_noise.perlin(picture, 3)
        warped_noise.noise(warped_noise.addresses(16, 24, 0), 5, 1)
