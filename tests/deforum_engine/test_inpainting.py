"""Painting a part of a picture: a family does what its inpainting pipeline of diffusers does, and what stays stays."""

from dataclasses import replace
from typing import Any

import pytest
import tiny_diffusion as tiny
import torch
from diffusers.pipelines.flux.pipeline_flux_fill import FluxFillPipeline
from diffusers.pipelines.flux.pipeline_flux_inpaint import FluxInpaintPipeline
from diffusers.pipelines.flux2.pipeline_flux2_klein_inpaint import Flux2KleinInpaintPipeline
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_inpaint import StableDiffusionInpaintPipeline
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl_inpaint import (
    StableDiffusionXLInpaintPipeline,
)
from motion_bridge.models.image_model import Conditioning, NoiseSeed, encode_image, latent_to_latent
from motion_bridge.models.load import ModelSelection, load_model

TAUGHT = ("flux-fill", "sd-inpaint", "sdxl-inpaint")  # to inpaint; what stays is theirs to keep
WIDTH, HEIGHT, STEPS = 96, 64, 8
INPAINTING: dict[str, Any] = {
    "flux-fill": FluxFillPipeline,
    "sd-inpaint": StableDiffusionInpaintPipeline,
    "sdxl-inpaint": StableDiffusionXLInpaintPipeline,
    "flux": FluxInpaintPipeline,
    "flux2-klein": Flux2KleinInpaintPipeline,
    "sd": StableDiffusionInpaintPipeline,
    "sdxl": StableDiffusionXLInpaintPipeline,
}
CALLS: dict[str, dict[str, Any]] = {
    "flux-fill": {"width": WIDTH, "height": HEIGHT, "guidance_scale": 30.0},
    "sd-inpaint": {"width": WIDTH, "height": HEIGHT, "guidance_scale": 5.0},
    "sdxl-inpaint": {"width": WIDTH, "height": HEIGHT, "guidance_scale": 5.0},
    "flux": {"width": WIDTH, "height": HEIGHT, "guidance_scale": 3.5},
    "flux2-klein": {"guidance_scale": 1.0},
    "sd": {"width": WIDTH, "height": HEIGHT, "guidance_scale": 5.0},
    "sdxl": {"width": WIDTH, "height": HEIGHT, "guidance_scale": 5.0},
}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    made: dict[str, Any] = {}

    def get(family):
        if family not in made:
            folder = tiny.save(family, tmp_path_factory.mktemp(family))
            control = "depth" if family == "flux-control" else "none"
            made[family] = load_model(ModelSelection(str(folder), "cpu", (WIDTH, HEIGHT), control=control))
        return made[family]

    return get


@pytest.fixture
def middle(monkeypatch):
    """Pipelines draw a picture's latents from the autoencoder's distribution, this project takes its middle."""
    from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution

    monkeypatch.setattr(DiagonalGaussianDistribution, "sample", lambda self, generator=None: self.mode())


def picture():
    return torch.rand(1, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(2))


def right_half():
    area = torch.zeros(1, 1, HEIGHT, WIDTH)
    area[..., WIDTH // 3 :] = 1
    return area


@pytest.mark.parametrize("family", INPAINTING)
def test_a_part_is_painted_as_diffusers_inpainting_paints_it(model, middle, family):
    loaded = model(family)
    own = loaded.levels(STEPS, WIDTH, HEIGHT)
    conditioning = Conditioning("red hills", guidance=CALLS[family]["guidance_scale"], steps=STEPS, area=right_half())
    conditioning = replace(conditioning, picture=picture())
    if loaded.takes_reference:
        conditioning = replace(conditioning, reference=picture())  # Klein's pipeline shows the picture to the model too
    with torch.inference_mode():
        latent = loaded.encode(picture())
        noise = torch.randn(latent.shape, generator=torch.Generator().manual_seed(9))
        found = loaded.decode(loaded.denoise(latent, noise, own[STEPS // 2], conditioning, 9)).clamp(0, 1)
        parts = dict(loaded.pipeline.components)
        optional = {"requires_safety_checker": False} if family in ("sd", "sd-inpaint") else {}
        optional |= {"is_distilled": True} if family == "flux2-klein" else {}
        reference = INPAINTING[family](**parts, **optional)
        reference.set_progress_bar_config(disable=True)
        expected = reference(
            "red hills",
            image=picture(),
            mask_image=right_half(),
            strength=0.5,
            num_inference_steps=STEPS,
            generator=torch.Generator().manual_seed(9),
            output_type="pt",
            **CALLS[family],
        ).images
    assert (found - expected).abs().max() <= 1e-5


@pytest.mark.parametrize("sigma", [0.31, 0.77, 1.0])
@pytest.mark.parametrize("family", [each for each in tiny.MAKERS if each not in TAUGHT])
def test_what_stays_keeps_its_latents_to_the_last_digit_from_any_sigma(model, family, sigma):
    loaded = model(family)
    latent = encode_image(loaded, picture())
    made = latent_to_latent(loaded, latent, sigma, Conditioning("red hills", steps=4, area=right_half()), NoiseSeed(3))
    changed = (made != latent).any(1)[0]
    border = -(-WIDTH // 3 * latent.shape[-1] // WIDTH)
    assert not changed[:, :border].any()
    assert changed[:, border:].all()


def test_a_place_of_little_area_changes_less_than_one_of_much(model):
    loaded = model("sd")
    latent = encode_image(loaded, picture())
    area = torch.linspace(0, 1, WIDTH).expand(1, 1, HEIGHT, WIDTH)
    made = latent_to_latent(loaded, latent, 0.9, Conditioning("red hills", steps=8, area=area), NoiseSeed(3))
    change = (made - latent).abs().mean((0, 1, 2))
    assert 0 < change[:3].mean() < change[-3:].mean() / 3
