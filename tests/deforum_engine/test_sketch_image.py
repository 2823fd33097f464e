"""The image model that comes with the package: there without a download, quick, small, and it knows its colors."""

from pathlib import Path

import numpy as np
import pytest
import torch
from benchmarks.image_models.sketch_run import follows, paint
from motion_bridge.model_registry import registry
from motion_bridge.models.image_model import Conditioning, NoiseSeed, image_to_image
from motion_bridge.models.load import load
from training.image import scenes

LEAST = {"material": 0.8, "object": 0.5, "wall": 0.8, "field": 0.75, "sky": 0.8}  # share of prompts; measured: its card


@pytest.fixture(scope="module")
def sketch(tmp_path_factory):
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTION_BRIDGE_MODELS", str(tmp_path_factory.mktemp("none")))
        return load("sketch", "cpu")


@pytest.mark.slow
@pytest.mark.parametrize("kind", LEAST)
def test_what_the_prompt_names_is_where_the_prompt_has_it(sketch, kind):
    assert follows(sketch, kind, 128, 12) >= LEAST[kind]


def test_it_needs_no_download_and_little_room():
    folder = registry.folder_of(registry.find("sketch"))
    assert folder.is_relative_to(Path(registry.__file__).parents[1])
    assert sum(path.stat().st_size for path in folder.rglob("*")) <= 25e6
    assert (folder / "card.md").is_file()


def test_it_takes_four_steps_and_reads_a_short_prompt(sketch):
    assert sketch.steps == 4 and len(sketch.levels(4, 128, 128)) == 4
    assert sketch.encode_prompt("a red house")[0].shape[1] == sketch.pipeline.tokenizer.model_max_length < 512


def test_equal_seeds_give_equal_pictures_and_other_seeds_others(sketch):
    one, again, other = (paint(sketch, "a red house on green hills", seed, 128) for seed in (3, 3, 4))
    assert np.array_equal(one, again) and np.abs(one - other).max() > 0.1


@pytest.mark.parametrize("size", [(192, 128), (256, 256)])
def test_it_paints_other_sizes_too(sketch, size):
    width, height = size
    grey = torch.full((1, 3, height, width), 0.5)
    picture = image_to_image(sketch, grey, 1.0, Conditioning("red bricks"), NoiseSeed(1))
    assert picture.shape == grey.shape
    red, green, blue = picture.mean((0, 2, 3)).tolist()
    assert red > 1.3 * max(green, blue)


def test_the_less_noise_it_starts_from_the_more_of_the_picture_stays(sketch):
    drawn, _ = scenes.landscape(np.random.default_rng(4), 128)
    picture = torch.from_numpy(np.clip(drawn, 0, 1)).permute(2, 0, 1)[None].float()
    far = [
        float((image_to_image(sketch, picture, sigma, Conditioning("red bricks"), NoiseSeed(1)) - picture).abs().mean())
        for sigma in (0.05, 0.4, 0.7, 1.0)
    ]
    assert far == sorted(far) and far[0] < 0.05 < far[-1]


def test_auto_is_the_sketch_where_nothing_else_is_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("MOTION_BRIDGE_MODELS", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert registry.resolve("auto") == "sketch" and load("auto", "cpu").steps == 4
    assert "flux.2-klein-4b" in " ".join(registry.fallback_notice("auto", "sketch"))
