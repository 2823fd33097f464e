"""The track text of ComfyUI's nodes (KJNodes' spline editor, ATI and Wan-Move): a list of lists of {"x", "y"}.

Pixels of the node's width and height. ATI's nodes take 121 points at 24 a second and hide what is missing at the
end; Wan-Move's take 81 at 16 and treat every point as visible.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadInput
from ..files import json_text, regular, writing
from . import arrays, ati, wan_move
from .clip_transform import Clip, Timing, drop, read_clip, sample, timing_notices

DECIMALS = 3
MOST_POSITIONS = 4_000_000  # tracks times the points of the longest: 2,500 tracks through a minute
RATES = {"comfyui-ati": (ati.SAMPLES, ati.FPS), "comfyui-wan-move": (wan_move.FRAMES, wan_move.FPS)}


def write(clip: Clip, out: Path, timing: Timing, name: str = "comfyui-ati") -> tuple[tuple[Path, ...], list[str]]:
    """For ATI a track ends where it is hidden for the first time, for Wan-Move it goes on where it would be."""
    count, fps = RATES[name]
    sampled = sample(clip, count, fps, timing)
    sampled, notices = drop(sampled, sampled.visible[:, 0], "this format cannot hide a track at its first frame")
    covered = sampled.visible[:, : sampled.covered]
    hidden = int((~covered.all(axis=1)).sum())
    if name == "comfyui-ati":
        ends = np.where(covered.all(axis=1), sampled.covered, covered.argmin(axis=1))
        notices += timing_notices(clip, count, fps, timing, "after it all tracks are hidden")
        if hidden:
            notices.append(f"{hidden} tracks end where they are hidden for the first time; this format has no way back")
    else:
        ends = np.full(len(sampled.xy), count)
        notices += timing_notices(clip, count, fps, timing, "after it every track stays where it is")
        if hidden:
            notices.append(f"{hidden} tracks are hidden for a while; this format shows them nevertheless")
    writing.write_named(out, text(sampled.xy, ends))
    return (out,), notices


def text(xy: arrays.Array, ends: arrays.Array) -> str:
    """The text of positions (N, S, 2), of which each track uses the first `ends` (N,)."""
    tracks = [
        [{"x": _short(x), "y": _short(y)} for x, y in points[:end].round(DECIMALS).tolist()]
        for points, end in zip(xy, ends, strict=True)
    ]
    return json.dumps(tracks, separators=(",", ":"))


def _short(value: float) -> int | float:
    return int(value) if value.is_integer() else value


def read(path: Path, width: int, height: int, fps: float = ati.FPS) -> Clip:
    """The tracks in a text; shorter ones are hidden after their end."""
    content = regular.read_text(path)
    tracks = [_points(track, path) for track in _tracks(_json(content, path), path)]
    longest = max(len(track) for track in tracks)
    if len(tracks) * longest > MOST_POSITIONS:
        raise BadInput(
            f"{path} has {len(tracks)} tracks, the longest of {longest} points; {MOST_POSITIONS:,} positions in all "
            "are read."
        )
    xy = np.zeros((len(tracks), longest, 2))
    visible = np.zeros((len(tracks), longest), bool)
    for row, track in enumerate(tracks):
        xy[row, : len(track)], visible[row, : len(track)] = track, True
    return read_clip(xy, visible, fps, (width, height))


def _json(content: str, path: Path) -> Any:
    return json_text.parse(content.replace("'", '"'), str(path))


def _tracks(found: Any, path: Path) -> list[Any]:
    """A list of tracks, from one track, several, or a list of texts with one each."""
    if isinstance(found, list) and found and all(isinstance(entry, str) for entry in found):
        found = [_json(entry, path) for entry in found]
    if isinstance(found, list) and found and isinstance(found[0], dict):
        found = [found]
    if not isinstance(found, list) or not found or not all(isinstance(track, list) and track for track in found):
        raise BadInput(f'{path} is not a list of tracks like [[{{"x": 1, "y": 2}}]].')
    return found


def _points(track: list[Any], path: Path) -> arrays.Array:
    try:
        points = np.array([(float(point["x"]), float(point["y"])) for point in track])
    except (TypeError, KeyError, ValueError, OverflowError):
        raise BadInput(f"{path}: a point without numbers for x and y.") from None
    if not np.isfinite(points).all():
        raise BadInput(f"{path}: a point whose x or y is not a finite number.")
    return points
