"""Joint guidance by text and motion (arXiv 2511.01266, equation 5).

    v = v_base + w_t · (v(t, m) − v(∅, m)) + w_m · (v(t, m) − v(t, ∅))
    v_base = α · v(∅, m) + (1 − α) · v(t, ∅),   α = w_t / (w_t + w_m)

It takes three evaluations a step; the student has it distilled in and takes one.
"""

from dataclasses import dataclass

from torch import Tensor

TEXT_WEIGHT = 3.0
MOTION_WEIGHT = 1.5


@dataclass(frozen=True)
class Coefficients:
    """The same sum with its terms collected; the three add to one."""

    both: float
    no_text: float
    no_motion: float


def coefficients(text_weight: float = TEXT_WEIGHT, motion_weight: float = MOTION_WEIGHT) -> Coefficients:
    alpha = text_weight / (text_weight + motion_weight)
    return Coefficients(text_weight + motion_weight, alpha - text_weight, 1 - alpha - motion_weight)


def guide(both: Tensor, no_text: Tensor, no_motion: Tensor, weights: Coefficients) -> Tensor:
    """The guided velocity from the velocities under (t, m), (∅, m) and (t, ∅)."""
    return weights.both * both + weights.no_text * no_text + weights.no_motion * no_motion
