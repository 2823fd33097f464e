"""At sigma 1 a model is its own pipeline's text to image, below it image to image: level by level, picture by picture.

Schedulers are configured as the published models have them. Steps are those of the registry, and 4, 7 and 28.
"""

from dataclasses import replace
from typing import Any

import pytest
import tiny_diffusion as tiny
import torch
from diffusers.pipelines.flux.pipeline_flux_img2img import FluxImg2ImgPipeline
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img import StableDiffusionImg2ImgPipeline
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl_img2img import (
    StableDiffusionXLImg2ImgPipeline,
)
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from diffusers.schedulers.scheduling_euler_ancestral_discrete import EulerAncestralDiscreteScheduler
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from diffusers.schedulers.scheduling_heun_discrete import HeunDiscreteScheduler
from diffusers.schedulers.scheduling_lcm import LCMScheduler
from diffusers.schedulers.scheduling_pndm import PNDMScheduler
from diffusers.schedulers.scheduling_unipc_multistep import UniPCMultistepScheduler
from motion_bridge.errors import BadInput
from motion_bridge.model_registry import registry
from motion_bridge.models import image_model
from motion_bridge.models.image_model import Conditioning, ControlImage, NoiseSeed
from motion_bridge.models.load import ModelSelection, load_model
from motion_bridge.models.noise_level import levels_from

WIDTH, HEIGHT = 96, 64
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
DYNAMIC = {"use_dynamic_shifting": True, "shift": 3.0, "base_shift": 0.5, "max_shift": 1.15}
SCHEDULERS = {
    "flux.1-dev": lambda: FlowMatchEulerDiscreteScheduler(**DYNAMIC),
    "flux.1-schnell": lambda: FlowMatchEulerDiscreteScheduler(shift=1.0),
    "flux.1-depth-dev": lambda: FlowMatchEulerDiscreteScheduler(**DYNAMIC),
    "flux.2-dev": lambda: FlowMatchEulerDiscreteScheduler(**DYNAMIC),
    "flux.2-klein-4b": lambda: FlowMatchEulerDiscreteScheduler(**DYNAMIC),
    "flux.2-klein-9b": lambda: FlowMatchEulerDiscreteScheduler(**DYNAMIC),
    "sketch": lambda: FlowMatchEulerDiscreteScheduler(**DYNAMIC),
    "sd-1.5": lambda: PNDMScheduler(**BETAS, skip_prk_steps=True, set_alpha_to_one=False),
    "sdxl": lambda: EulerDiscreteScheduler(**BETAS, timestep_spacing="leading"),
    "sdxl-turbo": lambda: EulerAncestralDiscreteScheduler(**BETAS, timestep_spacing="trailing"),
    "lcm": lambda: LCMScheduler(**BETAS),
}
MORE = {
    "ddim": lambda: DDIMScheduler(**BETAS, set_alpha_to_one=False, clip_sample=False),
    "euler": lambda: EulerDiscreteScheduler(**BETAS),
    "euler-karras": lambda: EulerDiscreteScheduler(**BETAS, use_karras_sigmas=True),
    "euler-v": lambda: EulerDiscreteScheduler(**BETAS, prediction_type="v_prediction"),
    "dpm++": lambda: DPMSolverMultistepScheduler(**BETAS),
    "unipc": lambda: UniPCMultistepScheduler(**BETAS),
    "heun": lambda: HeunDiscreteScheduler(**BETAS),
}


def steps_of(names):
    return [(name, steps) for name in names for steps in sorted({4, 7, 28, registry.MODELS[name].steps})]


def slow_above_four_steps(cases):
    return [pytest.param(*case, marks=pytest.mark.slow if case[1] > 4 else ()) for case in cases]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made: dict[str, Any] = {}

    def get(family):
        if family not in made:
            made[family] = str(tiny.save(family, tmp_path_factory.mktemp(family)))
        return made[family]

    return get


@pytest.fixture(scope="module")
def models(folders):
    """A registered model in small: its family, scheduler, steps and guidance."""
    made: dict[str, Any] = {}

    def get(name, scheduler=None):
        if (name, scheduler) not in made:
            known = registry.MODELS[name]
            control = "depth" if known.family == "flux-control" else "none"
            model: Any = load_model(ModelSelection(folders(known.family), "cpu", (WIDTH, HEIGHT), control=control))
            model.pipeline.scheduler = (MORE[scheduler] if scheduler else SCHEDULERS[name])()
            if name == "flux.1-schnell":
                model.pipeline.transformer.register_to_config(guidance_embeds=False)
                embed = model.pipeline.transformer.time_text_embed
                embed.forward = lambda time, pooled, whole=embed: _without_guidance(whole, time, pooled)
            made[name, scheduler] = type(model)(model.parts)
            made[name, scheduler].guidance = known.guidance
        return made[name, scheduler]

    return get


def _without_guidance(embed, time, pooled):
    return embed.timestep_embedder(embed.time_proj(time).to(pooled.dtype)) + embed.text_embedder(pooled)


def text_to_image(name, model, noise, steps, width, height, **more):
    """diffusers' own pipeline from that noise, which is of seed 5."""
    if name.startswith("flux.1"):
        more["latents"] = model.pack(noise)
        more["max_sequence_length"] = 256 if name == "flux.1-schnell" else 512
    if name == "flux.1-depth-dev":
        more["control_image"] = torch.full((1, 3, height, width), 0.5)
    elif name.startswith("flux.2"):
        more["latents"] = noise
    else:  # where steps draw noise too, it follows that of the start
        more["generator"] = torch.Generator().manual_seed(5)
    call = {"prompt": "red hills", "num_inference_steps": steps, "guidance_scale": model.guidance}
    return model.pipeline(**{**call, "width": width, "height": height, "output_type": "pt", **more}).images


def conditioning_for(name, steps, width=WIDTH, height=HEIGHT):
    if name == "flux.1-depth-dev":
        return Conditioning(
            "red hills", steps=steps, structure=ControlImage(torch.full((1, 3, height, width), 0.75), "depth")
        )
    return Conditioning("red hills", steps=steps)


@pytest.fixture
def middle(monkeypatch):
    """A pipeline draws a structure's latents from the autoencoder's distribution, this project takes its middle."""
    from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution

    monkeypatch.setattr(DiagonalGaussianDistribution, "sample", lambda self, generator=None: self.mode())


@pytest.mark.parametrize(
    ("name", "steps"), slow_above_four_steps(steps_of(name for name in SCHEDULERS if name != "sketch"))
)
def test_at_sigma_one_a_picture_is_that_of_diffusers_own_pipeline(models, middle, name, steps):
    model = models(name)
    with torch.inference_mode():
        shown = model.encode(torch.rand(1, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(2)))
        noise = image_model.noise_for(shown, NoiseSeed(5))
        found = model.decode(model.denoise(shown, noise, 1.0, conditioning_for(name, steps), 5)).clamp(0, 1)
        expected = text_to_image(name, model, noise, steps, WIDTH, HEIGHT)
    assert (found - expected).abs().max() <= 1e-5


SIZES = [(96, 64), (512, 768), (1024, 1024), (2048, 2048)]


@pytest.fixture
def levels_seen(monkeypatch):
    """Run something with a network that answers zeros at once; the levels that it was asked at."""

    def run(network, work):
        seen = []

        def forward(hidden_states, timestep, **_):
            seen.append(float(timestep))
            return (torch.zeros_like(hidden_states)[..., : network.config.out_channels or hidden_states.shape[-1]],)

        monkeypatch.setattr(network, "forward", forward)
        with torch.inference_mode():
            made = work()
        monkeypatch.undo()
        return seen, made

    return run


@pytest.mark.slow
@pytest.mark.parametrize("width,height", SIZES)
@pytest.mark.parametrize(("name", "steps"), steps_of(["flux.1-dev", "flux.1-schnell", "flux.2-dev", "flux.2-klein-4b"]))
def test_at_sigma_one_all_levels_of_the_pipeline_are_taken(models, levels_seen, name, steps, width, height):
    model = models(name)
    channels, pitch = (4, 8) if name.startswith("flux.1") else (32, 16)
    noise = torch.zeros(1, channels, height // pitch, width // pitch)
    network = model.pipeline.transformer
    found, _ = levels_seen(network, lambda: model.denoise(noise, noise, 1.0, Conditioning("red hills", steps=steps), 5))
    expected, _ = levels_seen(
        network, lambda: text_to_image(name, model, noise, steps, width, height, output_type="latent")
    )
    assert len(found) == steps
    assert found == expected


@pytest.mark.parametrize("settings", [{"shift": 0.2}, {"shift": 30.0}, {**DYNAMIC, "max_shift": 2.5}, {"shift": 1.0}])
@pytest.mark.parametrize("width,height", SIZES)
def test_no_shift_merges_levels(models, monkeypatch, settings, width, height):
    model = models("flux.1-dev")
    monkeypatch.setattr(model.pipeline, "scheduler", FlowMatchEulerDiscreteScheduler(**settings))
    for steps in (4, 7, 28):
        own = model.levels(steps, width, height)
        assert len(own) == steps and all(lower < level for level, lower in zip(own, own[1:], strict=False))
        for at, level in enumerate(own):
            assert levels_from(level, own) == own[at:]


IMAGE_TO_IMAGE = [
    ("flux.1-dev", None),
    ("flux.1-schnell", None),
    ("sd-1.5", None),
    ("sdxl", None),
    ("sdxl-turbo", None),
]


@pytest.mark.parametrize(
    "strength", [pytest.param(0.25, marks=pytest.mark.slow), 0.5, pytest.param(0.75, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(("name", "scheduler"), [*IMAGE_TO_IMAGE, *(("sd-1.5", each) for each in MORE)])
def test_from_a_level_of_its_own_a_model_is_diffusers_image_to_image(models, name, scheduler, strength):
    model, steps = models(name, scheduler), 8
    own = model.levels(steps, WIDTH, HEIGHT)
    if name.startswith("flux"):
        kind, more = FluxImg2ImgPipeline, {"max_sequence_length": 256 if name == "flux.1-schnell" else 512}
        sigma = own[steps - round(strength * steps)]
    else:
        kind = StableDiffusionImg2ImgPipeline if name == "sd-1.5" else StableDiffusionXLImg2ImgPipeline
        more = {}
        sigma = own[steps - round(strength * steps) - (model.pipeline.scheduler.__class__.__name__ == "PNDMScheduler")]
    with torch.inference_mode():
        shown = model.encode(torch.rand(1, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(2)))
        noise = torch.randn(shown.shape, generator=torch.Generator().manual_seed(9))
        found = model.decode(model.denoise(shown, noise, sigma, Conditioning("red hills", "", 5.0, steps), 9)).clamp(
            0, 1
        )
        optional = {"requires_safety_checker": False} if name == "sd-1.5" else {}
        reference = kind(**model.pipeline.components, **optional)
        reference.set_progress_bar_config(disable=True)
        expected = reference(
            "red hills",
            image=shown,
            strength=strength,
            num_inference_steps=steps,
            guidance_scale=5.0,
            generator=torch.Generator().manual_seed(9),
            output_type="pt",
            **more,
            **({"width": WIDTH, "height": HEIGHT} if name.startswith("flux") else {}),
        ).images
    assert (found - expected).abs().max() <= 1e-5


@pytest.mark.parametrize("name", ["sd-1.5", "sdxl"])
def test_a_negative_prompt_is_avoided_as_in_diffusers_own_pipeline(models, name):
    model = models(name)
    with torch.inference_mode():
        shown = torch.zeros(1, 4, HEIGHT // 8, WIDTH // 8)
        noise = image_model.noise_for(shown, NoiseSeed(5))
        found, alone = (
            model.decode(model.denoise(shown, noise, 1.0, Conditioning("red hills", negative, steps=4), 5)).clamp(0, 1)
            for negative in ("blue", "")
        )
        expected = text_to_image(name, model, noise, 4, WIDTH, HEIGHT, negative_prompt="blue")
    assert (found - expected).abs().max() <= 1e-5
    assert not torch.allclose(found, alone, atol=1e-3)


def test_klein_as_it_was_before_distillation_is_guided_as_in_its_own_pipeline_and_takes_a_negative(models):
    model = models("flux.2-klein-4b")
    model.pipeline.register_to_config(is_distilled=False)
    noise = image_model.noise_for(torch.zeros(1, 32, HEIGHT // 16, WIDTH // 16), NoiseSeed(5))
    try:
        with torch.inference_mode():
            found, avoided = (
                model.decode(model.denoise(noise, noise, 1.0, Conditioning("red hills", negative, 4.0, 4), 5)).clamp(
                    0, 1
                )
                for negative in ("", "blue")
            )
            expected = text_to_image("flux.2-klein-4b", model, noise, 4, WIDTH, HEIGHT, guidance_scale=4.0)
    finally:
        model.pipeline.register_to_config(is_distilled=True)
    assert (found - expected).abs().max() <= 1e-5
    assert not torch.allclose(found, avoided, atol=1e-3)


@pytest.mark.parametrize(
    "name", ["flux.1-dev", "flux.1-schnell", "flux.1-depth-dev", "flux.2-dev", "flux.2-klein-4b", "sdxl-turbo", "lcm"]
)
def test_a_model_that_knows_no_negative_prompt_refuses_one(models, name):
    model = models(name)
    conditioning = conditioning_for(name, 4)
    latent = model.encode(torch.rand(1, 3, HEIGHT, WIDTH))
    with pytest.raises(BadInput, match="distilled and knows no negative prompt; take the negative out"):
        model.denoise(latent, latent, 1.0, replace(conditioning, negative="people"), 5)
