"""How a scene renders a picture that a Shot starts from: by its own engine and settings, pixel for pixel as it is read.

Nothing that lies on top of the camera's view (strips, stamps, a second eye) and nothing that moves its pixels may be in
it, and rendering it writes no file of the artist's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy

from . import compositor
from .restore_state import restore

SETTINGS = {"use_border": False, "use_stamp": False, "use_sequencer": False, "use_multiview": False}


class KeyPictureSettings:
    """A scene's settings for such a render of one view layer; `restore` gives the artist's back.

    Everything is remembered by name: while a window renders, an undo may make all datablocks anew.
    """

    def __init__(self, scene: Any, layer: Any):
        """Set them."""
        wanted = {**SETTINGS, "use_compositing": scene.render.use_compositing and not _why_without(scene, layer)}
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

    def restore(self) -> None:
        """Give back what was set, as far as it is still there."""
        scene = bpy.data.scenes.get(self._scene_name)
        if scene is None:
            return
        compositor.mute(scene, self._outputs, False)
        restore(scene.render, self._render)
        for name, use in self._layers.items():
            if layer := scene.view_layers.get(name):
                restore(layer, {"use": use})


@contextmanager
def key_picture_settings(scene: Any, layer: Any) -> Iterator[None]:
    """The same for the time of a `with`."""
    settings = KeyPictureSettings(scene, layer)
    try:
        yield
    finally:
        settings.restore()


def key_picture_sentences(scene: Any, layer: Any) -> list[str]:
    """What its owner should know of such a render."""
    why = _why_without(scene, layer)
    return [f"The compositor is left out of the first frame: {why}."] if why else []


def _why_without(scene: Any, layer: Any) -> str | None:
    """Why the compositor is left out; None where it stays."""
    if node := compositor.moving_node(scene):
        return f"its node {node!r} moves pixels away from what the camera sees there"
    if name := compositor.other_layer(scene, layer):
        return f"it uses the view layer {name!r}, and {layer.name!r} is the one that is read"
    return None
