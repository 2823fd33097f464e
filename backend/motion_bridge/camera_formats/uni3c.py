"""Uni3C: cam_info.json, beside a warped video and its mask.

`intrinsic` 3x3 (one for the clip, so a zoom is lost), `extrinsic` 81 world-to-camera matrices, `height`, `width`. The
reader multiplies by the first pose on the other side, which only agrees when that pose is the identity.
"""

import json
from pathlib import Path

from ..files.writing import write_named
from ..shot import Shot
from .path import Counts, from_first, inverse, of_shot, sample

COUNTS = Counts(16.0, 80, 81)
FILE = "cam_info.json"


def write(shot: Shot, out: Path) -> tuple[tuple[Path, ...], list[str]]:
    """A folder; the warped video and its mask are what `reproject` makes of the same Shot."""
    path, notices = sample(from_first(of_shot(shot)), COUNTS)
    out.mkdir(parents=True, exist_ok=True)
    found = {
        "intrinsic": path.intrinsics[0].tolist(),
        "extrinsic": inverse(path.pose).tolist(),
        "height": path.height,
        "width": path.width,
    }
    write_named(out / FILE, json.dumps(found, indent=1) + "\n")
    return (out / FILE,), [*notices, "put render.mp4 and render_mask.mp4 (white: never seen) beside it"]
