"""The quick way makes the frames of the engine, one callback each, and hands out work without waiting for it."""

import deforum_scenes as scenes
import numpy as np
import pytest
import tiny_diffusion as tiny
import torch
from disk import Disk
from motion_bridge.engines.base import frames_alone, settings
from motion_bridge.engines.deforum.engine import engine
from motion_bridge.engines.deforum.loop import preview
from motion_bridge.errors import BackendFailed, BadInput
from motion_bridge.models import compiled, cuda_stream
from motion_bridge.models.image_model import Conditioning, NoiseSeed, image_to_image
from motion_bridge.models.load import load

WIDTH, HEIGHT, COUNT = 72, 64, 4


@pytest.fixture(scope="module")
def klein(tmp_path_factory):
    return str(tiny.save("flux2-klein", tmp_path_factory.mktemp("klein")))


@pytest.fixture
def shot_of(klein):
    def make(schedules=None, cuts=(), **asked):
        return scenes.shot(
            [scenes.pose((0.2 * k, 0, 0.1 * k), (0, 0, 0)) for k in range(COUNT)],
            [scenes.intrinsics(WIDTH, HEIGHT)] * COUNT,
            WIDTH,
            HEIGHT,
            np.array([[-1.0, 0.3, 5.0]] * COUNT),
            prompts={1: "red hills", 3: "blue"},
            schedules={"steps_schedule": "0:(2)", "noise_schedule": "0:(0.1)", **(schedules or {})},
            settings={"model": klein, "device": "cpu", **asked},
            cuts=cuts,
            seed=11,
        )

    return make


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked",
    [
        {"cuts": (3,), "reference": "first"},
        {
            "motion": "2D",
            "noise_type": "gaussian",
            "color_force_grayscale": True,
            "schedules": {"zoom": "0:(1.05)"},
        },
        {"motion": "3D", "depth_model": "scene"},
        {"mode": "interpolation"},
    ],
)
def test_it_shows_what_the_engine_makes_byte_for_byte(shot_of, asked):
    shot = shot_of(**asked, feedback="latent")
    expected = list(frames_alone(engine.frames(shot, Disk(), list)))
    shown = {}
    preview.stream(shot, settings(engine, shot), lambda index, pixels: shown.update({index: pixels}))
    assert list(shown) == list(range(COUNT))
    for frame in expected:
        assert shown[frame.index].dtype == np.uint8
        assert np.array_equal(frame.pixels, shown[frame.index]), f"frame {frame.index}"


def test_a_frame_is_fetched_only_after_the_next_one_is_under_way(shot_of, monkeypatch):
    happened = []

    def watched(name, word):
        real = getattr(preview, name)
        monkeypatch.setattr(preview, name, lambda *given: happened.append(f"{word} {given[1].frame}") or real(*given))

    watched("generate_frame", "denoise")
    watched("finished", "fetch")
    shot = shot_of()
    list(preview.frames(shot, settings(engine, shot)))
    assert happened == ["denoise 0", "denoise 1", "fetch 0", "denoise 2", "fetch 1", "denoise 3", "fetch 2", "fetch 3"]


def test_frames_come_while_others_are_still_to_be_made(shot_of):
    shot = shot_of()
    frames = frames_alone(preview.frames(shot, settings(engine, shot)))
    assert next(frames).index == 0


def test_a_frame_that_is_no_picture_fails_with_its_number(shot_of, monkeypatch):
    real, calls = preview.Unwatched.img2img, []

    def broken(self, *given):
        calls.append(1)
        made = real(self, *given)
        return made * float("nan") if len(calls) == 3 else made

    monkeypatch.setattr(preview.Unwatched, "img2img", broken)
    shot = shot_of()
    frames = frames_alone(preview.frames(shot, settings(engine, shot)))
    assert [next(frames).index, next(frames).index] == [0, 1]
    with pytest.raises(
        BackendFailed, match=r"Frame 3 failed\. The image model answered with values that are not numbers"
    ):
        next(frames)


def test_a_preview_leaves_no_frame_out(shot_of):
    shot = shot_of(cadence=2)
    with pytest.raises(BadInput, match="A preview makes every frame; cadence is 2, make it 1"):
        preview.frames(shot, settings(engine, shot))


def test_on_the_processor_work_beside_is_done_at_once():
    lane = cuda_stream.CudaStream("cpu")
    started = lane.start(lambda: torch.ones(2))
    assert torch.equal(started.wait(), torch.ones(2))
    assert torch.equal(started.wait_on_device(lambda made: (made,)), torch.ones(2))
    assert torch.equal(cuda_stream.to_host(torch.ones(2)), cuda_stream.to_device(torch.ones(2), "cpu"))


@pytest.mark.slow
def test_a_compiled_model_draws_the_same(klein):
    model, picture = load(klein, "cpu"), torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))

    def made():
        return image_to_image(model, picture, 0.6, Conditioning("hills", steps=2), NoiseSeed(3))

    plain = made()
    assert "is compiled" in compiled.compile_parts(
        model, backend="eager"
    )  # traces all of it, leaves kernels as they are
    assert torch.allclose(made(), plain, atol=1e-5)


def test_a_model_whose_weights_are_widened_as_it_runs_is_not_compiled(klein):
    model = load(klein, "cpu")
    model.parts.pipeline.transformer.enable_layerwise_casting(torch.float8_e4m3fn, torch.float32)
    assert "not compiled, for its weights are widened or moved" in compiled.compile_parts(model)
