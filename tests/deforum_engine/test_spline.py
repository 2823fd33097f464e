"""The kernel of the feedback loop: it goes through the pixels, moves ramps exactly, and wears nothing out."""

import cv2
import numpy as np
import pytest
import torch
from motion_bridge.engines.deforum.loop import bspline, warp

HEIGHT, WIDTH = 48, 64


@pytest.fixture
def picture():
    return torch.rand(1, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(3))


def everywhere(x, y):
    flow = torch.zeros(1, HEIGHT, WIDTH, 2)
    flow[..., 0], flow[..., 1] = x, y
    return flow


@pytest.mark.parametrize("sampler", [bspline.on_cpu, bspline.on_device])
@pytest.mark.parametrize("padding", warp.PADDINGS)
def test_it_goes_through_the_pixels(picture, sampler, padding):
    at = warp.positions(HEIGHT, WIDTH, picture)[None] - 0.5
    assert (sampler(picture, at, padding) - picture).abs().max() < 1e-4


@pytest.mark.parametrize("padding", warp.PADDINGS)
def test_the_fast_way_and_torchs_take_the_same_picture(picture, padding):
    random = torch.Generator().manual_seed(5)
    at = warp.positions(HEIGHT, WIDTH, picture) + 9 * torch.randn(1, HEIGHT, WIDTH, 2, generator=random)
    assert (bspline.on_cpu(picture, at, padding) - bspline.on_device(picture, at, padding)).abs().max() < 1e-4


@pytest.mark.parametrize("step", [0.013, 0.27, 0.5, 0.9])
def test_a_curve_of_the_third_degree_moves_exactly_where_the_usual_bicubic_overshoots(step):
    x = torch.linspace(-1, 1, WIDTH, dtype=torch.float64)
    unit = 2 / (WIDTH - 1)

    def curve(at):
        return (0.3 + at - 0.7 * at**2 + 0.5 * at**3).float().expand(1, 3, HEIGHT, WIDTH).contiguous()

    expected = curve(x + step * unit)[..., 20:-20]
    moved = warp.warp(curve(x), everywhere(step, 0.0), kernel="spline")[..., 20:-20]
    usual = warp.warp(curve(x), everywhere(step, 0.0), kernel="bicubic")[..., 20:-20]
    assert (moved - expected).abs().max() < 1e-5
    if step in (0.013, 0.27):
        assert (usual - expected).abs().max() > 1e-4


def test_a_picture_wraps_and_mirrors_as_opencv_means_it(picture):
    pixels = picture[0].permute(1, 2, 0).numpy()
    for padding, border in (
        ("wrap", cv2.BORDER_WRAP),
        ("reflection", cv2.BORDER_REFLECT),
        ("border", cv2.BORDER_REPLICATE),
    ):
        wide = cv2.copyMakeBorder(pixels, 20, 20, 20, 20, border)
        moved = warp.warp(picture, everywhere(15.0, -7.0), padding, "spline")[0].permute(1, 2, 0).numpy()
        assert np.abs(moved - wide[13 : 13 + HEIGHT, 35 : 35 + WIDTH]).max() < 1e-3


def test_a_hundred_moves_there_and_back_wear_nothing_out():
    smooth = cv2.GaussianBlur(np.random.default_rng(1).random((HEIGHT, WIDTH, 3), np.float32), (0, 0), 2)
    start = torch.from_numpy(smooth).permute(2, 0, 1)[None]

    def after(kernel):
        moved = start
        for k in range(100):
            sign = 1 if k % 2 == 0 else -1
            moved = warp.warp(moved, everywhere(0.3 * sign, 0.2 * sign), "wrap", kernel)
        return (moved - start)[..., 12:-12, 12:-12].square().mean().sqrt() / start.std()

    assert after("spline") < 0.05
    assert after("bicubic") > 3 * after("spline")
