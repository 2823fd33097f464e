"""Wan VACE, told the warped first frame and its holes: white is made, black is kept."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from motion_bridge.engines.video.clip_inputs import ClipInputs
from motion_bridge.engines.video.pipelines import wan_vace
from motion_bridge.engines.video.pipelines.load import load
from motion_bridge.errors import BadInput, Cancelled
from motion_bridge.model_registry.video_registry import DEPTH, WARP

SETTINGS = {"device": "cpu", "lora": "", "refiner": ""}


def inputs_of(video, hole, **more):
    count, height, width = hole.shape
    start = np.full((1, height, width, 3), 9, np.uint8)
    told = ClipInputs(width, height, count, 16.0, "red", "", 3, 2, 5.0, 1.0, start, video, hole)
    return ClipInputs(**{**vars(told), **more})


@pytest.fixture(scope="module")
def adapter(model_of):
    return load({"model": str(model_of("wan-vace")), **SETTINGS})


def test_one_known_pixel_and_one_hole_land_where_the_model_expects_them(adapter):
    """Latent frame k of n reads frame int((k + .5) F / n); channel is row * 8 + column in the cell of 8 × 8 pixels."""
    hole = np.zeros((17, 64, 96), bool)
    hole[1, 8 + 3, 16 + 5] = True
    video = np.full((17, 64, 96, 3), 200, np.uint8)
    pictures, mask = wan_vace.arrays(inputs_of(video, hole), WARP)
    pipeline = adapter.pipeline
    _, prepared, references = pipeline.preprocess_conditions(pictures, mask, None, 1, 64, 96, 17, *_where())
    channels = pipeline.prepare_masks(prepared, references)[0]
    assert channels.shape == (64, 5, 8, 12)
    assert channels.sum() == 1 and channels[3 * 8 + 5, 0, 1, 2] == 1, "white is what the model makes"
    hole = ~hole
    pictures, mask = wan_vace.arrays(inputs_of(video, hole), WARP)
    _, prepared, references = pipeline.preprocess_conditions(pictures, mask, None, 1, 64, 96, 17, *_where())
    assert pipeline.prepare_masks(prepared, references)[0][3 * 8 + 5, 0, 1, 2] == 0, "black is what it keeps"
    assert set(np.unique(mask)) == {0.0, 1.0}


def test_known_pixels_reach_the_kept_stream_and_holes_the_made_one(adapter):
    """prepare_video_latents encodes video × (1 − mask) first: exactly what a hand-made one of the known half gives."""
    import torch

    rng = np.random.default_rng(1)
    video = rng.integers(0, 256, (5, 64, 96, 3), np.uint8)
    hole = np.zeros((5, 64, 96), bool)
    hole[:, :, 48:] = True
    pipeline = adapter.pipeline
    pictures, mask = wan_vace.arrays(inputs_of(video, hole), WARP)
    with torch.no_grad():
        shown, white, references = pipeline.preprocess_conditions(pictures, mask, None, 1, 64, 96, 5, *_where())
        latents = pipeline.prepare_video_latents(shown, white, references, None, "cpu")
        kept = torch.from_numpy(np.where(hole[..., None], 0, video / 127.5 - 1)).float().permute(3, 0, 1, 2)[None]
        mean, std = (
            torch.tensor(pipeline.vae.config[name]).view(1, -1, 1, 1, 1) for name in ("latents_mean", "latents_std")
        )
        expected = (pipeline.vae.encode(kept).latent_dist.mode() - mean) / std
    assert torch.allclose(latents[:, :16], expected, atol=1e-5)
    assert not torch.allclose(latents[:, 16:], expected, atol=1e-2)


def _where():
    import torch

    return torch.float32, torch.device("cpu")


def test_with_depth_the_first_frames_are_kept_and_the_rest_is_made_from_it():
    video, hole = np.full((5, 16, 16, 3), 77, np.uint8), np.zeros((5, 16, 16), bool)
    pictures, mask = wan_vace.arrays(inputs_of(video, hole), DEPTH)
    assert not mask[0, 0].any() and mask[0, 1:].all()
    assert np.allclose(pictures[0, 0], 9 / 255) and np.allclose(pictures[0, 1:], 77 / 255)


def test_a_shot_becomes_frames_with_progress_in_every_step(render, model_of, short_film):
    made = render(short_film.shot, model=str(model_of("wan-vace")))
    assert sorted(made.frames) == list(range(10))
    assert all(frame.pixels.shape == (64, 96, 3) and frame.pixels.dtype == np.uint8 for frame in made.frames.values())
    assert [step.done for step in made.progress if step.stage == "Denoising"] == [1, 2]
    assert any("16 frames a second and this shot has 24" in sentence for sentence in made.notices)


def test_the_scene_reaches_the_model(render, model_of, short_film):
    """Another camera, holes for known pixels, and depth in place of the warp all change what is drawn."""
    folder = str(model_of("wan-vace"))
    first = render(short_film.shot, model=folder, resampling="nearest").frames[9].pixels.astype(int)
    camera = short_film.shot.camera
    still = replace(camera, pose=np.repeat(camera.pose[:1], 10, 0))
    other = render(replace(short_film.shot, camera=still), model=folder, resampling="nearest").frames[9].pixels
    assert np.abs(first - other).mean() > 0.3
    weak = render(short_film.shot, model=folder, resampling="nearest", strength=0.0).frames[9].pixels
    assert np.abs(first - weak).mean() > 0.3


@pytest.mark.slow
def test_a_job_that_was_interrupted_goes_on_clip_by_clip_to_the_same_bytes(render, model_of, short_film):
    """Clips of 9 of the model's frames with 5 carried: four of them. Where nothing is kept they are drawn again."""
    settings = {"model": str(model_of("wan-vace")), "length": 9}
    shot = replace(short_film.shot, fps=8.0)
    whole = render(shot, **settings)
    assert any("made in" in sentence for sentence in whole.notices)
    kept = [k for k, frame in whole.frames.items() if frame.state is not None]
    assert kept and all(whole.frames[k].state.shape == (5, 64, 96, 3) for k in kept)
    some = {k: frame for k, frame in whole.frames.items() if k <= kept[0]}
    resumed = render(shot, some, **settings)
    gone = {k: replace(frame, state=None) for k, frame in some.items() if k != 1}
    again = render(shot, gone, **settings)
    for k, frame in whole.frames.items():
        assert np.array_equal(resumed.frames[k].pixels, frame.pixels)
        assert np.array_equal(again.frames[k].pixels, frame.pixels)


def test_a_cancelled_job_ends_within_a_step(render, model_of, short_film):
    asked = []

    def cancel_while_denoising():
        asked.append(1)
        if len(asked) > 12:
            raise Cancelled("cancelled")
        return []

    with pytest.raises(Cancelled):
        render(short_film.shot, changes=cancel_while_denoising, model=str(model_of("wan-vace")), steps=1000)
    assert not [thread for thread in threading.enumerate() if thread.name == "motion-bridge-video"]


def test_a_model_whose_cells_are_larger_refuses_a_size_between_them(adapter):
    with pytest.raises(BadInput, match="multiples of 16"):
        adapter.check(WARP, 104, 64)
