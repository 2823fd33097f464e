"""Curves through points: as Deforum's Quadratic and Cubic draw them, and as Parseq's C and P do.

A B-spline of degree k through n points: knots at the ends are repeated k+1 times; inside, the quadratic's stand
half-way between the points and the cubic leaves out the second and the last but one ("not a knot"). The coefficients
solve a banded system of totally positive basis values, so elimination needs no pivots.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def spline(x: Array, y: Array, degree: int, at: Array) -> Array:
    """The curve through points x (n,) rising, y (n,), with n > degree, at `at` (m,): (m,). degree is 2 or 3."""
    inside = (x[1:] + x[:-1])[1:-1] / 2 if degree == 2 else x[2:-2]
    knots = np.concatenate([np.repeat(x[0], degree + 1), inside, np.repeat(x[-1], degree + 1)])
    first, rows = _basis(knots, degree, x)
    coefficients = _solve(first, rows, y)
    first, rows = _basis(knots, degree, at)
    return (rows * coefficients[first[:, None] + np.arange(degree + 1)]).sum(axis=1)


def _basis(knots: Array, degree: int, at: Array) -> tuple[NDArray[np.intp], Array]:
    """The first basis function that is not zero at each place (m,), and the values of it and the next ones (m, k+1)."""
    span = np.clip(np.searchsorted(knots, at, side="right") - 1, degree, len(knots) - degree - 2)
    values = np.ones((len(at), 1))
    for k in range(1, degree + 1):  # Cox and de Boor, one degree at a time
        steps = np.arange(k)
        left, right = knots[span[:, None] + 1 - k + steps], knots[span[:, None] + 1 + steps]
        share = values / (right - left)
        grown = np.zeros((len(at), k + 1))
        grown[:, :-1] += (right - at[:, None]) * share
        grown[:, 1:] += (at[:, None] - left) * share
        values = grown
    return span - degree, values


def _solve(first: NDArray[np.intp], rows: Array, y: Array) -> Array:
    """Coefficients c with sum_j rows[i, j] * c[first[i] + j] = y[i]."""
    count, width = rows.shape
    reach = width - 1
    band = np.zeros((count, 2 * reach + 1))  # band[i, reach + j - i] is the matrix at row i, column j
    for i in range(count):
        band[i, reach + first[i] - i : reach + first[i] - i + width] = rows[i]
    right = y.astype(np.float64).copy()
    for i in range(count):
        for below in range(i + 1, min(i + reach + 1, count)):
            factor = band[below, reach + i - below] / band[i, reach]
            if factor:
                band[below, reach + i - below : 2 * reach + 1 + i - below] -= factor * band[i, reach:]
                right[below] -= factor * right[i]
    for i in range(count - 1, -1, -1):
        known = min(reach, count - 1 - i)
        right[i] = (right[i] - band[i, reach + 1 : reach + 1 + known] @ right[i + 1 : i + 1 + known]) / band[i, reach]
    return right


def natural(x: Array, y: Array, at: Array) -> Array:
    """The cubic curve through the points whose second derivative is zero at both ends, as Parseq's C draws it."""
    if len(x) < 3:
        return np.interp(at, x, y)
    step, slope = np.diff(x), np.diff(y) / np.diff(x)
    # The slopes k at the points solve a tridiagonal system, three numbers a row.
    rows = np.zeros((len(x), 3))
    rows[1:, 0] = rows[:-1, 2] = 1 / step
    rows[:-1, 1] += 2 / step
    rows[1:, 1] += 2 / step
    right = np.zeros(len(x))
    right[:-1] += 3 * slope / step
    right[1:] += 3 * slope / step
    k = _tridiagonal(rows, right)
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    u = (at - x[i]) / step[i]
    rise = slope[i] * step[i]
    bend = u * (1 - u) * ((k[i] * step[i] - rise) * (1 - u) + (rise - k[i + 1] * step[i]) * u)
    return y[i] + u * rise + bend


def _tridiagonal(rows: Array, right: Array) -> Array:
    rows, right = rows.copy(), right.copy()
    for i in range(1, len(right)):
        factor = rows[i, 0] / rows[i - 1, 1]
        rows[i, 1] -= factor * rows[i - 1, 2]
        right[i] -= factor * right[i - 1]
    for i in range(len(right) - 1, -1, -1):
        right[i] = (right[i] - (rows[i, 2] * right[i + 1] if i + 1 < len(right) else 0)) / rows[i, 1]
    return right


def through_all(x: Array, y: Array, at: Array) -> Array:
    """The polynomial through all points (Neville), as Parseq's P draws it."""
    level = [np.full(at.shape, value) for value in y]
    for k in range(1, len(x)):
        level = [
            ((at - x[i + k]) * level[i] + (x[i] - at) * level[i + 1]) / (x[i] - x[i + k]) for i in range(len(x) - k)
        ]
    return level[0]
