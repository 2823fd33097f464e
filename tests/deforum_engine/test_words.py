"""Prompts are mixed as they are encoded: between two of them lies a picture of both, and nothing is encoded twice."""

import pytest
import tiny_diffusion as tiny
import torch
from motion_bridge.models import image_model, prompt_encoding
from motion_bridge.models.image_model import Conditioning, NoiseSeed
from motion_bridge.models.load import load
from motion_bridge.models.prompt_encoding import Blend


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    made = {}

    def get(family):
        if family not in made:
            made[family] = load(str(tiny.save(family, tmp_path_factory.mktemp(family))), "cpu")
        return made[family]

    return get


@pytest.mark.slow
@pytest.mark.parametrize("family", tiny.MAKERS)
def test_a_mixture_lies_between_its_prompts(loaded, family):
    model = loaded(family)
    red, blue = model.encode_prompt("red hills"), model.encode_prompt("a blue sea")
    half = model.encode_prompt(Blend((("red hills", 0.5), ("a blue sea", 0.5))))
    for one, other, between in zip(red, blue, half, strict=True):
        assert torch.allclose(between, (one + other) / 2, atol=1e-6)
    whole = model.encode_prompt(Blend((("red hills", 1.0), ("a blue sea", 0.0)), spherical=True))
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(whole, red, strict=True))


def test_along_the_sphere_tokens_keep_their_length():
    random = torch.Generator().manual_seed(1)
    one, other = torch.randn(1, 8, 64, generator=random), 3 * torch.randn(1, 8, 64, generator=random)
    between = prompt_encoding.slerp(one, other, 0.5)
    lengths = (one.norm(dim=-1) + other.norm(dim=-1)) / 2
    assert torch.allclose(between.norm(dim=-1), lengths, rtol=1e-4)
    assert (torch.lerp(one, other, 0.5).norm(dim=-1) < 0.9 * lengths).all()
    assert torch.allclose(prompt_encoding.slerp(one, one, 0.3), one, atol=1e-5)
    (three,) = prompt_encoding.blend([(one,), (other,), (one,)], [0.25, 0.5, 0.25], spherical=True)
    assert torch.allclose(three.norm(dim=-1), lengths, rtol=0.1)


def test_a_weight_below_zero_leads_away_from_a_prompt():
    one, other = torch.zeros(1, 2, 4), torch.ones(1, 2, 4)
    (away,) = prompt_encoding.blend([(one,), (other,)], [1.2, -0.2], spherical=True)
    assert torch.allclose(away, torch.full_like(away, -0.2))


def test_a_mixture_encodes_each_of_its_prompts_once():
    asked = []

    def encode(text):
        asked.append(text)
        return (torch.full((1, 2, 4), float(len(text))),)

    read = prompt_encoding.cached_encoder(encode)
    for share in (0.2, 0.5, 0.8):
        read(Blend((("one", 1 - share), ("three", share))))
    read("one")
    assert sorted(asked) == ["one", "three"]


@pytest.mark.parametrize("family", ["flux2-klein", "flux", "sd"])
def test_latents_can_be_spread_out_and_taken_back(loaded, family):
    model = loaded(family)
    picture = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(2))
    latent = image_model.encode_image(model, picture)
    cells = model.to_vae_latent(latent)
    assert cells.shape[-2:] == (8, 12)
    assert torch.allclose(model.from_vae_latent(cells), latent, atol=1e-5)
    moved = image_model.decode_latent(model, model.from_vae_latent(cells.roll(2, -1)))
    assert not torch.equal(moved, image_model.decode_latent(model, latent))


@pytest.mark.slow
def test_a_picture_and_its_latents_take_the_same_way(loaded):
    model = loaded("flux2-klein")
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    conditioning, noise_seed = Conditioning("red hills"), NoiseSeed(3)
    made = image_model.image_to_image(model, picture, 0.6, conditioning, noise_seed)
    latent = image_model.latent_to_latent(
        model, image_model.encode_image(model, picture), 0.6, conditioning, noise_seed
    )
    assert torch.equal(image_model.decode_latent(model, latent), made)
    louder = image_model.latent_to_latent(
        model, image_model.encode_image(model, picture), 0.6, conditioning, NoiseSeed(3, size=1.05)
    )
    assert not torch.equal(louder, latent)
    assert image_model.noise_for(latent, NoiseSeed(3, size=1.05)).std() == pytest.approx(
        1.05 * image_model.noise_for(latent, NoiseSeed(3)).std().item()
    )
