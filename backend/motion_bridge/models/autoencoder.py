"""A model's autoencoder alone, to look at its latents; with its weights shuffled, to know what is chance."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.autoencoder_kl_flux2 import AutoencoderKLFlux2
from torch import Tensor, nn

from ..errors import BadInput
from ..model_registry import folder_check as folders
from ..model_registry.registry import find_folder

CLASSES: dict[str, Any] = {"AutoencoderKL": AutoencoderKL, "AutoencoderKLFlux2": AutoencoderKLFlux2}
PACKED = 4  # token channels that a channel of FLUX becomes, in patches of 2×2


class Autoencoder:
    """`encode` makes latents as the denoiser sees them; `packing` of their channels come from one of its own."""

    def __init__(self, vae: nn.Module, packing: int, device: str):
        self.vae: Any = vae
        self.packing = packing
        self.device = device

    def encode(self, picture: Tensor) -> Tensor:
        """(1, 3, H, W) from 0 to 1 → (1, C, h, w): packed channel = 4·c + 2·y + x where there is packing."""
        with torch.inference_mode():
            latent = self.vae.encode((picture * 2 - 1).to(self.device)).latent_dist.mode()
        if self.packing == 1:
            return latent
        batch, channels, rows, columns = latent.shape
        patches = latent.view(batch, channels, rows // 2, 2, columns // 2, 2).permute(0, 1, 3, 5, 2, 4)
        return patches.reshape(batch, channels * 4, rows // 2, columns // 2)

    @contextmanager
    def shuffled(self, seed: int) -> Iterator[None]:
        """Meanwhile every tensor of weights holds its own numbers in another order: as large, without meaning."""
        kept = {name: weight.detach().clone() for name, weight in self.vae.named_parameters()}
        random = torch.Generator().manual_seed(seed)
        try:
            with torch.no_grad():
                for weight in self.vae.parameters():
                    order = torch.randperm(weight.numel(), generator=random).to(weight.device)
                    weight.copy_(weight.flatten()[order].view_as(weight))
            yield
        finally:
            with torch.no_grad():
                for name, weight in self.vae.named_parameters():
                    weight.copy_(kept[name])


def load(name: str, device: str, say: Callable[[str], None] = lambda sentence: None) -> Autoencoder:
    """The autoencoder of a model by its name or folder, in float32. BadInput, ModelMissing."""
    folder = find_folder(name)
    faults = list(folders.weight_faults(folder / "vae", "vae/")) if (folder / "vae").is_dir() else ["vae/ is missing."]
    if faults:
        raise BadInput(f"{folder} cannot be loaded as a model: {' '.join(faults)}")
    kind = folders.component_class(folder / "vae")
    if kind not in CLASSES:
        raise BadInput(f"{folder} has a {kind}; this reads {', '.join(CLASSES)}.")
    try:
        vae = CLASSES[kind].from_pretrained(
            str(folder / "vae"), use_safetensors=True, local_files_only=True, variant=folders.variant(folder / "vae")
        )
    except Exception as fault:  # what diffusers raises for a folder's content has no common class
        raise BadInput(f"{folder} cannot be loaded as a model: {' '.join(str(fault).split())[:300]}") from fault
    return Autoencoder(vae.eval().to(device), PACKED if kind == "AutoencoderKLFlux2" else 1, device)
