"""Wan's own autoencoder, chunk by chunk: the full encoder for the first frame, the full decoder as a stream.

diffusers decodes a whole clip and forgets its memory at the end. Its convolutions are causal and keep the last frames
they saw in a list, so the same list handed on from chunk to chunk makes the decoder endless; every latent frame goes
through on its own, whichever way the clip is cut.
"""

from pathlib import Path
from typing import Any, cast

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan, WanCausalConv3d, unpatchify
from torch import Tensor

from ....errors import BadInput
from ....model_registry.folder_check import weight_faults
from .conditioning import FirstFrame
from .inference import for_inference
from .track_head import STRIDE

Memory = list[Any]  # what each causal convolution of the decoder saw last


def load(folder: Path, device: str, dtype: torch.dtype) -> AutoencoderKLWan:
    """An autoencoder that diffusers saved. BadInput lists what is missing from the folder or the weights."""
    if faults := list(weight_faults(folder, f"{folder.name}/")):
        raise BadInput(f"{folder} cannot be loaded: {' '.join(faults)}")
    try:
        found = AutoencoderKLWan.from_pretrained(
            str(folder), torch_dtype=dtype, use_safetensors=True, local_files_only=True, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError) as fault:
        raise BadInput(f"{folder} cannot be loaded as Wan's autoencoder: {fault}") from None
    vae, report = cast("tuple[AutoencoderKLWan, dict[str, Any]]", found)  # two, with output_loading_info
    wrong = [*report["missing_keys"], *report["unexpected_keys"], *(each[0] for each in report["mismatched_keys"])]
    if wrong:
        raise BadInput(f"{folder} does not hold Wan's autoencoder; missing or not known: {', '.join(wrong)}.")
    return for_inference(vae, device)


class WanDecoder:
    """Normalized latents to pictures, called as codec.Decoder is."""

    def __init__(self, vae: AutoencoderKLWan):
        self._vae = vae
        self._convolutions = sum(isinstance(part, WanCausalConv3d) for part in vae.decoder.modules())
        self._mean, self._std = _statistics(vae)

    @torch.no_grad()
    def __call__(self, latents: Tensor, memory: Memory | None = None) -> tuple[Tensor, Memory]:
        """(B, C, n, h, w) → pictures (B, 3, 4n, H, W) in -1 … 1, or 4n - 3 frames where the clip starts here."""
        raw = (latents.float() * self._std + self._mean).to(self._vae.post_quant_conv.weight.dtype)
        entered = self._vae.post_quant_conv(raw)
        kept: Memory = list(memory) if memory else [None] * self._convolutions
        shown = [
            self._vae.decoder(
                entered[:, :, k : k + 1], feat_cache=kept, feat_idx=[0], first_chunk=memory is None and k == 0
            )
            for k in range(entered.shape[2])
        ]
        pictures = torch.cat(shown, dim=2)
        if self._vae.config["patch_size"] is not None:
            pictures = unpatchify(pictures, patch_size=self._vae.config["patch_size"])
        return pictures.float().clamp(-1, 1), kept


@torch.no_grad()
def encode(vae: AutoencoderKLWan, clip: Tensor) -> Tensor:
    """Clips (B, 3, 1 + 4n, H, W) in -1 … 1 → latents (B, C, 1 + n, h, w) as the models know them."""
    mean, std = _statistics(vae)
    return (vae.encode(clip.to(vae.quant_conv.weight), return_dict=False)[0].mode().float() - mean) / std


@torch.no_grad()
def encode_first(vae: AutoencoderKLWan, picture: Tensor, grey: int) -> FirstFrame:
    """A picture (3, H, W) in -1 … 1 as the models know it: followed by grey, in one clip.

    grey: latent frames after the first whose encoding is kept; from then on the last of them stands.
    """
    clip = torch.zeros(1, 3, 1 + STRIDE * max(1, grey), *picture.shape[1:])
    clip[0, :, 0] = picture
    latent = encode(vae, clip)[0].cpu()
    return FirstFrame(latent[:, 0], latent[:, -1], latent[:, 1:])


def _statistics(vae: AutoencoderKLWan) -> tuple[Tensor, Tensor]:
    """Mean and deviation of the latents the transformers were trained on: (1, C, 1, 1, 1) each."""
    device = vae.quant_conv.weight.device
    mean, std = (torch.tensor(vae.config[name], device=device) for name in ("latents_mean", "latents_std"))
    return mean.view(1, -1, 1, 1, 1), std.view(1, -1, 1, 1, 1)
