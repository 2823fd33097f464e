"""The paper's conditioning learned at toy size: identities and head alone, nothing propagated, lesson by lesson.

Three things decide whether identities are learned at all within minutes (docs/motionstream.md has the runs): a patch of
one latent cell, because four identities in one token hide each other; gates that begin open, where Wan's begin at a
tenth; and a head that begins by passing on the newest of its four frames, with attention that begins sharp enough to
tell identities apart. The first lessons ask for the clean clip from
pure noise (regression at sigma 1), which is where the tracks are all there is to go by; flow matching comes last.

The kinds of conditioning differ in nothing but what the network is told, so runs of one budget compare them.
"""

from dataclasses import dataclass, replace

import torch
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from motion_bridge.engines.motionstream.network.prediction_type import REST
from motion_bridge.engines.motionstream.network.teacher import Teacher
from motion_bridge.engines.motionstream.network.track_head import TrackHead

from .batch import Omissions
from .clips import EVERY, TRANSLATIONS, Movement
from .recipe import SKETCH, Stage

GATES = (2, 5)  # rows of a block's scale_shift_table: after self-attention and after the feed-forward part
SHARP = 2.0  # gain of normalized queries and keys; Wan's own is 1
DENSE, SPARSE = Omissions(motion=0.1, stretch=0.0, most=0.0), Omissions(motion=0.1, stretch=0.2, most=0.3)


@dataclass(frozen=True)
class Kind:
    """What a network is told of the tracks."""

    carries: bool  # the first frame's features, propagated
    identities: bool  # the track map, through the head


KINDS = {
    "ids": Kind(carries=False, identities=True),
    "propagation": Kind(carries=True, identities=False),
    "both": Kind(carries=True, identities=True),
    "none": Kind(carries=False, identities=False),
}


@dataclass(frozen=True)
class Lesson:
    """A part of the curriculum; it begins with the weights that the one before it left."""

    name: str
    size: int  # pixels a side of the clips; one track for each latent cell
    latent_frames: int
    clips: int  # in a batch
    steps: int
    rate: float
    movement: Movement
    omissions: Omissions
    regression: bool  # at sigma 1 alone, or at all noise levels
    bank: int  # clips to draw from


LESSONS = (
    Lesson("follow", 32, 4, 16, 1800, 2.5e-3, TRANSLATIONS, DENSE, True, 4000),
    Lesson("turn", 32, 4, 16, 1200, 1.5e-3, EVERY, SPARSE, True, 4000),
    Lesson("grow", 64, 4, 4, 1500, 1e-3, EVERY, SPARSE, True, 2000),
    Lesson("denoise", 64, 6, 4, 3000, 5e-4, EVERY, SPARSE, False, 2000),
)

RECIPE = replace(
    SKETCH,
    transformer=dict(SKETCH.transformer, patch_size=(1, 1, 1), num_attention_heads=3, ffn_dim=288, num_layers=3),
    carries=False,
    answers=REST,
    teacher=Stage(((16, 4),), 2.5e-3),
)


def beginner(kind: Kind) -> Teacher:
    """A network before its first lesson; draws from torch's own generator."""
    transformer = WanTransformer3DModel(**RECIPE.transformer)
    head = TrackHead(64, 16)
    open_gates(transformer)
    sharpen(transformer)
    if kind.identities:
        pass_on_newest(head)
    else:
        silence(head)
    return Teacher(transformer, head, kind.carries, RECIPE.answers)


@torch.no_grad()
def open_gates(transformer: WanTransformer3DModel) -> None:
    """Let every block speak at full strength from the first step on."""
    for block in transformer.blocks:
        block.get_parameter("scale_shift_table")[:, GATES] = 1.0


@torch.no_grad()
def sharpen(transformer: WanTransformer3DModel) -> None:
    """Let self-attention tell apart what is only somewhat alike."""
    for block in transformer.blocks:
        for name in ("norm_q", "norm_k"):
            block.get_parameter(f"attn1.{name}.weight").fill_(SHARP)


@torch.no_grad()
def pass_on_newest(head: TrackHead) -> None:
    """Of each four frames the last one counts, until training says otherwise; the mix changes nothing."""
    head.temporal_conv.weight[:, :, :-1] = 0
    head.temporal_conv.weight[:, :, -1] *= 2  # four frames shared the variance
    assert head.temporal_conv.bias is not None and head.proj.bias is not None
    head.temporal_conv.bias.zero_()
    head.proj.weight.copy_(torch.eye(head.proj.out_channels)[..., None, None, None])
    head.proj.bias.zero_()


@torch.no_grad()
def silence(head: TrackHead) -> None:
    """A head that never says anything."""
    for tensor in head.parameters():
        tensor.zero_()
    head.requires_grad_(False)
