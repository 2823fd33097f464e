"""The newest frame in Blender's Image Editor.

The image is the frame's own file, so Blender has nothing to ask about when it quits; pixels that were painted it would
offer to save. A picture that has no file here is painted: a float image's pixels are scene-linear, bottom row first,
and drawn with the Standard view they give the bytes back exactly.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...backend.motion_bridge.files import writing
from ...backend.motion_bridge.media import png
from ..names import TITLE

PREVIEW = "motion_bridge_preview.png"
MARK = "motion_bridge"  # the custom property that tells our image from one that only has its name


def _linear_table() -> NDArray[np.float32]:
    """sRGB bytes to scene-linear values (IEC 61966-2-1): (256,) float32."""
    srgb = np.arange(256) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


_LINEAR = _linear_table()


def show(pixels: NDArray[np.uint8], path: Path | None = None) -> bpy.types.Image:
    """Put a picture (H, W, 3) uint8 sRGB, top row first, into the image "Motion Bridge". path: its file."""
    loaded = _loaded(path) if path is not None and path.is_file() else None
    return _painted(pixels) if loaded is None else loaded


def preview_file(pixels: NDArray[np.uint8]) -> Path:
    """A file of Blender's own temporary folder with a picture that nobody keeps."""
    path = Path(bpy.app.tempdir) / PREVIEW
    writing.write_named(path, png.encode(pixels))
    return path


def _loaded(path: Path) -> bpy.types.Image | None:
    """The image with a file's picture; None where Blender cannot read it: it is damaged, or its path too long."""
    with suppress(RuntimeError):
        image = _of_file(path)
        if image.size[0]:  # type: ignore[index]
            return image
    return None


def _of_file(path: Path) -> bpy.types.Image:
    image = find()
    if image is None:
        image = bpy.data.images.load(str(path))
        image.name, image[MARK] = TITLE, True
    if image.source != "FILE":
        image.source = "FILE"  # which forgets what was painted
    if image.filepath == str(path):
        image.reload()
    else:
        image.filepath = str(path)
    len(image.pixels)  # type: ignore[arg-type]  # read it now, not when it is drawn
    return image


def linear_rgba(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What `Image.pixels` of a float image wants: (H * W * 4,) float32."""
    height, width, _ = pixels.shape
    values = np.ones((height, width, 4), np.float32)
    for channel in range(3):
        values[..., channel] = _LINEAR.take(pixels[::-1, :, channel])
    return values.reshape(-1)


def find() -> bpy.types.Image | None:
    """Our image, found anew each time: undo and file loads take datablocks away."""
    return next((image for image in bpy.data.images if MARK in image), None)


def _painted(pixels: NDArray[np.uint8]) -> bpy.types.Image:
    height, width, _ = pixels.shape
    image = find()
    if image is not None and image.source != "GENERATED":
        bpy.data.images.remove(image)
        image = None
    size: Any = image.size if image else None
    if image is None:
        image = bpy.data.images.new(TITLE, width, height, float_buffer=True)
        image[MARK] = True
    elif (size[0], size[1]) != (width, height):
        image.scale(width, height)
    target: Any = image.pixels
    target.foreach_set(linear_rgba(pixels))
    return image
