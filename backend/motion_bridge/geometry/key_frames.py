"""Which frames are worth a render: chosen from geometry alone, before anything is rendered.

A pixel of a frame is never seen when no key frame shows its point. Key frames are added, each where it shows the most
of what is missing, until no frame has more than a share of such pixels (greedy set cover, Chvátal 1979).
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..shot import Shot
from .correspondence import follow
from .scene import Scene, scene_of
from .visible_surfaces import Surfaces

THRESHOLD = 0.005  # of the picture, never seen
LONGEST = 256  # pixels, of the pictures that are compared
SAMPLES = 48  # frames that are compared at first, spread over the Shot
MOST = 300  # frames that are compared in the end; of a longer Shot as many, spread over it
CANDIDATES = 12  # frames that are tried for each key frame
KEPT = 96  # frames whose surfaces stay in memory, 1 MB each


@dataclass(frozen=True)
class KeyFrames:
    """What was chosen."""

    positions: tuple[int, ...]  # in Shot.frames, rising; the first is 0
    never_seen: NDArray[np.float64]  # (T,) share of each frame that no key frame shows; nan where it was not asked

    def sentence(self, frames: int, threshold: float) -> str:
        """What to say before anything is rendered."""
        count = len(self.positions)
        said = f"{count} of {frames} frame{'s' if frames != 1 else ''} will be rendered"
        if count == frames:
            return f"{said}: every frame shows more than {threshold:.1%} that no other one does. Raise the threshold."
        return f"{said}."


def every(count: int, step: int) -> tuple[int, ...]:
    """Every so many frames of a Shot of `count`, and its last one."""
    return tuple(sorted({*range(0, count, max(1, step)), count - 1}))


def choose(
    shot: Shot,
    threshold: float = THRESHOLD,
    given: tuple[int, ...] = (0,),
    most: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> KeyFrames:
    """The key frames without which some frame would have more than `threshold` of it never seen.

    given: positions that are key frames anyway; the first frame always is. most: so many in all, and no more, whatever
    is still missing then. progress may raise to stop it.
    """
    coverage = _Coverage(_smaller(shot), progress)
    keys = sorted({0, *given})
    count = len(shot.frames)
    sampled = sorted({int(k) for k in np.linspace(0, count - 1, min(count, SAMPLES))})
    compared = sorted({int(k) for k in np.linspace(0, count - 1, min(count, MOST))})
    for asked in (sampled, compared):
        missing = {k: coverage.never_seen(k, keys) for k in asked}
        while missing[worst := max(missing, key=lambda k: missing[k].mean())].mean() > threshold:
            if most is not None and len(keys) >= most:
                break
            key = coverage.best(worst, missing, threshold, keys)
            keys = sorted({*keys, key})
            for k in missing:
                if missing[k].any():
                    missing[k] &= ~coverage.seen(k, key)
    keys = _without_needless(coverage, keys, {0, *given}, threshold, compared)
    shares = np.full(count, np.nan)
    for k in compared:
        shares[k] = coverage.never_seen(k, keys).mean()
    return KeyFrames(tuple(keys), shares)


def _without_needless(
    coverage: "_Coverage", keys: list[int], given: set[int], threshold: float, compared: list[int]
) -> list[int]:
    """The key frames without those whose share others took over, last chosen first."""
    for key in [key for key in keys if key not in given]:
        others = [other for other in keys if other != key]
        if all(coverage.never_seen(k, others).mean() <= threshold for k in compared):
            keys = others
    return keys


class _Coverage:
    """What frames show of each other; every pair is worked out once."""

    def __init__(self, shot: Shot, progress: Callable[[int, int], None]) -> None:
        self._scene: Scene = scene_of(shot)
        self._count, self._progress = len(shot.frames), progress
        self._drawn = 0
        self._surfaces: OrderedDict[int, Surfaces] = OrderedDict()
        self._seen: dict[tuple[int, int], NDArray[np.uint8]] = {}

    def surfaces(self, k: int) -> Surfaces:
        if k not in self._surfaces:
            self._surfaces[k] = self._scene.surfaces(k)
            self._drawn += 1
            self._progress(min(self._drawn, self._count), self._count)
            if len(self._surfaces) > KEPT:
                self._surfaces.popitem(last=False)
        self._surfaces.move_to_end(k)
        return self._surfaces[k]

    def seen(self, k: int, key: int) -> NDArray[np.bool_]:
        """(H·W,) which pixels of frame k the key frame shows."""
        size = self.surfaces(k).index.size
        if k == key:
            return np.ones(size, bool)
        if (k, key) not in self._seen:
            found = follow(self._scene, k, key, self.surfaces(k), self.surfaces(key)).seen
            self._seen[k, key] = np.packbits(found)
        return np.unpackbits(self._seen[k, key], count=size).astype(bool)

    def never_seen(self, k: int, keys: list[int]) -> NDArray[np.bool_]:
        """(H·W,) which pixels of frame k no key frame shows."""
        missing = np.ones(self.surfaces(k).index.size, bool)
        for key in sorted(keys, key=lambda key: abs(key - k)):
            if not missing.any():
                break
            missing &= ~self.seen(k, key)
        return missing

    def best(self, worst: int, missing: dict[int, NDArray[np.bool_]], threshold: float, keys: list[int]) -> int:
        """The frame around the worst one that, as a key frame, leaves the least above the threshold."""
        before = max((key for key in keys if key < worst), default=-1)
        after = min((key for key in keys if key > worst), default=self._count)
        around = sorted(k for k in missing if before < k < after)
        spread = np.linspace(0, len(around) - 1, min(len(around), CANDIDATES)).round().astype(int)
        candidates = sorted({worst, *(around[at] for at in spread)})
        needy = [k for k in missing if missing[k].mean() > threshold]
        left = {}
        for key in candidates:
            rest = [(missing[k] & ~self.seen(k, key)).mean() for k in needy]
            left[key] = sum(max(share - threshold, 0) for share in rest), sum(rest)
        return min(left, key=lambda key: left[key])


def _smaller(shot: Shot) -> Shot:
    """The Shot at the size that is compared; one of maps stays as it is."""
    scale = LONGEST / max(shot.width, shot.height)
    if scale >= 1 or shot.geometry is None:
        return shot
    width, height = max(1, round(shot.width * scale)), max(1, round(shot.height * scale))
    lens = np.diag([width / shot.width, height / shot.height, 1.0]) @ shot.camera.intrinsics
    return replace(shot, width=width, height=height, camera=replace(shot.camera, intrinsics=lens))
