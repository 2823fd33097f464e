"""The full size: networks, latents and words from a folder of Wan's own weights, in the layout diffusers saves.

    transformer/ vae/ text_encoder/ tokenizer/

The teacher begins with the transformer there (Wan's own are widened for mask, first frame and tracks), latents come
from its autoencoder, words from its text encoder. The stages are those of the sketch under recipe.FULL. accelerate
starts one process for each card and says which precision they compute in; state.py shards what is trained (FSDP2):

    accelerate launch --multi_gpu --num_processes 32 --mixed_precision bf16 \\
        -m training video teacher --base Wan2.1-I2V --folder runs/full --steps 4800
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

from .bank import encode_bank, read_bank
from .batch import Source
from .recipe import Recipe


def base_teacher(recipe: Recipe, base: Path) -> Teacher:
    """The teacher before its first step, in float32, as which it is trained. BadInput lists what does not fit."""
    transformer, head = checkpoint.build(checkpoint.load(base / "transformer"), "cpu", torch.float32)
    if not head.proj.weight.any():  # the base had no head; one of zeros would never learn
        head.temporal_conv.reset_parameters()
        head.proj.reset_parameters()
    return Teacher(transformer, head, recipe.carries, recipe.answers).requires_grad_(True).train()


def base_source(folder: Path, base: Path, machines: Accelerator) -> Source:
    """The bank in folder/clips, encoded once by the base's autoencoder; words are read when they are drawn.

    All machines share the folder: the first one encodes, the others find what it left.
    """
    device = str(machines.device)
    bank = read_bank(folder / "clips")
    height, width = bank.frames.shape[2:4]
    if bank.frames.shape[1] % STRIDE != 1:
        raise BadInput(f"The clips in {folder} have {bank.frames.shape[1]} frames; Wan's autoencoder takes 4n + 1.")
    vae = wan_vae.load(base / "vae", device, torch.float32)
    encoder = T5(base, device, torch.bfloat16 if device.startswith("cuda") else torch.float32)
    first = wan_vae.encode_first(vae, torch.zeros(3, height, width), 1)
    with machines.main_process_first():
        latents = encode_bank(folder / "clips", bank, lambda frames: wan_vae.encode(vae, frames).cpu())
    return Source(
        bank,
        latents,
        first.grey,
        lambda words: encoder(" ".join(words))[0].float().cpu(),
        device,
    )
