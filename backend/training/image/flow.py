"""Stage 3: a small FLUX.2 transformer and its text encoder, by flow matching on latents of drawn pictures."""

from pathlib import Path

import torch
from diffusers.models.transformers.transformer_flux2 import Flux2Transformer2DModel
from torch import Tensor, nn

from ..common.loop import train
from .latents import Bank
from .text import WIDTH, TextEncoder

NO_TEXT = 0.1  # share of captions left out
BATCH = 16
SHIFT = 2.0  # sigma = s·u / (1 + (s - 1)·u) of an even u: more often noisy than clean


class Painter(nn.Module):
    """The transformer with the text encoder that was trained with it."""

    def __init__(self, channels: int, vocabulary: int):
        super().__init__()
        self.text = TextEncoder(vocabulary)
        self.transformer = Flux2Transformer2DModel(
            in_channels=channels,
            num_layers=1,
            num_single_layers=5,
            attention_head_dim=32,
            num_attention_heads=4,
            joint_attention_dim=3 * WIDTH,
            timestep_guidance_channels=64,
            mlp_ratio=2.0,
            axes_dims_rope=(4, 12, 12, 4),
            rope_theta=200,
            guidance_embeds=False,
        )

    def forward(self, latent: Tensor, sigma: Tensor, words: Tensor) -> Tensor:
        """The velocity noise - picture: latent (B, C, H, W), sigma (B,), words (B, L, 3·WIDTH) → like latent."""
        _, _, rows, columns = latent.shape
        there = torch.zeros(rows, columns, 4)
        there[..., 1] = torch.arange(rows)[:, None]
        there[..., 2] = torch.arange(columns)
        positions = torch.zeros(words.shape[1], 4)
        positions[:, 3] = torch.arange(words.shape[1])
        found = self.transformer(
            hidden_states=latent.flatten(2).transpose(1, 2),
            encoder_hidden_states=words,
            timestep=sigma,
            img_ids=there.view(-1, 4),
            txt_ids=positions,
            return_dict=False,
        )[0]
        return found.transpose(1, 2).view(latent.shape)


def train_flow(folder: Path, bank: Bank, steps: int, minutes: float, seed: int = 0) -> Painter:
    torch.manual_seed(seed)
    painter = new_painter(bank)

    def loss(step: int, generator: torch.Generator) -> Tensor:
        latent, identities, mask = bank.batch(BATCH, generator)
        silent = torch.rand(len(latent), generator=generator) < NO_TEXT
        identities, mask = bank.without_words(identities, mask, silent)
        sigma = torch.rand(len(latent), generator=generator)
        sigma = SHIFT * sigma / (1 + (SHIFT - 1) * sigma)
        noise = torch.randn(latent.shape, generator=generator)
        mixed = torch.lerp(latent, noise, sigma[:, None, None, None])
        velocity = painter(mixed, sigma, painter.text(identities, mask))
        return (bank.weight * (velocity - (noise - latent)).square()).mean()

    train(folder, painter, loss, steps=steps, rate=1.5e-3, seed=seed, minutes=minutes)
    return painter


def new_painter(bank: Bank) -> Painter:
    painter = Painter(bank.channels, bank.vocabulary)
    nn.init.zeros_(painter.transformer.proj_out.weight)
    return painter
