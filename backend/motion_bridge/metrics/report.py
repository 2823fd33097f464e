"""A made video beside the true one: does it follow, is it like it, does it wear out.

Points are followed by a tracker that was calibrated on the true video (calibration.py), from the true places in the
first frame, and count while they have been visible all the way. Pictures are compared where they show what the first
frame showed: nobody can know the rest.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..geometry.correspondence import where_was
from ..shot import Shot
from .calibration import Calibration, calibrate
from .consistency import along_tracks, jitter
from .drift import appearance, slope
from .similarity import psnr, ssim
from .smoothness import seam
from .tracker import Tracker, Video, lucas_kanade_in_color, seen_so_far

MOVES = 1.0  # pixels: what goes less far from its first place counts as being at rest
BEST = 60.0  # decibels: equal pictures count as this

Distance = Callable[[Video, Video], NDArray[np.float64]]  # (T,) of two videos, such as perceptual.distance


@dataclass(frozen=True)
class Judgement:
    """Errors in pixels, likeness as usual, the rest in gray levels; nan where nothing could be compared."""

    frames: int
    epe: float  # of points that move
    floor: float  # the same for the true video
    still: float  # the same for a picture that stands still
    rest: float  # of points that stand still
    points: int  # that move and can be followed
    trusted: float  # their share of all that move
    psnr: float
    psnr_still: float
    ssim: float
    ssim_still: float
    consistency: float
    consistency_true: float
    jitter: float
    jitter_true: float
    seam: float
    seam_true: float
    slopes: dict[str, float]  # for every 12 frames, of the made video less those of the true one
    lpips: float | None = None  # None without weights

    @property
    def share(self) -> float:
        """The error as a part of the still picture's."""
        return self.epe / self.still

    def numbers(self) -> dict:
        return {**asdict(self), "share": self.share}


class Truth:
    """A scene with everything that is known of it."""

    def __init__(
        self,
        shot: Shot,
        video: Video,
        distance: Distance | None = None,
        tracker: Tracker = lucas_kanade_in_color,
    ):
        """The Shot needs tracks and depth. distance: of whole pictures, where there is one."""
        assert shot.tracks is not None
        self.shot, self.video, self.distance = shot, video, distance
        self.points, self.visible = np.array(shot.tracks.xy), np.array(shot.tracks.visible)
        seen = seen_so_far(self.visible)
        seen[:, 0] = False
        self.moving = _moving(self.points, seen)
        self.calibration = calibrate(video, self.points, self.visible, tracker)
        self.counted = seen & self.calibration.trusted[:, None]

    @cached_property
    def covisible(self) -> NDArray[np.bool_]:
        """(T, H, W): pixels that show what the first frame showed."""
        return np.stack([where_was(self.shot, k, 0)[1] for k in range(len(self.video))])

    @cached_property
    def still(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """PSNR and SSIM of the first frame against every frame."""
        return _likeness(np.broadcast_to(self.video[:1], self.video.shape), self.video, self.covisible)


class Beside:
    """A made video beside the true one, frame by frame; `until` sums up its beginning."""

    def __init__(self, made: Video, truth: Truth):
        self.made, self.truth = made, truth
        self.paths = truth.calibration.tracker(made, truth.points[:, 0])
        self.off = np.linalg.norm(self.paths - truth.points, axis=-1)
        self.psnr, self.ssim = _likeness(made, truth.video, truth.covisible)
        self.lpips = truth.distance(made, truth.video) if truth.distance else None

    def errors(self, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The mean error in each frame of some of the points (N,); nan where none counts."""
        return _by_frame(self.off, self.truth.counted & chosen[:, None])

    def until(self, frames: int) -> Judgement:
        """The judgment on the first so many frames."""
        truth, made, true = self.truth, self.made[:frames], self.truth.video[:frames]
        counted = truth.counted[:, :frames]
        moving, resting = counted & truth.moving[:, None], counted & ~truth.moving[:, None]
        far = np.linalg.norm(truth.points - truth.points[:, :1], axis=-1)[:, :frames]
        still_psnr, still_ssim = truth.still
        slopes = {name: slope(values) - slope(appearance(true)[name]) for name, values in appearance(made).items()}
        slopes["EPE"] = slope(self.errors(truth.moving)[:frames])
        slopes["PSNR"] = slope(self.psnr[1:frames])
        return Judgement(
            frames=frames,
            epe=_mean(self.off[:, :frames][moving]),
            floor=_mean(truth.calibration.errors[:, :frames][moving]),
            still=_mean(far[moving]),
            rest=_mean(self.off[:, :frames][resting]),
            points=int((moving.any(1)).sum()),
            trusted=float((truth.calibration.trusted & truth.moving).sum() / max(truth.moving.sum(), 1)),
            psnr=_mean(self.psnr[1:frames]),
            psnr_still=_mean(still_psnr[1:frames]),
            ssim=_mean(self.ssim[1:frames]),
            ssim_still=_mean(still_ssim[1:frames]),
            consistency=_mean(along_tracks(made, truth.points[:, :frames], truth.visible[:, :frames])),
            consistency_true=_mean(along_tracks(true, truth.points[:, :frames], truth.visible[:, :frames])),
            jitter=jitter(self.paths[:, :frames], moving),
            jitter_true=jitter(truth.calibration.paths[:, :frames], moving),
            seam=seam(made),
            seam_true=seam(true),
            slopes=slopes,
            lpips=None if self.lpips is None else _mean(self.lpips[1:frames]),
        )


def judge(made: Video, truth: Truth) -> Judgement:
    """The judgment on a whole video."""
    return Beside(made, truth).until(len(made))


@dataclass(frozen=True)
class Part:
    """Errors of a part of a video, followed from the true places in the part's first frame; pixels."""

    epe: float
    floor: float
    still: float


def part(made: Video, truth: Truth, frames: range, chosen: NDArray[np.bool_] | None = None) -> Part:
    """A part of a video by itself, without what went wrong before it. chosen: only these points (N,)."""
    inside = slice(frames.start, frames.stop)
    points, seen = truth.points[:, inside], seen_so_far(truth.visible[:, inside])
    calibration = calibrate(truth.video[inside], points, truth.visible[:, inside], truth.calibration.tracker)
    seen[:, 0] = False
    counted = seen & (calibration.trusted if chosen is None else calibration.trusted & chosen)[:, None]
    off = np.linalg.norm(calibration.tracker(made[inside], points[:, 0]) - points, axis=-1)
    far = np.linalg.norm(points - points[:, :1], axis=-1)
    return Part(_mean(off[counted]), _mean(calibration.errors[counted]), _mean(far[counted]))


def following_error(
    video: Video, points: NDArray[np.floating], visible: NDArray[np.bool_], calibration: Calibration
) -> float:
    """How far the points that are told to move are from these tracks, on average in pixels.

    points: (N, T, 2), which start where the calibrated ones do; visible: (N, T).
    """
    seen = seen_so_far(visible)
    seen[:, 0] = False
    counted = seen & (_moving(points, seen) & calibration.trusted)[:, None]
    off = np.linalg.norm(calibration.tracker(video, points[:, 0]) - points, axis=-1)
    return _mean(off[counted])


def mean(found: list[Judgement]) -> Judgement:
    """The means of several; where one has no number, of the others."""
    rows = [asdict(one) for one in found]
    names = [name for name, value in rows[0].items() if isinstance(value, float)]
    values = {name: _mean(np.array([row[name] for row in rows])) for name in names}
    slopes = {name: _mean(np.array([row["slopes"][name] for row in rows])) for name in rows[0]["slopes"]}
    return replace(found[0], **values, slopes=slopes, points=sum(row["points"] for row in rows))


def _moving(points: NDArray[np.floating], seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which points (N,) go far from their first places while they are seen."""
    far = np.linalg.norm(points - points[:, :1], axis=-1)
    return np.where(seen, far, 0).max(1) > MOVES


def _likeness(one: Video, other: Video, mask: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    each = list(zip(one, other, mask, strict=True))
    return np.array([min(BEST, psnr(*three)) for three in each]), np.array([ssim(*three) for three in each])


def _by_frame(values: NDArray[np.floating], counted: NDArray[np.bool_]) -> NDArray[np.float64]:
    count = counted.sum(0)
    return np.where(count, (values * counted).sum(0) / np.maximum(count, 1), np.nan)


def _mean(values: NDArray[np.floating]) -> float:
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else float("nan")
