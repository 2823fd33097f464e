"""The sketch image model's stages: pictures that are what their captions say, and stages that can be interrupted."""

import shutil

import numpy as np
import pytest
import torch
from benchmarks.image_models.sketch_run import KINDS, seen
from motion_bridge.errors import BadInput
from motion_bridge.models.image_model import Conditioning, NoiseSeed, image_to_image
from motion_bridge.models.load import load
from training.common import loop
from training.image import codec, distil, flow, latents, scenes, text, words
from training.image import stages as command

TRAINED = {"codec": codec, "flow": flow, "distil": distil, "decoder": codec}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.setattr(latents, "AT_ONCE", 2)
    monkeypatch.setattr(latents, "SHARES", {128: 1.0})
    monkeypatch.setattr(codec, "PICTURES", 1)
    monkeypatch.setattr(flow, "BATCH", 2)
    monkeypatch.setattr(distil, "BATCH", 2)


def run(stage, folder, count=2):
    command.main([stage, "--folder", str(folder), "--count", str(count), "--threads", "1"])


def broken(at):
    """The training loop, interrupted at a step."""

    def train(folder, model, loss, **limits):
        def once(step, generator):
            if step == at:
                raise KeyboardInterrupt
            return loss(step, generator)

        return loop.train(folder, model, once, **limits)

    return train


@pytest.mark.slow
def test_every_stage_goes_on_as_if_it_had_not_been_interrupted_and_the_last_leaves_a_model(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_EVERY", 0.0)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    parts.mkdir()
    for stage in command.COUNTS:
        run(stage, whole)
        result = whole / f"{stage}.safetensors"
        if module := TRAINED.get(stage):
            with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
                patch.setattr(module, "train", broken(at=1))
                run(stage, parts)
            run(stage, parts)
            assert (parts / result.name).read_bytes() == result.read_bytes(), stage
        elif result.exists():
            shutil.copy(result, parts)
    model = load(str(whole / "model"), "cpu")
    assert model.steps == 4 and len(model.levels(4, 64, 64)) == 4
    picture = image_to_image(model, torch.full((1, 3, 64, 64), 0.5), 1.0, Conditioning("a red house"), NoiseSeed(1))
    assert picture.shape == (1, 3, 64, 64) and bool(torch.isfinite(picture).all())


def test_a_stage_says_which_one_must_come_before_it(tmp_path):
    with pytest.raises(BadInput, match="run the stage codec first"):
        run("latents", tmp_path)


def test_the_codec_starts_as_a_wavelet_transform_and_not_as_noise(tmp_path):
    start = codec.train_codec(tmp_path, 0, 1).eval()
    pictures = codec.draw_crops(np.random.default_rng(5))
    with torch.no_grad():
        back = start.decode(start.encode(pictures).latent_dist.mode(), return_dict=False)[0]
    told = torch.stack([back.flatten(), pictures.flatten()])
    assert torch.corrcoef(told)[0, 1] > 0.9


@pytest.mark.parametrize("kind", ["landscape", "thing", "room", "pattern", "material"])
def test_equal_seeds_draw_equal_pictures_at_any_size(kind):
    makers = {"pattern": scenes.pattern, "material": scenes.material}
    make = makers.get(kind) or getattr(scenes, kind)
    one, caption = make(np.random.default_rng(3), 64)
    again, same = make(np.random.default_rng(3), 64)
    large, larger = make(np.random.default_rng(3), 128)
    assert np.array_equal(one, again) and caption == same == larger
    assert large.shape == (128, 128, 3) and np.abs(large.mean((0, 1)) - one.mean((0, 1))).max() < 0.1


def test_pictures_have_the_colors_that_their_captions_name():
    hits = []
    for seed in range(120):
        picture, caption = scenes.material(np.random.default_rng(seed), 64)
        hits.append(seen(np.clip(picture, 0, 1), KINDS["material"]) in caption)
    assert np.mean(hits) > 0.85


@pytest.mark.slow
def test_every_word_of_a_caption_is_one_token_and_an_unknown_word_is_its_beginning_and_letters():
    tokenizer = text.new_tokenizer()
    known = set(words.vocabulary())
    rng = np.random.default_rng(0)
    for _ in range(300):
        _, caption = scenes.draw(rng, 32)
        plain = caption.replace(",", "").split()
        assert set(plain) <= known, caption
        _, mask = text.tokens(tokenizer, [caption])
        assert int(mask.sum()) == len(plain) + caption.count(",") <= text.LONGEST
    assert tokenizer.tokenize(" houses") == ["Ġhouse", "s"]


def test_the_text_encoder_reads_the_same_spread_over_the_layers_that_the_pipeline_expects():
    small = text.TextEncoder(len(text.new_tokenizer())).eval()
    identities, mask = text.tokens(text.new_tokenizer(), ["a red house at night", ""])
    with torch.no_grad():
        states = text.grown(small)(input_ids=identities, attention_mask=mask, output_hidden_states=True).hidden_states
        assert torch.equal(torch.cat([states[k] for k in (9, 18, 27)], -1), small(identities, mask))


def test_the_student_steps_where_the_engine_steps():
    assert [distil.next_level(level) for level in (1.0, 0.9, 0.75, 0.5, 0.3)] == pytest.approx([0.9, 0.75, 0.5, 0, 0])
    assert distil.next_level(0.8) == pytest.approx(0.75) and distil.next_level(0.753) == pytest.approx(0.5)
