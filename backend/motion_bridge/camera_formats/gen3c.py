"""GEN3C: an .npz with the first picture, its depth, and the cameras; the model warps by itself.

images_key_frames (1, 3, H, W) in -1 … 1, depth_key_frames (1, 1, H, W), mask_key_frames (1 = usable), K_key_frames,
w2cs_key_frames, w2cs_all (T, 4, 4), Ks_all (T, 3, 3); 120k + 1 frames at 24 a second. Pixel centers lie at integers
there, so half a pixel is taken off cx and cy. Depth is clamped to 100, so scene and camera shrink together until all
that is seen is nearer.
"""

from pathlib import Path

import numpy as np

from ..errors import BadInput
from ..shot import Shot
from ..track_formats import arrays
from .path import Counts, from_first, inverse, of_shot, sample

COUNTS = Counts(24.0, 120)
FARTHEST = 100.0
SIZE = (1280, 704)


def write(shot: Shot, out: Path) -> tuple[tuple[Path, ...], list[str]]:
    if shot.depth is None:
        raise BadInput("GEN3C needs the first frame's depth; write the Shot with depth.")
    path, notices = sample(from_first(of_shot(shot)), COUNTS)
    depth = np.asarray(shot.depth[0], np.float64)
    seen = np.isfinite(depth)
    scale = min(1.0, FARTHEST / depth[seen].max()) if seen.any() else 1.0
    pose, lens = path.pose.copy(), path.intrinsics.copy()
    pose[:, :3, 3] *= scale
    lens[:, :2, 2] -= 0.5
    world = inverse(pose).astype(np.float32)
    picture = np.asarray(shot.first_frame, np.float32).transpose(2, 0, 1) / 127.5 - 1
    arrays.write_npz(
        out,
        images_key_frames=picture[None],
        depth_key_frames=np.where(seen, depth * scale, FARTHEST).astype(np.float32)[None, None],
        mask_key_frames=np.ones((1, 1, *depth.shape), np.float32),
        K_key_frames=lens[:1].astype(np.float32),
        w2cs_key_frames=world[:1],
        w2cs_all=world,
        Ks_all=lens.astype(np.float32),
    )
    if (shot.width, shot.height) != SIZE:
        notices.append(f"the model's own size is {SIZE[0]}x{SIZE[1]}; the Shot's is {shot.width}x{shot.height}")
    if scale < 1:
        notices.append(f"the scene is scaled by {scale:.4g}, so that all depths are below {FARTHEST:g}")
    return (out,), notices
