"""What differs between a toy and the full size: networks, batches, rates. The stages themselves are the same code.

FULL is the paper's recipe (arXiv 2511.01266, appendix) for 32 cards; SKETCH is what two processor cores can do in an
afternoon.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from motion_bridge.engines.motionstream.network.guidance import Coefficients, coefficients
from motion_bridge.engines.motionstream.network.prediction_type import REST, VELOCITY
from motion_bridge.engines.motionstream.network.sampler import SHIFT, sigmas
from motion_bridge.engines.motionstream.network.sketch_config import TRANSFORMER

from .batch import USUAL, Omissions

WHOLE_TRACKS = replace(USUAL, stretch=0.0)


@dataclass(frozen=True)
class Stage:
    """One kind of training."""

    sizes: tuple[tuple[int, int], ...]  # clips (on each device) and latent frames of a batch, in turn
    rate: float | Mapping[str, float]  # learning rate, or one for each part
    omissions: Omissions = USUAL  # what the teacher learns to do without


@dataclass(frozen=True)
class Recipe:
    transformer: Mapping[str, Any]  # WanTransformer3DModel's configuration
    carries: bool  # the first frame's features are propagated along the tracks
    answers: str  # answer.MEANINGS
    shift: float  # of noise levels towards more noise
    faint: float  # noise level below which the clean clip's error counts, not the velocity's
    steps: int  # of the student
    way: int  # teacher steps of a trajectory; a multiple of steps, so that the student's levels are on it
    guidance: Coefficients  # of trajectories and of the real score
    every: int  # critic steps for each step of the student
    teacher: Stage
    teacher2: Stage
    causal: Stage
    ode: Stage
    dmd: Stage

    @property
    def levels(self) -> list[float]:
        """The student's noise levels."""
        return sigmas(self.steps, self.shift)


SKETCH = Recipe(
    transformer=TRANSFORMER,
    carries=True,
    answers=REST,
    shift=3.0,  # fewer cells than the paper's 6,240 need less noise to be destroyed
    faint=0.4,
    steps=3,
    way=6,
    guidance=coefficients(),
    every=5,
    teacher=Stage(((5, 9), (5, 9), (5, 9), (3, 15)), 1e-3),
    teacher2=Stage(((5, 9), (3, 15)), 1e-4),
    causal=Stage(((3, 9), (3, 9), (2, 15)), 5e-4),
    ode=Stage(((3, 9),), 1e-4),
    dmd=Stage(((2, 15),), {"streamer": 2e-5, "critic": 4e-5}),
)

FULL = Recipe(
    transformer=dict(
        patch_size=(1, 2, 2),
        num_attention_heads=12,
        attention_head_dim=128,
        in_channels=16 + 4 + 16 + 16,
        out_channels=16,
        text_dim=4096,
        freq_dim=256,
        ffn_dim=8960,
        num_layers=30,
        rope_max_seq_len=1024,
    ),
    carries=False,
    answers=VELOCITY,
    shift=SHIFT,
    faint=0.0,
    steps=3,
    way=48,
    guidance=coefficients(),
    every=5,
    teacher=Stage(((4, 21),), 1e-5, WHOLE_TRACKS),  # 4.8K steps on real clips
    teacher2=Stage(((4, 21),), 1e-6),  # 800 on synthetic ones
    causal=Stage(((2, 21),), 2e-6),
    ode=Stage(((2, 21),), 2e-6),  # 2K steps on 4,000 trajectories
    dmd=Stage(((2, 21),), {"streamer": 2e-6, "critic": 4e-7}),  # 400 steps of the student
)
