"""Parseq's curve through points is the natural cubic spline, however far apart the points are."""

import numpy as np
import pytest
from motion_bridge.schedules.spline import natural

X, Y = np.array([0.0, 3.0, 4.0, 10.0]), np.array([1.0, -2.0, 5.0, 0.5])


def test_it_passes_through_its_points_and_is_straight_at_both_ends():
    assert natural(X, Y, X) == pytest.approx(Y, abs=1e-12)
    for end in (0.0, 10.0):
        inward = 1e-3 if end == 0 else -1e-3
        near = natural(X, Y, end + inward * np.arange(3))
        assert abs(np.diff(near, 2)[0]) / inward**2 < 0.05  # 0 at the very end; the points' own bends are about 5


def test_slope_and_bend_go_on_across_every_point_of_unequal_spacing():
    step = 1e-3
    for point in X[1:-1]:
        before, after = (natural(X, Y, point + side * step * np.arange(4)) for side in (-1, 1))
        slopes = (before[0] - before[1]) / step, (after[1] - after[0]) / step
        bends = np.diff(before, 2)[0] / step**2, np.diff(after, 2)[0] / step**2
        assert slopes[0] == pytest.approx(slopes[1], abs=0.05)
        assert bends[0] == pytest.approx(bends[1], abs=0.1)


def test_no_curve_through_the_points_bends_less():
    """The natural spline has the least ∫ f″² of all curves through its points."""
    at = np.linspace(0, 10, 2001)
    curve = natural(X, Y, at)
    away = np.prod([at - x for x in X], axis=0)  # zero at every point
    bending = [np.sum(np.diff(curve + share * away, 2) ** 2) for share in (-1e-3, 0, 1e-3)]
    assert bending[1] < min(bending[0], bending[2])
