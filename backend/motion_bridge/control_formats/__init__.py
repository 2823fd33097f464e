"""Control videos for programs that run video models themselves: a folder or a movie that says what a model is told.

VACE and Time-to-Move call a mask by opposite colors: VACE draws where it is white, Time-to-Move holds what is white.
Each file stands at the program's own rate, in its count and at its size; docs/video.md describes them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..engines.reproject.engine import eight_bits
from ..engines.video import clip_plan, clip_scene, depth_control, edge_control, frame_size, known_pixels
from ..engines.video.clip_scene import ClipScene
from ..engines.video.resize import resized
from ..errors import BadInput
from ..files.writing import write_named
from ..media import movie, png
from ..model_registry.video_registry import FAMILIES, VideoFamily
from ..shot import Shot

EXACT = 0  # H.264's rate factor that loses nothing: a mask must stay black and white
FINE = 8  # of pictures
LONGEST = 100_000  # frames of a clip: the program cuts it as it likes


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
    family: str  # whose rate, count and size it has
    write: Callable[[Shot, ClipScene, Path, VideoFamily], tuple[Path, ...]]


def find(name: str) -> str:
    """The format of that name; BadInput lists those there are."""
    plain = name.lower().replace("_", "-")
    if plain not in FORMATS:
        raise BadInput(f"There is no control format {name!r}; choose one of {', '.join(FORMATS)}.")
    return plain


def write(shot: Shot, name: str, out: Path) -> Written:
    """Export a Shot's control video. BadInput where the Shot has neither geometry nor depth."""
    chosen = FORMATS[find(name)]
    if shot.geometry is None and shot.depth is None:
        raise BadInput(f"{chosen.label} needs the scene's geometry or depth, which this Shot does not hold.")
    family = replace(FAMILIES[chosen.family], most=LONGEST // 8 * 8 + 1)
    width, height = frame_size.chosen(family, "", shot.width, shot.height)
    plan = clip_plan.plan([number - shot.frames[0] for number in shot.frames], shot.fps, family)
    clip = clip_scene.of_clip(shot, plan, plan.clips[0], width, height)
    target = out if chosen.suffix else out / "video.mp4"
    movie.check(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    files = chosen.write(shot, clip, out, family)
    size = frame_size.sentence(family, (width, height), shot.width, shot.height)
    return Written(files, (*plan.notices, *(text.replace(" and back", "") for text in size)))


def _vace(shot: Shot, clip: ClipScene, out: Path, family: VideoFamily) -> tuple[Path, ...]:
    """video.mp4, holes in gray 127, and mask.mp4, white where the model draws."""
    movie.write(out / "video.mp4", (pixels for pixels, _ in _known(clip, False)), family.fps, FINE)
    movie.write(out / "mask.mp4", (_black_and_white(hole) for _, hole in _known(clip, False)), family.fps, EXACT)
    return out / "video.mp4", out / "mask.mp4", _prompt(shot, out)


def _time_to_move(shot: Shot, clip: ClipScene, out: Path, family: VideoFamily) -> tuple[Path, ...]:
    """first_frame.png, motion_signal.mp4, holes filled from around them, and mask.mp4, white where it is known."""
    first = resized(eight_bits(shot.first_frame), clip.scene.shot.width, clip.scene.shot.height)
    write_named(out / "first_frame.png", png.encode(first))
    movie.write(out / "motion_signal.mp4", (pixels for pixels, _ in _known(clip, True)), family.fps, FINE)
    movie.write(out / "mask.mp4", (_black_and_white(~hole) for _, hole in _known(clip, True)), family.fps, EXACT)
    return out / "first_frame.png", out / "motion_signal.mp4", out / "mask.mp4", _prompt(shot, out)


def _depth(shot: Shot, clip: ClipScene, out: Path, family: VideoFamily) -> tuple[Path, ...]:
    movie.write(out, depth_control.frames(clip.scene, clip.model, depth_control.range_of(shot)), family.fps, FINE)
    return (out,)


def _edges(shot: Shot, clip: ClipScene, out: Path, family: VideoFamily) -> tuple[Path, ...]:
    lens = clip.scene.shot.camera.intrinsics
    lines = (edge_control.picture(clip.scene.surfaces(p), edge_control.focal_of(lens[p])) for p in clip.model)
    movie.write(out, lines, family.fps, FINE)
    return (out,)


def _known(clip: ClipScene, filled: bool) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    return known_pixels.of_frames(clip, np.zeros((0, 1, 1, 3), np.uint8), filled=filled)


def _black_and_white(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.repeat((mask * np.uint8(255))[..., None], 3, axis=-1)


def _prompt(shot: Shot, out: Path) -> Path:
    write_named(out / "prompt.txt", shot.prompt(shot.frames[0]).encode())
    return out / "prompt.txt"


FORMATS: dict[str, Format] = {  # the name on the command line → the format
    "vace": Format("VACE video and mask", "", "wan-vace", _vace),
    "ttm": Format("Time-to-Move folder", "", "wan-i2v", _time_to_move),
    "depth-video": Format("Depth video", ".mp4", "wan-vace", _depth),
    "edge-video": Format("Edge video", ".mp4", "wan-vace", _edges),
}
