"""Control videos for programs that run video models themselves: a folder or a movie that says what a model is told.

VACE and Time-to-Move call a mask by opposite colors: VACE draws where it is white, Time-to-Move holds what is white.
Each file stands at the program's own rate, in its count and at its size; docs/video.md describes them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..engines.video import (
    clip_plan,
    clip_scene,
    depth_control,
    edge_control,
    frame_size,
    known_pixels,
    normal_control,
    track_control,
)
from ..engines.video.clip_plan import ClipPlan
from ..engines.video.clip_scene import ClipScene
from ..engines.video.resize import resized
from ..errors import BadInput
from ..files.writing import write_named
from ..media import movie, png
from ..media.png import eight_bits
from ..model_registry.video_registry import FAMILIES
from ..shot import Shot

EXACT = 0  # H.264's rate factor that loses nothing
FINE = 8  # of pictures
LONGEST = 100_000  # frames of a clip: the program cuts it as it likes


Pictures = Iterable[NDArray[np.uint8]]  # (H, W, 3) sRGB, one after the other


@dataclass(frozen=True)
class Movie:
    """A movie that an export holds."""

    path: Path
    fps: float
    count: int  # of the pictures
    pictures: Callable[[], Pictures]  # made when they are asked for
    exact: bool = False  # a mask must stay black and white


@dataclass(frozen=True)
class Control:
    """An export, ready to be written."""

    movies: tuple[Movie, ...]
    files: Mapping[Path, bytes] = field(default_factory=dict)  # the small files beside them
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Written:
    """What an export made."""

    files: tuple[Path, ...]
    notices: tuple[str, ...]


@dataclass(frozen=True)
class Format:
    """One kind of control: a folder where it has no suffix."""

    label: str
    suffix: str
    about: str
    family: str  # whose rate, count and size it has
    make: Callable[[Shot, "Timing", Path], Control]
    surfaces: bool = True  # whether it shows the scene's surfaces, or tracks alone
    picture: bool = False  # whether it shows the first frame


@dataclass(frozen=True)
class Timing:
    """What a clip shows and when: the whole Shot at a model's rate and size."""

    plan: ClipPlan
    width: int
    height: int
    fps: float

    @property
    def count(self) -> int:
        """Frames of the clip."""
        return self.plan.clips[0].count

    def scene(self, shot: Shot) -> ClipScene:
        """The Shot's surfaces at those times."""
        return clip_scene.of_clip(shot, self.plan, self.plan.clips[0], self.width, self.height)

    def times(self, shot: Shot) -> NDArray[np.float64]:
        """Of the clip's frames, in the Shot's frames since its first one."""
        first = self.plan.clips[0].first
        asked = np.array([self.plan.shot_time(first + i) for i in range(self.count)])
        return asked.clip(0, shot.frames[-1] - shot.frames[0])


def find(name: str) -> str:
    """The format of that name; BadInput lists those there are."""
    plain = name.lower().replace("_", "-")
    if plain not in FORMATS:
        raise BadInput(f"There is no control format {name!r}; choose one of {', '.join(FORMATS)}.")
    return plain


def prepare(shot: Shot, name: str, out: Path) -> Control:
    """A Shot's control video, its pictures still to be made. BadInput where the Shot lacks what it shows."""
    chosen = FORMATS[find(name)]
    if chosen.surfaces and shot.geometry is None and shot.depth is None:
        raise BadInput(f"{chosen.label} needs the scene's geometry or depth, which this Shot does not hold.")
    if not chosen.surfaces and (shot.tracks is None or not len(shot.tracks.xy)):
        raise BadInput(f"{chosen.label} needs tracks, and this Shot has none; add a grid or objects under Tracks.")
    family = replace(FAMILIES[chosen.family], most=LONGEST // 8 * 8 + 1)
    width, height = frame_size.chosen(family, "", shot.width, shot.height)
    plan = clip_plan.plan([number - shot.frames[0] for number in shot.frames], shot.fps, family)
    size = frame_size.sentence(family, (width, height), shot.width, shot.height)
    notices = (*plan.notices, *(text.replace(" and back", "") for text in size))
    return replace(chosen.make(shot, Timing(plan, width, height, family.fps), out), notices=notices)


def write(shot: Shot, name: str, out: Path) -> Written:
    """Export a Shot's control video through PyAV. BadInput as `prepare`."""
    control = prepare(shot, name, out)
    for each in control.movies:
        movie.check(each.path)
    out.parent.mkdir(parents=True, exist_ok=True)
    for each in control.movies:
        movie.write(each.path, each.pictures(), each.fps, EXACT if each.exact else FINE)
    for path, content in control.files.items():
        write_named(path, content)
    return Written((*(each.path for each in control.movies), *control.files), control.notices)


def _vace(shot: Shot, timing: Timing, out: Path) -> Control:
    """video.mp4, holes in gray 127, and mask.mp4, white where the model draws."""
    clip = timing.scene(shot)
    video = Movie(out / "video.mp4", timing.fps, timing.count, lambda: (pixels for pixels, _ in _known(clip, False)))
    mask = Movie(out / "mask.mp4", timing.fps, timing.count, lambda: _holes(clip), exact=True)
    return Control((video, mask), _prompt(shot, out))


def _time_to_move(shot: Shot, timing: Timing, out: Path) -> Control:
    """first_frame.png, motion_signal.mp4, holes filled from around them, and mask.mp4, white where it is known."""
    clip = timing.scene(shot)
    first = png.encode(resized(eight_bits(shot.first_frame), timing.width, timing.height))
    signal = Movie(
        out / "motion_signal.mp4", timing.fps, timing.count, lambda: (pixels for pixels, _ in _known(clip, True))
    )
    mask = Movie(out / "mask.mp4", timing.fps, timing.count, lambda: (255 - hole for hole in _holes(clip)), exact=True)
    return Control((signal, mask), {out / "first_frame.png": first, **_prompt(shot, out)})


def _depth(shot: Shot, timing: Timing, out: Path) -> Control:
    clip, found = timing.scene(shot), depth_control.range_of(shot)
    return Control((Movie(out, timing.fps, timing.count, lambda: depth_control.frames(clip.scene, clip.model, found)),))


def _edges(shot: Shot, timing: Timing, out: Path) -> Control:
    clip = timing.scene(shot)
    lens = clip.scene.shot.camera.intrinsics

    def pictures() -> Iterator[NDArray[np.uint8]]:
        return (edge_control.picture(clip.scene.surfaces(p), edge_control.focal_of(lens[p])) for p in clip.model)

    return Control((Movie(out, timing.fps, timing.count, pictures),))


def _normals(shot: Shot, timing: Timing, out: Path) -> Control:
    clip = timing.scene(shot)
    lens = clip.scene.shot.camera.intrinsics

    def pictures() -> Iterator[NDArray[np.uint8]]:
        return (normal_control.picture(clip.scene.surfaces(p), lens[p]) for p in clip.model)

    return Control((Movie(out, timing.fps, timing.count, pictures),))


def _mask(shot: Shot, timing: Timing, out: Path) -> Control:
    """White where no key picture shows what is there."""
    clip = timing.scene(shot)
    return Control((Movie(out, timing.fps, timing.count, lambda: _holes(clip), exact=True),))


def _tracks(shot: Shot, timing: Timing, out: Path) -> Control:
    xy, visible = track_control.at_times(shot, timing.times(shot))
    size = (shot.width, shot.height), (timing.width, timing.height)

    def pictures() -> Iterator[NDArray[np.uint8]]:
        return (track_control.frame(xy, visible, k, *size) for k in range(xy.shape[1]))

    return Control((Movie(out, timing.fps, timing.count, pictures),))


def _known(clip: ClipScene, filled: bool) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    return known_pixels.of_frames(clip, np.zeros((0, 1, 1, 3), np.uint8), filled=filled)


def _holes(clip: ClipScene) -> Iterator[NDArray[np.uint8]]:
    """What no key picture shows, as pictures: white there, black elsewhere."""
    return (np.repeat((hole * np.uint8(255))[..., None], 3, axis=-1) for _, hole in _known(clip, False))


def _prompt(shot: Shot, out: Path) -> dict[Path, bytes]:
    return {out / "prompt.txt": shot.prompt(shot.frames[0]).encode()}


FORMATS: dict[str, Format] = {  # the name on the command line → the format
    "vace": Format(
        "VACE Video and Mask",
        "",
        "A folder: what is known of each frame, and a mask that is white where VACE draws",
        "wan-vace",
        _vace,
        picture=True,
    ),
    "ttm": Format(
        "Time-to-Move Folder",
        "",
        "A folder: first frame, moved pictures, and a mask that is white where they hold",
        "wan-i2v",
        _time_to_move,
        picture=True,
    ),
    "depth-video": Format(
        "Depth Video", ".mp4", "The exact depth, near in white, one range for the shot", "wan-vace", _depth
    ),
    "edge-video": Format("Edge Video", ".mp4", "Outlines and creases in white on black", "wan-vace", _edges),
    "normal-video": Format(
        "Normal Video", ".mp4", "Which way surfaces face: red right, green up, blue to the viewer", "wan-vace", _normals
    ),
    "mask-video": Format(
        "Mask Video", ".mp4", "White where no key picture shows what is there", "wan-vace", _mask, picture=True
    ),
    "track-video": Format(
        "Track Video",
        ".mp4",
        "Tracks as dots with trails, as LTX-2's motion-track LoRA reads them",
        "ltx-2",
        _tracks,
        surfaces=False,
    ),
}
