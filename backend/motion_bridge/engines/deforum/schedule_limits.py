"""Values of schedules that no picture can follow: a zoom of nothing, a lens without an angle, numbers without end.

Of the schedules that move, only those of the job's own motion are looked at, from its second frame on.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput
from ...schedules import Context, values
from .schedules import FOV, MOVING_2D, MOVING_3D, USED, known

FARTHEST = 1e6  # pixels, or steps of 1/200 unit, from one frame to the next
FLATTEST = 1e-4  # of tangents and factors; their reciprocal is the other end
TURNS = ("rotation_3d_x", "rotation_3d_y", "rotation_3d_z")

FLIP = tuple(f"perspective_flip_{name}" for name in ("theta", "phi", "gamma", "fv"))
ELSEWHERE = {*MOVING_2D, *MOVING_3D, *FLIP, "subseed_schedule"}  # schedules with limits of their own

Series = Mapping[str, NDArray[np.float64]]


def check(settings: Mapping[str, Any], schedules: Mapping[str, str], context: Context, frames: Sequence[int]) -> None:
    """BadInput names the first schedule and frame (by its number in `frames`) whose value is out of reach.

    settings: all of the engine's.
    """
    _check_motion(settings, schedules, context, frames)
    for name in schedules:
        if name in USED and name not in ELSEWHERE:
            series = values(schedules[name], context, name)
            _refuse(name, series, ~(np.abs(series) <= FARTHEST), frames, f"a value lies within {FARTHEST:g} of 0")


def _check_motion(
    settings: Mapping[str, Any], schedules: Mapping[str, str], context: Context, frames: Sequence[int]
) -> None:
    if settings["mode"] != "feedback" or settings["motion"] not in ("2D", "3D"):
        return
    names = _names(settings)
    defaults = known(settings["dialect"])
    series = {name: values(schedules.get(name, defaults[name]), context, name) for name in names}
    for name, bad, why in _faults(settings, series):
        bad[0] = False  # nothing moves into the first frame
        _refuse(name, series[name], bad, frames, why)


def _refuse(name: str, series: NDArray[np.float64], bad: NDArray[np.bool_], frames: Sequence[int], why: str) -> None:
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        raise BadInput(f"{name} is {series[at]:g} at frame {frames[at]}: {why}.")


def _names(settings: Mapping[str, Any]) -> tuple[str, ...]:
    flip = ("perspective_flip_fv",) if settings["perspective_flip"] else ()
    if settings["motion"] == "2D":
        return ("zoom", "translation_x", "translation_y", "transform_center_x", "transform_center_y", *flip)
    return ("translation_x", "translation_y", "translation_z", *TURNS, FOV, "aspect_ratio_schedule", *flip)


def _faults(settings: Mapping[str, Any], series: Series) -> Iterator[tuple[str, NDArray[np.bool_], str]]:
    for name in series:
        if name.startswith(("translation_", "transform_center_")):
            yield name, ~(np.abs(series[name]) <= FARTHEST), f"nothing is moved farther than {FARTHEST:g} in one frame"
    if settings["motion"] == "2D":
        yield (
            "zoom",
            _extreme(series["zoom"]),
            f"a zoom is a factor from {FLATTEST:g} to {1 / FLATTEST:g}; 1 stands still",
        )
    else:
        moves = np.any([series[name] != 0 for name in series if name.startswith(("translation_", "rotation_"))], axis=0)
        lens = _extreme(np.tan(np.radians(series[FOV]) / 2))
        yield FOV, lens & moves, "a lens has an angle between 0 and 180 degrees"
        aspect = _extreme(series["aspect_ratio_schedule"])
        yield "aspect_ratio_schedule", aspect & moves, f"an aspect is from {FLATTEST:g} to {1 / FLATTEST:g}"
    if settings["perspective_flip"]:
        lens = _extreme(np.tan(np.radians(series["perspective_flip_fv"]) / 2))
        yield "perspective_flip_fv", lens, "a lens has an angle between 0 and 180 degrees"


def _extreme(factor: NDArray[np.float64]) -> NDArray[np.bool_]:
    return ~((np.abs(factor) >= FLATTEST) & (np.abs(factor) <= 1 / FLATTEST))
