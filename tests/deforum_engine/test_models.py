"""Every model family loads from disk, changes a picture by exactly the share it is told to, and refuses bad folders."""

import json
import re
from typing import Any

import numpy as np
import pytest
import tiny_diffusion as tiny
import torch
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from motion_bridge.errors import BackendFailed, BadInput, ModelMissing
from motion_bridge.model_registry import controlnets, folder_check, registry
from motion_bridge.models import image_model, noise_level
from motion_bridge.models.image_model import Conditioning, NoiseSeed, image_to_image
from motion_bridge.models.load import load

FLOW = ("flux", "flux2", "flux2-klein")
WIDTH, HEIGHT = 96, 64


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Each family's tiny pipeline, saved and loaded once."""
    made = {}

    def get(family):
        if family not in made:
            made[family] = load(str(tiny.save(family, tmp_path_factory.mktemp(family))), "cpu")
        return made[family]

    return get


@pytest.fixture(scope="module")
def picture():
    return torch.rand(1, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(2))


@pytest.mark.slow
@pytest.mark.parametrize("family", tiny.MAKERS)
def test_a_family_makes_a_picture_from_a_picture_and_the_same_one_again(models, family, picture):
    conditioning = Conditioning("red hills", steps=4)
    made = image_to_image(models(family), picture, 0.6, conditioning, NoiseSeed(3))
    assert made.shape == picture.shape
    assert 0 <= made.min() < made.max() <= 1
    assert torch.equal(made, image_to_image(models(family), picture, 0.6, conditioning, NoiseSeed(3)))
    assert not torch.equal(made, image_to_image(models(family), picture, 0.6, conditioning, NoiseSeed(4)))
    assert not torch.equal(
        made, image_to_image(models(family), picture, 0.6, Conditioning("blue", steps=4), NoiseSeed(3))
    )


@pytest.mark.parametrize("family", tiny.MAKERS)
def test_sigma_is_the_share_that_changes(models, family, picture):
    model, conditioning = models(family), Conditioning("red hills", steps=4)
    assert image_to_image(model, picture, 0.0, conditioning, NoiseSeed(1)) is picture
    with torch.inference_mode():
        latent = model.encode(picture)
        noise = image_model.noise_for(latent, NoiseSeed(1))
        size = latent.norm()
        changed = [(model.denoise(latent, noise, s, conditioning, 1) - latent).norm() / size for s in (5e-4, 0.2, 0.9)]
    assert changed[0] < changed[1] < changed[2]
    assert changed[0] < 0.03 or family == "lcm"  # whose least step is a whole training timestep


@pytest.mark.parametrize("family", FLOW)
@pytest.mark.parametrize("sigma", [0.31, 0.55, 0.767, 0.95, 1.0])
def test_a_flow_model_starts_exactly_at_sigma_though_it_has_four_steps(models, family, sigma, picture):
    model, levels = models(family), []
    note = lambda _, __, given: levels.append(float(given["timestep"]))  # noqa: E731
    hook = model.pipeline.transformer.register_forward_pre_hook(note, with_kwargs=True)
    with torch.inference_mode():
        latent = model.encode(picture)
        model.denoise(latent, image_model.noise_for(latent, NoiseSeed(1)), sigma, Conditioning("hills", steps=4), 1)
    hook.remove()
    assert levels[0] == pytest.approx(sigma, abs=1e-5)
    below = [s for s in model.levels(4, WIDTH, HEIGHT) if s < sigma]
    assert levels[1:] == pytest.approx(below, abs=1e-5)


@pytest.mark.parametrize("family", FLOW)
def test_at_full_noise_a_flow_model_is_its_own_text_to_image(models, family, picture):
    model = models(family)
    with torch.inference_mode():
        noise = image_model.noise_for(model.encode(picture), NoiseSeed(5))
        found = model.denoise(torch.zeros_like(noise), noise, 1.0, Conditioning("red hills", steps=4), 5)
        pipeline = model.pipeline
        packed = pipeline._pack_latents(noise, *noise.shape) if family == "flux" else noise
        expected = pipeline(
            prompt="red hills",
            latents=packed,
            num_inference_steps=4,
            guidance_scale=model.guidance,
            width=WIDTH,
            height=HEIGHT,
            output_type="pt",
        ).images
    assert (model.decode(found).clamp(0, 1) - expected).abs().max() < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("family", ["sd", "sdxl", "lcm"])
def test_a_stable_diffusion_model_starts_at_any_sigma_and_keeps_nothing_at_one(models, family, picture):
    """From just above a level of its own and from just below it, pictures are nearly the same; so they are near 1."""
    model = models(family)
    with torch.inference_mode():
        latent = model.encode(picture)
        noise = image_model.noise_for(latent, NoiseSeed(1))

        def made(sigma, latent=latent):
            return model.denoise(latent, noise, sigma, Conditioning("hills", steps=5), 1)

        size = made(1.0).norm()
        assert torch.equal(made(1.0), made(1.0, 5 - latent))
        own = model.levels(5, WIDTH, HEIGHT)
        for sigma in [*own, (own[1] + own[2]) / 2, 0.9999]:
            assert (made(sigma - 2e-5) - made(sigma)).norm() < 0.01 * size, sigma
            assert (made(sigma + 2e-5) - made(sigma)).norm() < 0.01 * size, sigma


@pytest.mark.parametrize("family", tiny.MAKERS)
def test_a_prompt_is_encoded_once(models, family, picture, monkeypatch):
    model = models(family)
    encoder, calls = model.pipeline.text_encoder, []
    encoder.register_forward_pre_hook(lambda *_: calls.append(1))
    for seed in range(3):
        image_to_image(model, picture, 0.5, Conditioning("a prompt of its own", steps=2), NoiseSeed(seed))
    assert 1 <= len(calls) <= 2  # the prompt, and the empty negative where the family has one


@pytest.mark.parametrize("family", ["flux", "flux2", "flux2-klein", "lcm"])
def test_a_model_without_negative_prompts_says_so(models, family, picture):
    with pytest.raises(BadInput, match="take the negative out"):
        image_to_image(models(family), picture, 0.5, Conditioning("hills", "people", steps=2), NoiseSeed(1))


def test_values_that_are_no_numbers_are_a_failure_and_no_picture(models, picture):
    model: Any = load(models("sd").pipeline.config._name_or_path, "cpu")
    model.pipeline.unet.conv_out.weight.data.fill_(float("nan"))
    with pytest.raises(BackendFailed, match="not numbers"):
        image_to_image(model, picture, 0.5, Conditioning("hills", steps=2), NoiseSeed(1))


def test_a_latent_comes_back_from_the_flux2_pipeline_as_it_was_encoded(models, picture):
    """The pipeline returns raw latents; a step of almost nothing shows that they are brought back."""
    model = models("flux2-klein")
    with torch.inference_mode():
        latent = model.encode(picture)
        assert latent.shape == (1, 32, HEIGHT // 16, WIDTH // 16)
        back = model.denoise(latent, torch.zeros_like(latent), 1e-6, Conditioning("hills"), 0)
    assert torch.allclose(back, latent, atol=1e-4)


def test_strength_and_denoise_are_opposite_and_continuous():
    own = [1.0, 0.968, 0.908, 0.767]  # FLUX.2 Klein at 1024²
    assert noise_level.from_denoise(0.25, own) == pytest.approx(0.767)
    assert noise_level.from_denoise(0.5, own) == pytest.approx(0.908)
    assert noise_level.from_strength(0.75, own) == noise_level.from_denoise(0.25, own)
    assert noise_level.from_denoise(0.0, own) == 0 and noise_level.from_denoise(1.0, own) == 1
    between = [noise_level.from_denoise(d / 100, own) for d in range(101)]
    assert all(0 < b - a < 0.05 for a, b in zip(between, between[1:], strict=False))
    assert noise_level.levels_from(0.5, own) == [0.5]
    assert noise_level.levels_from(0.95, own) == [0.95, 0.908, 0.767]
    assert noise_level.levels_from(0.77, own) == [0.77]


@pytest.mark.parametrize("settings", [{"shift": 3.0}, {"use_dynamic_shifting": True}])
def test_a_flow_models_levels_are_its_schedulers(models, settings, monkeypatch):
    model: Any = models("flux")
    scheduler = FlowMatchEulerDiscreteScheduler(**settings)
    monkeypatch.setattr(model.pipeline, "scheduler", scheduler)
    mu = model._mu(WIDTH * HEIGHT // 256, 5) if "use_dynamic_shifting" in settings else None
    scheduler.set_timesteps(sigmas=np.linspace(1, 1 / 5, 5), mu=mu)
    assert model.levels(5, WIDTH, HEIGHT) == pytest.approx(np.asarray(scheduler.sigmas)[:-1].tolist(), abs=1e-6)


def test_a_share_of_a_subseed_is_noise_of_the_same_size():
    like = torch.zeros(1, 16, 32, 32)
    alone, other = image_model.noise_for(like, NoiseSeed(1)), image_model.noise_for(like, NoiseSeed(2))
    assert torch.allclose(image_model.noise_for(like, NoiseSeed(1, 2, 1.0)), other, atol=1e-5)
    mixed = image_model.noise_for(like, NoiseSeed(1, 2, 0.5))
    assert mixed.std() == pytest.approx(1, abs=0.02)
    assert (mixed * alone).mean() == pytest.approx(0.707, abs=0.03)


@pytest.fixture
def copied(tmp_path):
    return tiny.save("sd", tmp_path / "sd")


def test_an_incomplete_folder_lists_all_that_is_missing(copied):
    (copied / "unet" / "config.json").unlink()
    (copied / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    for file in (copied / "tokenizer").iterdir():
        file.unlink()
    with pytest.raises(BadInput) as caught:
        load(str(copied), "cpu")
    for part in ("unet/config.json is missing", "vae/ has no safetensors", "tokenizer/ has no vocabulary"):
        assert part in str(caught.value)


def test_a_missing_shard_is_named(copied):
    index = {"weight_map": {"a": "part-1.safetensors", "b": "part-2.safetensors"}}
    (copied / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    (copied / "unet" / "part-1.safetensors").write_bytes(b"")
    with pytest.raises(BadInput, match=r"unet/part-2\.safetensors is missing"):
        folder_check.check(copied)


def test_a_pickle_is_refused_before_it_is_opened(copied):
    (copied / "unet" / "diffusion_pytorch_model.safetensors").rename(copied / "unet" / "diffusion_pytorch_model.bin")
    with pytest.raises(BadInput, match="is a pickle"):
        load(str(copied), "cpu")


def test_a_component_with_code_of_its_own_is_refused(copied):
    index = copied / "model_index.json"
    content = json.loads(index.read_text())
    content["unet"] = ["my_unet", "MyUNet"]
    index.write_text(json.dumps(content))
    (copied / "unet" / "my_unet.py").write_text("raise SystemExit('this ran')")
    with pytest.raises(BadInput, match="code would have to be run"):
        load(str(copied), "cpu")


def test_weights_cut_short_are_bad_input(copied):
    weights = copied / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(BadInput, match="cannot be loaded"):
        load(str(copied), "cpu")


def test_a_folder_that_is_no_pipeline_says_so(tmp_path):
    with pytest.raises(BadInput, match=r"model_index\.json is missing"):
        load(str(tmp_path), "cpu")


def test_a_model_that_is_not_here_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("MOTION_BRIDGE_MODELS", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ModelMissing, match=r"flux\.2-klein-4b is not on this machine .*Apache-2\.0.*models get"):
        load("flux.2-klein-4b", "cpu")


def test_a_registered_name_is_found_in_the_models_folder(tmp_path, monkeypatch, picture):
    monkeypatch.setenv("MOTION_BRIDGE_MODELS", str(tmp_path))
    tiny.save("flux2-klein", tmp_path / "flux.2-klein-4b")
    model = load("flux.2-klein-4b", "cpu")
    assert (model.steps, model.guidance, model.multiple) == (4, 1.0, 16)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(BadInput, match=r"no model 'flux\.3'.*flux\.1-dev"):
        load("flux.3", "cpu")
    from_folders = {"flux-fill", "sd-inpaint", "sdxl-inpaint"}  # nobody names these; their folders are chosen
    assert {m.family for m in registry.MODELS.values()} == {*tiny.MAKERS, "flux-control"} - from_folders


@pytest.mark.parametrize("name", [name for name, model in registry.MODELS.items() if model.repository])
def test_a_registered_model_is_pinned_and_says_how_to_be_asked_for(name, tmp_path, monkeypatch):
    model = registry.MODELS[name]
    assert re.fullmatch("[0-9a-f]{40}", model.revision)
    monkeypatch.setenv("MOTION_BRIDGE_MODELS", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ModelMissing) as caught:
        registry.folder_of(model)
    said = str(caught.value)
    assert f"{model.download:g} GB" in said and said.count(f"motion-bridge models get {name}.") == 1
    assert ("wants to be asked first: https://huggingface.co/" in said) is model.gated


def test_what_is_gated_is_known():
    gated = {name for name, model in registry.MODELS.items() if model.gated}
    assert gated == {"flux.1-dev", "flux.1-schnell", "flux.1-depth-dev", "flux.2-dev", "flux.2-klein-9b"}


def test_controlnets_are_pinned_too():
    assert all(re.fullmatch("[0-9a-f]{40}", control.revision) for control in controlnets.CONTROLS.values())
    canny, depth = controlnets.CONTROLS["flux.1-canny"], controlnets.CONTROLS["flux.1-depth"]
    assert (canny.revision[:7], canny.download) == ("e7cee4b", 3.58)
    assert (depth.revision[:7], depth.download) == ("2fdfbcf", 3.19)
