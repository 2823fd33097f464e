"""Joint guidance is one weighted sum of three velocities."""

import torch
from motion_bridge.engines.motionstream.network.guidance import coefficients, guide


def test_the_coefficients_add_to_one():
    for text, motion in ((3.0, 1.5), (1.0, 0.0), (0.5, 7.0)):
        weights = coefficients(text, motion)
        assert abs(weights.both + weights.no_text + weights.no_motion - 1) < 1e-12


def test_the_sum_is_the_papers_formula():
    torch.manual_seed(0)
    both, no_text, no_motion = torch.randn(3, 5).double()
    alpha = 3.0 / 4.5
    base = alpha * no_text + (1 - alpha) * no_motion
    written_out = base + 3.0 * (both - no_text) + 1.5 * (both - no_motion)
    torch.testing.assert_close(guide(both, no_text, no_motion, coefficients()), written_out)
