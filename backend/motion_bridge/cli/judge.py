"""motion-bridge judge SHOT VIDEO: did it obey?"""

import argparse
import json
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import shot, terminal
from ..errors import BadInput, ModelMissing
from ..files.writing import write_named
from ..media import heat_strip, png, video
from ..schedules.camera.report import plot
from ..takes import output_path
from .parser import positive

if TYPE_CHECKING:
    from ..metrics.obedience import Following, Obedience


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shot", type=Path, metavar="SHOT", help="a Shot folder with tracks")
    parser.add_argument("video", type=Path, metavar="VIDEO", help="a video file or a folder of pictures")
    parser.add_argument("--reference", type=Path, metavar="VIDEO", help="the renderer's own frames: the floor")
    parser.add_argument("--fps", type=positive(1e6), help="the video's rate, if it does not say or says it wrongly")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="write the error over time as a picture")
    parser.add_argument("--heat", type=Path, metavar="FILE.png", help="write it as a strip of bars, one a frame")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")


def run(arguments: argparse.Namespace) -> int:
    try:
        from ..metrics.obedience import judge
    except ModuleNotFoundError as fault:
        raise ModelMissing(
            f"Judging a video needs the package {fault.name}: pip install opencv-python-headless."
        ) from None
    scene = shot.load(arguments.shot)
    if arguments.plot:
        arguments.plot = output_path.check_file(str(arguments.plot))
    if arguments.plot and arguments.plot.suffix.lower() != ".svg":
        raise BadInput(f"The plot {arguments.plot} must be a file whose name ends in .svg.")
    if arguments.heat:
        arguments.heat = output_path.check_file(str(arguments.heat))
    if arguments.heat and arguments.heat.suffix.lower() != ".png":
        raise BadInput(f"The strip {arguments.heat} must be a file whose name ends in .png.")
    reference = video.streamed(arguments.reference) if arguments.reference else nullcontext((None, None))
    with video.streamed(arguments.video) as (pictures, rate), reference as (own, _):
        found = judge(scene, pictures, arguments.fps or rate or rate_of_frames(scene), own)
    if arguments.plot:
        frames = scene.frames[: found.frames]
        write_named(arguments.plot, plot(frames, {"error": np.nan_to_num(found.by_frame)}))
    if arguments.heat:
        write_named(arguments.heat, png.encode(heat_strip.draw(found.by_frame, scene.width)))
    if arguments.json:
        terminal.say(json.dumps(_plain(found), allow_nan=False))
    else:
        _print(found)
    return 0


def rate_of_frames(scene: shot.Shot) -> float:
    """The rate of a folder that holds the Shot's frames one by one; less than the Shot's where it leaves some out."""
    gaps = len(scene.frames) - 1
    return scene.fps * gaps / (scene.frames[-1] - scene.frames[0]) if gaps else scene.fps


def _print(found: "Obedience") -> None:
    rows = (("this video", found.error), ("still", found.still), ("floor", found.floor))
    terminal.say("points, pixels", "mean", "median", "share within 2 px of 832")
    for name, row in rows:
        if row is not None:
            terminal.say(f"  {name}", *_cells(row))
    for name, value in found.by_object.items():
        terminal.say(f"  {name}", f"{value:.2f}")
    if found.poses is None:
        terminal.say("camera: too few still points were followed to tell")
    else:
        terminal.say(
            f"camera in {len(found.poses.frames)} frames: {found.poses.degrees.mean():.2f}° off in the mean, "
            f"{found.poses.degrees.max():.2f}° at worst; {found.poses.units.mean():.3g} units off in the mean"
        )
        if np.isfinite(found.poses.travel):
            terminal.say(f"  it went {100 * found.poses.travel:.1f} % of the way")
    for name, value in found.published.items():
        terminal.say(f"  {name}", f"{value:.4g}")
    if found.covisible is not None and found.covisible_wrong is not None:
        terminal.say(
            f"pixels seen before: {found.covisible:.1f} dB; under a wrong motion {found.covisible_wrong:.1f} dB"
        )
    for notice in found.notices:
        terminal.note(f"motion-bridge: note: {notice}")


def _cells(row: "Following") -> tuple[str, ...]:
    return f"{row.mean:.2f}", f"{row.median:.2f}", f"{100 * row.close:.0f} %"


def _plain(found: "Obedience") -> dict[str, Any]:
    """The same as JSON has it: lists for arrays, null for what is not a number."""

    def plain(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return [plain(each) for each in value.tolist()]
        if isinstance(value, dict):
            return {name: plain(each) for name, each in value.items()}
        if isinstance(value, tuple):
            return list(value)
        return None if isinstance(value, float) and not np.isfinite(value) else value

    return plain(asdict(found))
