"""Did a video obey the Shot? Its true points are followed through it, and its camera is found from them.

The points of the first frame are known exactly, in the picture and in the world. A tracker follows them through the
video; what it loses is told apart, not guessed. Beside each number stand two that need no model: *still*, for a picture
that does not move, and *floor*, for the same tracker on the renderer's own frames. Poses come from the followed points
and their places in the world (PnP), so they are in degrees and scene units, with no alignment and no free scale.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..camera_formats.path import inverse, rotation_vector
from ..camera_formats.points import static_points
from ..errors import BadInput
from ..geometry.correspondence import where_was
from ..shot import Shot
from .similarity import psnr

Picture = NDArray[np.uint8]
Array = NDArray[np.floating]

WINDOW, LEVELS = 15, 4  # of the tracker: pixels, and halvings of the picture
AGREE = 0.5  # pixels of 832 that a point followed forth and back may be off
CLOSE = 2.0  # pixels of 832 within which a point counts as right
TEXTURE = 1e-5  # least eigenvalue of the image gradient under a point that can be followed
WIDTH = 832  # pixels that AGREE and CLOSE are of
FEWEST = 8  # points for a pose
COMPARED = 24  # frames whose pixels are compared, at most


@dataclass(frozen=True)
class Following:
    """How far followed points are from where they should be, in pixels."""

    mean: float
    median: float
    close: float  # share of them within CLOSE
    points: int  # times frames


@dataclass(frozen=True)
class Poses:
    """The video's camera beside the Shot's, over the frames in which it was found."""

    frames: NDArray[np.intp]  # positions in the Shot
    degrees: Array  # between the two directions
    units: Array  # between the two places, scene units
    travel: float  # how far it went, as a part of how far it should have gone; nan where it should have stayed


@dataclass(frozen=True)
class Obedience:
    """What a video made of a Shot's motion."""

    frames: int
    error: Following
    still: Following
    floor: Following | None  # of the renderer's own frames, where they were given
    by_object: Mapping[str, float]  # mean error
    by_frame: Array  # (T,) mean error; nan where nothing was followed
    poses: Poses | None  # None where too few still points were followed
    published: Mapping[str, float]  # RotErr, TransErr and CamMC by three definitions
    covisible: float | None  # dB between the moved first frame and each frame; None without geometry or depth
    covisible_wrong: float | None  # the same with another frame's motion
    notices: tuple[str, ...]


def judge(
    shot: Shot, video: Iterable[Picture], fps: float | None = None, reference: Iterable[Picture] | None = None
) -> Obedience:
    """Follow a video. video: pictures (H, W, 3) uint8 of one size, read one at a time.

    fps: the video's rate; the Shot's if not given. reference: the renderer's own frames, at the Shot's rate. BadInput
    where the Shot has no tracks or the video is too short to tell.
    """
    if shot.tracks is None or not len(shot.tracks.name):
        raise BadInput("This Shot has no tracks to judge by; write it again with the grid, or with objects to follow.")
    notices: list[str] = []
    true, visible = np.asarray(shot.tracks.xy, np.float64), np.asarray(shot.tracks.visible, bool)
    pictures = _at_shots_times(shot, video, fps or shot.fps, notices)
    compared = _Compared(shot)
    paths, known = _follow(compared.watch(_sized(shot, pictures, notices)), true[:, 0], visible[:, 0], shot.width)
    count = paths.shape[1]
    if count < 2:
        raise BadInput("The video has one frame within the Shot; two at least are needed to see motion.")
    if count < len(shot.frames):
        notices.append(f"The video shows {count} of the Shot's {len(shot.frames)} frames; only those are judged.")
    true, seen = true[:, :count], np.logical_and.accumulate(visible[:, :count], axis=1)
    counted = known & seen
    counted[:, 0] = False
    if not counted.any():
        raise BadInput("Nothing in the video could be followed: there is no texture where the Shot's points are.")
    off = np.linalg.norm(paths - true, axis=-1)
    names = np.array(shot.tracks.name)
    floor = None
    if reference is not None:
        own, found = _follow(_sized(shot, islice(reference, count), []), true[:, 0], visible[:, 0], shot.width)
        both = counted[:, : own.shape[1]] & found
        floor = _following(np.linalg.norm(own - true[:, : own.shape[1]], axis=-1)[both], shot.width)
    poses, published = _poses(shot, paths, counted)
    return Obedience(
        count,
        _following(off[counted], shot.width),
        _following(np.linalg.norm(true - true[:, :1], axis=-1)[counted], shot.width),
        floor,
        {str(name): float(off[names == name][counted[names == name]].mean()) for name in _named(names, counted)},
        np.where(counted.any(0), (off * counted).sum(0) / np.maximum(counted.sum(0), 1), np.nan),
        poses,
        published,
        *compared.result(),
        tuple(notices),
    )


def _named(names: NDArray[Any], counted: NDArray[np.bool_]) -> list[str]:
    return sorted(set(names[counted.any(1)]))


def _following(off: Array, width: int) -> Following:
    if not len(off):
        return Following(float("nan"), float("nan"), float("nan"), 0)
    close = float((off <= CLOSE * width / WIDTH).mean())
    return Following(float(off.mean()), float(np.median(off)), close, len(off))


def _at_shots_times(shot: Shot, video: Iterable[Picture], fps: float, notices: list[str]) -> Iterator[Picture]:
    """The video's picture at the time of each of the Shot's frames, as far as it lasts."""
    if not (np.isfinite(fps) and fps > 0):
        raise BadInput(f"The video's rate is {fps:g} frames a second; it must be positive.")
    if abs(fps - shot.fps) > 1e-3 * shot.fps:
        notices.append(f"The video has {fps:g} frames a second, the Shot {shot.fps:g}: the nearest in time are taken.")
    wanted = np.rint((np.array(shot.frames) - shot.frames[0]) / shot.fps * fps).astype(int)
    coming, at, shown = iter(video), -1, None
    for place in wanted:
        while at < place:
            shown = next(coming, None)
            if shown is None:
                return
            at += 1
        if shown is not None:
            yield shown


def _sized(shot: Shot, pictures: Iterable[Picture], notices: list[str]) -> Iterator[Picture]:
    """Pictures at the Shot's size; the whole picture is stretched to it."""
    for number, picture in enumerate(pictures):
        height, width = picture.shape[:2]
        if (width, height) != (shot.width, shot.height):
            if not number:
                notices.append(f"The video is {width}x{height}; it is scaled to the Shot's {shot.width}x{shot.height}.")
                if abs(width / height / (shot.width / shot.height) - 1) > 0.01:
                    notices.append("Its shape is another one: if it was cropped rather than stretched, this is unfair.")
            fitted = cv2.resize(picture, (shot.width, shot.height), interpolation=cv2.INTER_AREA)
            picture = np.asarray(fitted, np.uint8)
        yield picture


def _follow(
    pictures: Iterable[Picture], start: Array, visible: NDArray[np.bool_], width: int
) -> tuple[Array, NDArray[np.bool_]]:
    """Pyramidal Lucas–Kanade from frame to frame: (N, T, 2) pixels, and where a point is still held (N, T).

    A point is dropped for good where following it back does not lead to where it came from.
    """
    paths: list[Array] = [np.asarray(start, np.float64)]
    known: list[NDArray[np.bool_]] = []
    before: NDArray[np.uint8] | None = None
    held = visible.copy()
    for picture in pictures:
        now = np.asarray(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY), np.uint8)
        if before is None:
            held &= _textured(now, start)
        else:
            forth = _step(before, now, paths[-1])
            back = _step(now, before, forth)
            held = held & (np.linalg.norm(back - paths[-1], axis=-1) < AGREE * width / WIDTH)
            height, across = now.shape
            held &= (forth >= 0).all(-1) & (forth[:, 0] < across) & (forth[:, 1] < height)
            paths.append(forth)
        known.append(held.copy())
        before = now
    if not known:
        raise BadInput("The video holds no frames.")
    return np.stack(paths, axis=1), np.stack(known, axis=1)


def _step(one: NDArray[np.uint8], other: NDArray[np.uint8], points: Array) -> Array:
    start = np.asarray(points - 0.5, np.float32)[:, None]
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 0.002)
    size = (WINDOW, WINDOW)
    found, _, _ = cv2.calcOpticalFlowPyrLK(
        one, other, start, np.empty_like(start), winSize=size, maxLevel=LEVELS, criteria=stop
    )
    return found[:, 0].astype(np.float64) + 0.5


def _textured(picture: NDArray[np.uint8], points: Array) -> NDArray[np.bool_]:
    """Whether the picture under each point has corners to hold on to."""
    strength = cv2.cornerMinEigenVal(picture, WINDOW // 2, ksize=3)
    height, width = picture.shape
    x = np.clip(np.nan_to_num(points[:, 0]), 0, width - 1).astype(int)
    y = np.clip(np.nan_to_num(points[:, 1]), 0, height - 1).astype(int)
    return strength[y, x] > TEXTURE


def _poses(shot: Shot, paths: Array, counted: NDArray[np.bool_]) -> tuple[Poses | None, dict[str, float]]:
    """The camera from the followed points that stand still in the world, frame by frame."""
    if np.any(shot.camera.orthographic):
        return None, {}
    found = static_points(shot)
    frames, poses = [], []
    for k in range(1, paths.shape[1]):
        held = counted[found.track, k]
        pose = _pose(found.xyz[held], paths[found.track[held], k], np.asarray(shot.camera.intrinsics[k]))
        if pose is not None:
            frames.append(k)
            poses.append(pose)
    if not frames:
        return None, {}
    true = np.asarray(shot.camera.pose, np.float64)
    first, mine, theirs = true[0], np.array(poses), true[frames]
    turn = theirs[:, :3, :3].transpose(0, 2, 1) @ mine[:, :3, :3]
    moved, should = mine[:, :3, 3] - first[:3, 3], theirs[:, :3, 3] - first[:3, 3]
    total = float((should**2).sum())
    result = Poses(
        np.array(frames),
        np.degrees(np.linalg.norm(rotation_vector(turn), axis=-1)),
        np.linalg.norm(mine[:, :3, 3] - theirs[:, :3, 3], axis=-1),
        float((moved * should).sum() / total) if total > 1e-12 else float("nan"),
    )
    return result, _published(inverse(first) @ mine, inverse(first) @ theirs)


def _pose(xyz: Array, pixels: Array, intrinsics: Array) -> Array | None:
    """A camera-to-world pose (4, 4) from points in the world and in the picture; None where they do not give one."""
    if len(xyz) < FEWEST or np.linalg.matrix_rank(xyz - xyz.mean(0), tol=1e-6) < 2:
        return None
    center = xyz.mean(0)  # far from the origin numbers would lose digits
    focal = intrinsics[0, 0]
    plain = np.diag([focal, focal, 1.0])  # OpenCV's camera knows no shear and no other pixel's shape
    local = np.column_stack([pixels, np.ones(len(pixels))]) @ np.linalg.inv(intrinsics).T
    object_points, image = np.ascontiguousarray(xyz - center), np.ascontiguousarray(local[:, :2] * focal)
    fine, turn, place, inside = cv2.solvePnPRansac(
        object_points, image, plain, None, reprojectionError=4.0, confidence=0.999, flags=cv2.SOLVEPNP_SQPNP
    )
    if not fine or inside is None or len(inside) < FEWEST:
        return None
    chosen = np.asarray(inside[:, 0], np.intp)
    turn, place = cv2.solvePnPRefineLM(object_points[chosen], image[chosen], plain, None, turn, place)
    world = np.eye(4)
    world[:3, :3] = cv2.Rodrigues(turn)[0]
    world[:3, 3] = place[:, 0] - world[:3, :3] @ center
    return inverse(world)


def _published(mine: Array, true: Array) -> dict[str, float]:
    """The errors that papers report, of poses relative to the first frame (T, 4, 4), each by its own definition.

    CameraCtrl's family as CamI2V computes it sums over frames, in radians; WorldScore and SANA-WM take the mean, in
    degrees. They ignore the scale, each in its own way, so they cannot be compared with each other.
    """
    angle = np.linalg.norm(rotation_vector(mine[:, :3, :3].transpose(0, 2, 1) @ true[:, :3, :3]), axis=-1)
    a, b = mine[:, :3, 3], true[:, :3, 3]
    longest = [max(float(np.linalg.norm(each, axis=-1).max()), 1e-9) for each in (a, b)]
    apart = np.linalg.norm(a / longest[0] - b / longest[1], axis=-1)
    scale = float((a * b).sum() / max(float((b * b).sum()), 1e-12))
    both = np.concatenate([mine[:, :3, :3] - true[:, :3, :3], (a / longest[0] - b / longest[1])[..., None]], axis=-1)
    return {
        "RotErr (CamI2V, sum, rad)": float(angle.sum()),
        "TransErr (CamI2V relative, sum)": float(apart.sum()),
        "CamMC (CamI2V relative, sum)": float(np.linalg.norm(both, axis=(1, 2)).sum()),
        "RotErr (WorldScore, mean, degrees)": float(np.degrees(angle.mean())),
        "TransErr (WorldScore, scale fitted, mean)": float(np.linalg.norm(a - scale * b, axis=-1).mean()),
        "RotErr (SANA-WM, mean, degrees)": float(np.degrees(angle.mean())),
        "TransErr (SANA-WM, mean)": float(apart.mean()),
    }


class _Compared:
    """Pixels that show what the first frame showed, compared with it: where they are, and where they are not."""

    def __init__(self, shot: Shot):
        self._shot = shot
        self._true: list[float] = []
        self._wrong: list[float] = []
        self._known = shot.geometry is not None or shot.depth is not None

    def watch(self, pictures: Iterable[Picture]) -> Iterator[Picture]:
        """Pass the pictures on, looking at some."""
        count = len(self._shot.frames)
        chosen = set(np.linspace(1, count - 1, min(COMPARED, count - 1)).astype(int).tolist()) if count > 1 else set()
        first: Picture | None = None
        for k, picture in enumerate(pictures):
            first = picture if first is None else first
            if self._known and k in chosen:
                other = 1 + (k - 1 + count // 2) % (count - 1) if count > 2 else 0
                self._true.append(self._likeness(first, picture, k))
                self._wrong.append(self._likeness(first, picture, other))
            yield picture

    def result(self) -> tuple[float | None, float | None]:
        if not self._true or not np.isfinite(self._true).any():
            return None, None
        return float(np.nanmean(self._true)), float(np.nanmean(self._wrong))

    def _likeness(self, first: Picture, picture: Picture, k: int) -> float:
        """dB between a picture and the first one moved as frame k is."""
        place, seen = where_was(self._shot, k, 0)
        if not seen.any():
            return float("nan")
        x, y = np.nan_to_num(place - 0.5).astype(np.float32).transpose(2, 0, 1)
        moved = cv2.remap(first, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return min(60.0, float(psnr(np.asarray(moved, np.uint8), picture, seen)))
