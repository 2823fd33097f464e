"""The newest frame in Blender's Image Editor.

The image is always a file's, never painted: Blender would offer to save painted pixels when it quits. A frame is its
own file; what has none that Blender can read, such as a preview, goes into Blender's temporary folder.
"""

from contextlib import suppress
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.files import writing
from ...backend.motion_bridge.media import png
from ..names import TITLE

PREVIEW = "motion_bridge_preview.png"
MARK = "motion_bridge"  # the custom property that tells our image from one that only has its name


def show(pixels: NDArray[np.uint8], path: Path | None = None) -> bpy.types.Image | None:
    """Put a picture (H, W, 3) uint8 sRGB, top row first, into the image "Motion Bridge". path: its file, if it has one.

    None where no file can be written either: then the image stays as it was.
    """
    loaded = _loaded(path) if path is not None and path.is_file() else None
    if loaded is None:
        with suppress(OSError, BadInput):
            loaded = _loaded(preview_file(pixels))
    return loaded


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
    if image.source != "FILE":  # of a file from before, whose picture was painted
        image.source = "FILE"
    if image.filepath == str(path):
        image.reload()
    else:
        image.filepath = str(path)
    len(image.pixels)  # type: ignore[arg-type]  # read it now, not when it is drawn
    return image


def find() -> bpy.types.Image | None:
    """Our image, found anew each time: undo and file loads take datablocks away."""
    return next((image for image in bpy.data.images if MARK in image), None)
