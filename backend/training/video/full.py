"""The full size: networks, latents and words from a folder of Wan's own weights, in the layout diffusers saves.

    transformer/ vae/ text_encoder/ tokenizer/

The teacher begins with the transformer there (Wan's own are widened for mask, first frame and tracks), latents come
from its autoencoder, words from its text encoder. The stages are those of the sketch under recipe.FULL. accelerate
starts one process for each card and says which precision they compute in; state.py shards what is trained (FSDP2):

    accelerate launch --multi_gpu --num_processes 32 --mixed_precision bf16 \\
        -m training video teacher --base Wan2.1-T2V-1.3B --folder runs/full --steps 4800

First frames are encoded as they are in use: each followed by gray, in one clip, with what the encoder makes of it all.
Bases that also look at the first frame through CLIP (Wan2.1 I2V and FLF2V) are refused: no stage trains that branch.
"""

from pathlib import Path

import torch
from accelerate import Accelerator
from motion_bridge.engines.motionstream.checkpoints import checkpoint
from motion_bridge.engines.motionstream.network import wan_vae
from motion_bridge.engines.motionstream.network.teacher import Teacher
from motion_bridge.engines.motionstream.network.text_encoder import T5
from motion_bridge.engines.motionstream.network.track_head import STRIDE
from motion_bridge.errors import BadInput
from torch import Tensor

from .bank import encode_bank, read_bank
from .batch import Source
from .recipe import Recipe


def base_teacher(recipe: Recipe, base: Path) -> Teacher:
    """The teacher before its first step, in float32, as which it is trained. BadInput lists what does not fit."""
    weights = checkpoint.load(base / "transformer")
    if weights.config.get("image_dim"):
        raise BadInput(
            f"{base} also looks at the first frame through CLIP (Wan2.1 I2V, FLF2V). No stage trains that branch: it "
            "would stay as it is beside a network that has changed. Start from Wan2.1 T2V of 1.3B or 14B."
        )
    transformer, head = checkpoint.build(weights, "cpu", torch.float32)
    if not head.proj.weight.any():  # the base had no head; one of zeros would never learn
        head.temporal_conv.reset_parameters()
        head.proj.reset_parameters()
    return Teacher(transformer, head, recipe.carries, recipe.answers).requires_grad_(True).train()


def base_source(clips: Path, base: Path, machines: Accelerator) -> Source:
    """The bank in a folder, encoded once by the base's autoencoder; words are read when they are drawn.

    All machines share the folder: the first one encodes, the others find what it left.
    """
    device = str(machines.device)
    bank = read_bank(clips)
    later = (bank.frames.shape[1] - 1) // STRIDE
    if bank.frames.shape[1] % STRIDE != 1:
        raise BadInput(f"The clips in {clips} have {bank.frames.shape[1]} frames; Wan's autoencoder takes 4n + 1.")
    vae = wan_vae.load(base / "vae", device, torch.float32)
    encoder = T5(base, device, torch.bfloat16 if device.startswith("cuda") else torch.float32)

    def follow_with_grey(frames: Tensor) -> Tensor:
        first = wan_vae.encode_first(vae, frames[0, :, 0], later)
        assert first.wake is not None
        return torch.cat([first.latent[:, None], first.wake], dim=1)[None]

    with machines.main_process_first():
        latents = encode_bank(clips, bank, lambda frames: wan_vae.encode(vae, frames).cpu())
        firsts = encode_bank(clips, bank, follow_with_grey, "firsts.npy")
    return Source(
        bank,
        latents,
        torch.tensor(firsts[0, :, -1], dtype=torch.float32),
        lambda words: encoder(" ".join(words))[0].float().cpu(),
        device,
        firsts=firsts,
    )
