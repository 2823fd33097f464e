"""What a transformer's answer means: the velocity, as in Wan, or the rest.

The rest is what is missing from the picture a chunk was told (the first frame where it stands, carried along the
tracks where they are visible, gray elsewhere) to the clean one. A network that has learned nothing yet then already
shows what was carried, so a very small one has only the remainder to learn. That is the sketch's kind; the paper's is
the velocity.
"""

from torch import Tensor

from .conditioning import MASK_CHANNELS

MEANINGS = VELOCITY, REST = "velocity", "rest"
LEAST = 1e-3  # noise level


def velocity(answer: Tensor, noisy: Tensor, told: Tensor, sigma: Tensor, means: str) -> Tensor:
    """The velocity noise − clean of noisy (B, C, K, h, w), from the answer of that shape.

    told: condition.channels (B, 4 + C + …, K, h, w); sigma: noise levels, spread over noisy; means: one of MEANINGS.
    """
    if means == VELOCITY:
        return answer
    channels = noisy.shape[1]
    clean = told[:, MASK_CHANNELS : MASK_CHANNELS + channels] + answer
    return (noisy - clean) / sigma.clamp(min=LEAST)
