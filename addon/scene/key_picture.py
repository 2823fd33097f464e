"""How a scene renders a picture that a Shot starts from: by its own engine and settings, pixel for pixel as it is read.

Nothing that lies on top of the camera's view (strips, stamps, a second eye) and nothing that moves its pixels may be in
it, and rendering it writes no file of the artist's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import bpy

from . import compositor
from .restore_state import restore

SETTINGS = {"use_border": False, "use_stamp": False, "use_sequencer": False, "use_multiview": False}


@dataclass(frozen=True)
class RenderOptions:
    """What is left to the artist."""

    blur: bool = False  # with the scene's motion blur and depth of field
    size: int = 100  # percent of the scene's own size


DEFAULT = RenderOptions()


class KeyPictureSettings:
    """A scene's settings for such a render of one view layer; `restore` gives the artist's back.

    Everything is remembered by name: while a window renders, an undo may make all datablocks anew.
    """

    def __init__(self, scene: Any, layer: Any, options: RenderOptions) -> None:
        """Set them."""
        wanted = {
            **SETTINGS,
            "use_compositing": scene.render.use_compositing and not _why_without(scene, layer),
            "use_motion_blur": scene.render.use_motion_blur and options.blur,
            "resolution_percentage": percentage(scene, options.size),
        }
        self._focused = [] if options.blur else [camera.name for camera in _focused(scene)]
        self._scene_name = scene.name
        self._render = {name: getattr(scene.render, name) for name in wanted}
        self._layers = {each.name: each.use for each in scene.view_layers}
        self._outputs = compositor.unmuted_file_outputs(scene)
        for name, value in wanted.items():
            setattr(scene.render, name, value)
        for each in scene.view_layers:
            if each.use != (each == layer):
                each.use = each == layer
        compositor.mute(scene, self._outputs, True)
        self._set_focus(False)

    def restore(self) -> None:
        """Give back what was set, as far as it is still there."""
        self._set_focus(True)
        scene = bpy.data.scenes.get(self._scene_name)
        if scene is None:
            return
        compositor.mute(scene, self._outputs, False)
        restore(scene.render, self._render)
        for name, use in self._layers.items():
            if layer := scene.view_layers.get(name):
                restore(layer, {"use": use})

    def _set_focus(self, on: bool) -> None:
        for name in self._focused:
            if camera := bpy.data.cameras.get(name):
                restore(camera.dof, {"use_dof": on})


def percentage(scene: Any, size: int) -> int:
    """The scene's resolution percentage for a picture of so many percent of its own size."""
    return max(1, round(scene.render.resolution_percentage * size / 100))


def _focused(scene: Any) -> list[Any]:
    """The cameras of a scene that have depth of field."""
    return [obj.data for obj in scene.objects if obj.type == "CAMERA" and obj.data and obj.data.dof.use_dof]


@contextmanager
def key_picture_settings(scene: Any, layer: Any, options: RenderOptions) -> Iterator[None]:
    """The same for the time of a `with`."""
    settings = KeyPictureSettings(scene, layer, options)
    try:
        yield
    finally:
        settings.restore()


def key_picture_sentences(scene: Any, layer: Any, options: RenderOptions) -> list[str]:
    """What its owner should know of such a render."""
    why = _why_without(scene, layer)
    said = [f"The compositor is left out of the first frame: {why}."] if why else []
    blurs = ["motion blur"] * scene.render.use_motion_blur + ["depth of field"] * bool(_focused(scene))
    if blurs and options.blur:
        both = "what is blurred across an edge moves with both of its sides"
        said.append(f"Rendered with {' and '.join(blurs)}: {both}.")
    elif blurs:
        said.append(f"Rendered without {' and '.join(blurs)}, so that every edge is sharp where it is.")
    return said


def _why_without(scene: Any, layer: Any) -> str | None:
    """Why the compositor is left out; None where it stays."""
    if node := compositor.moving_node(scene):
        return f"its node {node!r} moves pixels away from what the camera sees there"
    if name := compositor.other_layer(scene, layer):
        return f"it uses the view layer {name!r}, and {layer.name!r} is the one that is read"
    return None
