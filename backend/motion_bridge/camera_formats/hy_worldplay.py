"""HY-WorldPlay: a JSON object with a pose and a lens for every latent, one every four frames at 24 a second.

Keys "0", "1", …; each `{"extrinsic": 4x4 camera to world, "K": 3x3}`. K is divided by twice its own cx and cy, and the
principal point is then put into the middle: a lens shift is lost. The first pose is the identity, as in training. A
count of latents that is a multiple of 16 suits both of its models.
"""

import json
from pathlib import Path

import numpy as np

from ..files.writing import write_named
from ..shot import Shot
from .path import Counts, from_first, of_shot, sample

EVERY, LATENTS = 4, 16
COUNTS = Counts(24.0)


def write(shot: Shot, out: Path) -> tuple[tuple[Path, ...], list[str]]:
    path, notices = sample(from_first(of_shot(shot)), COUNTS)
    latents = 1 + -(-(len(path.pose) - 1) // EVERY)
    latents = -(-latents // LATENTS) * LATENTS
    frames = EVERY * (latents - 1) + 1
    if held := frames - len(path.pose):
        notices.append(f"the last pose is held for {held} frames, to make {latents} latents ({frames} frames)")
    at = np.minimum(np.arange(latents) * EVERY, len(path.pose) - 1)
    lens = path.intrinsics[at].copy()
    lens[:, 0, 2], lens[:, 1, 2] = path.width / 2, path.height / 2
    found = {
        str(number): {"extrinsic": pose.tolist(), "K": k.tolist()}
        for number, (pose, k) in enumerate(zip(path.pose[at], lens, strict=True))
    }
    write_named(out, json.dumps(found, indent=1) + "\n")
    return (out,), notices
