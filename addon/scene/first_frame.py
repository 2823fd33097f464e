"""The picture that generation starts from: a render, a file, or an image that is open in Blender.

Its bytes are those that Blender itself would save: a render goes through Blender's own PNG writer, color management
and all.
"""

import shutil
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...backend.motion_bridge.errors import BadInput
from ...backend.motion_bridge.files.reserve import no_room
from ...backend.motion_bridge.files.temporary import temporary_folder
from ...backend.motion_bridge.media import png
from ..paths import absolute
from .key_picture import DEFAULT, RenderOptions, key_picture_sentences, key_picture_settings
from .resize import fill
from .restore_state import changed, png_output, render_result_kept
from .view_layer import rendered_layer

Pixels = NDArray[np.uint8]  # (H, W, 3) sRGB, top row first


@dataclass(frozen=True)
class FromRender:
    """Render the first frame with the scene's own engine and settings."""

    blur: bool = False  # with its motion blur and depth of field


@dataclass(frozen=True)
class FromFile:
    """An image file, in any format that Blender loads."""

    path: str  # may start with // for the .blend file's folder


@dataclass(frozen=True)
class FromImage:
    """An image of this .blend file, as it is in memory."""

    name: str


@dataclass(frozen=True)
class FromPixels:
    """Pixels that somebody has already."""

    pixels: Pixels
    notes: tuple[str, ...] = ()  # what their owner should know of them


FirstFrame = FromRender | FromFile | FromImage | FromPixels


def take_first_frame(
    source: FirstFrame, scene: Any, frame: int, width: int, height: int, layer: Any = None
) -> tuple[Pixels, list[str]]:
    """The first frame at the Shot's size, and what was done to it that its owner should know.

    layer: the view layer that is rendered; None: as `rendered_layer` chooses. BadInput when there is no such file or
    image, or Blender cannot read it.
    """
    notes: list[str] = []
    match source:
        case FromRender(blur):
            layer, options = layer or rendered_layer(_background(scene)), RenderOptions(blur)
            notes = key_picture_sentences(scene, layer, options)
            name, pixels = "The render", render_frame(scene, frame, layer, options)
        case FromFile(path):
            name, pixels = path, _from_file(path, scene)
        case FromImage(image):
            name, pixels = image, _from_image(image, scene)
        case FromPixels(pixels, known):
            name, notes = "The picture", [*known]
    if pixels.shape == (height, width, 3):
        return pixels, notes
    was = f"{pixels.shape[1]}×{pixels.shape[0]}"
    note = f"{name} is {was} pixels, the shot {width}×{height}: scaled to fill it and cropped around the centre."
    return fill(pixels, width, height), [*notes, note]


def render_frame(scene: Any, frame: int, layer: Any = None, options: RenderOptions = DEFAULT) -> Pixels:
    """Render a frame here and now, as the scene is set; for background use, since a window would stand still.

    layer: the view layer that is rendered; None: the first that is set to render.
    """
    before = scene.frame_current, scene.frame_subframe
    layer = layer or rendered_layer(_background(scene))
    try:
        with render_result_kept(), key_picture_settings(scene, layer, options):
            scene.frame_set(frame)
            bpy.ops.render.render(scene=scene.name)
            return render_result(scene)
    except RuntimeError as fault:
        raise BadInput(f"Frame {frame} of the scene {scene.name!r} cannot be rendered: {fault}") from None
    finally:
        scene.frame_set(before[0], subframe=before[1])


def render_result(scene: Any) -> Pixels:
    """What was rendered last, as Blender would save it; BadInput when there is nothing."""
    result = next((image for image in bpy.data.images if image.type == "RENDER_RESULT"), None)
    if result is None:
        raise BadInput("Nothing was rendered yet; press F12 first, or choose another first frame.")
    with png_output(scene.render.image_settings):
        return _saved(result, scene, "The Render Result is empty; press F12 first, or choose another first frame.")


def _from_file(path: str, scene: Any) -> Pixels:
    if path.startswith("//") and not bpy.data.filepath:
        raise BadInput(f"The first frame {path} starts at the .blend file's folder; save the .blend file first.")
    place = absolute(path)
    if not path or not place.is_file():
        raise BadInput(f"The first frame {path!r} is not there; choose an image file.")
    image = None
    try:
        image = bpy.data.images.load(str(place))
        return _pixels(image, path, scene)
    except RuntimeError:
        raise BadInput(f"Blender cannot read the first frame {path}; save it as PNG and choose that.") from None
    finally:
        if image:
            bpy.data.images.remove(image)


def _from_image(name: str, scene: Any) -> Pixels:
    image = bpy.data.images.get(name)
    if image is None:
        raise BadInput(f"There is no image {name!r} in this file; choose another first frame.")
    if image.type == "RENDER_RESULT":
        return render_result(scene)
    return _pixels(image, name, scene)


def _pixels(image: Any, name: str, scene: Any) -> Pixels:
    """An image as the Image Editor shows it: bytes as they are, floats through the view transform that it uses."""
    width, height = image.size
    if not width or not height:
        raise BadInput(f"Blender cannot read the first frame {name}; save it as PNG and choose that.")
    if image.is_float:
        return _displayed(image, scene)
    values = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(values)
    rows = values.reshape(height, width, image.channels)[::-1]
    color = rows[..., :3] if image.channels >= 3 else np.repeat(rows[..., :1], 3, axis=-1)
    return np.rint(color * 255).clip(0, 255).astype(np.uint8)


def _displayed(image: Any, scene: Any) -> Pixels:
    plain = {"view_transform": "Standard", "look": "None", "exposure": 0.0, "gamma": 1.0, "use_curve_mapping": False}
    view = {} if image.use_view_as_render else plain
    with (
        png_output(scene.render.image_settings),
        changed(scene.render, dither_intensity=0.0),
        changed(scene.view_settings, **view),
    ):
        return _saved(image, scene, f"Blender cannot save the image {image.name!r}; choose another first frame.")


def _saved(image: Any, scene: Any, unless: str) -> Pixels:
    """What Blender's own PNG writer makes of an image. BadInput where it writes nothing: a full disk, or `unless`."""
    with temporary_folder() as folder:
        path = folder / "first.png"
        try:
            image.save_render(str(path), scene=scene)
            return png.read(path)
        except (RuntimeError, BadInput):
            width, height = image.size
            needed = width * height * 3
            if shutil.disk_usage(folder).free <= needed:
                raise BadInput(no_room(path, needed)) from None
            raise BadInput(unless) from None


def _background(scene: Any) -> Any:
    """A context for a scene that nobody looks at."""
    return SimpleNamespace(scene=scene, view_layer=scene.view_layers[0])
