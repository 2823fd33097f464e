"""ATI's .pth: torch.save of the bytes of a .npz with one array (N, 121, 1, 3), 8 × (x, y, visible).

121 samples at 24 a second; x and y are pixels of the input picture. After the clip's end all three are zero.
The picture's content is taken at every track's first position, so that must lie in the picture.
"""

from pathlib import Path

import numpy as np

from ..errors import BadInput
from ..files import writing
from . import arrays, torch_zip
from .clip_transform import Clip, Timing, drop, inside, read_clip, sample, timing_notices

FPS = 24.0
SAMPLES = 121
SCALE = 8


def write(clip: Clip, out: Path, timing: Timing) -> tuple[tuple[Path, ...], list[str]]:
    sampled = sample(clip, SAMPLES, FPS, timing)
    reason = "ATI needs every track inside the picture at its first frame"
    sampled, notices = drop(sampled, inside(sampled.xy[:, 0], clip), reason)
    notices += timing_notices(clip, SAMPLES, FPS, timing, "after it all tracks are hidden")
    if hidden := int((~sampled.visible[:, 0]).sum()):
        notices.append(f"{hidden} tracks are hidden at the first frame; ATI takes what covers them along")
    array = np.zeros((len(sampled.xy), SAMPLES, 1, 3), np.float32)
    array[:, : sampled.covered, 0, :2] = sampled.xy[:, : sampled.covered]
    array[:, : sampled.covered, 0, 2] = sampled.visible[:, : sampled.covered]
    writing.write_named(out, torch_zip.save(arrays.npz_bytes(array=SCALE * array)))
    return (out,), notices


def read(path: Path, width: int, height: int) -> Clip:
    """The tracks in a file, in pixels of a picture of this size."""
    inner = torch_zip.load(arrays.content(path), str(path))
    found = arrays.npz(inner, str(path))
    if "array" not in found:
        raise BadInput(f"{path} has no array named 'array'.")
    array = arrays.numbers(found["array"], 4, f"{path}: array")
    if array.shape[2:] != (1, 3):
        raise BadInput(f"{path}: array has shape {array.shape}; it must be (N, T, 1, 3).")
    plain = array[:, :, 0].astype(np.float64) / SCALE
    return read_clip(plain[..., :2], plain[..., 2] > 0.5, FPS, (width, height))


def kept(frames: int = 81) -> arrays.Array:
    """Which of the 121 samples the model uses for its frames."""
    j = np.arange(1, frames)
    return np.concatenate([[0], 1 + (3 * j - 2) // 2])
