"""The seed of every frame, as Deforum's seed behaviors count them."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput

BEHAVIORS = ("iter", "fixed", "random", "ladder", "alternate", "schedule")
LARGEST = 2**32 - 1


def seeds(
    behavior: str, seed: int, frames: int, every: int = 1, schedule: NDArray[np.float64] | None = None
) -> list[int]:
    """One seed for each frame, the first of them for frame 0.

    every: of "iter", the frames that share a seed. schedule: of "schedule", one value for each frame; -1 there asks for
    a random seed. Random seeds depend on `seed` alone, so that a job can be resumed.
    """
    if behavior not in BEHAVIORS:
        raise BadInput(f"There is no seed behavior {behavior!r}; choose one of {', '.join(BEHAVIORS)}.")
    if every < 1:
        raise BadInput(f"seed_iter_N is {every}; it must be at least 1.")
    chance = np.random.default_rng(abs(seed)).integers(0, LARGEST, max(frames, 1), endpoint=True).tolist()
    if behavior == "random":
        return [seed, *chance[1:]][:frames]
    if behavior == "schedule":
        if schedule is None or len(schedule) < frames:
            raise BadInput("The seed behavior 'schedule' needs a seed for every frame in seed_schedule.")
        return [int(value) if value >= 0 else chance[k] for k, value in enumerate(schedule[:frames])]
    return list(islice(_counted(behavior, seed, every), frames))


def _counted(behavior: str, seed: int, every: int) -> Iterator[int]:
    up, down = {"iter": (1, 0), "fixed": (0, 0), "ladder": (2, -1), "alternate": (1, -1)}[behavior]
    turn = 0
    while True:
        yield seed
        if behavior == "iter":
            seed += up if turn % every == 0 else 0
        else:
            seed += up if turn % 2 == 0 else down
        turn += 1
