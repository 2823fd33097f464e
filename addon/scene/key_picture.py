"""How a scene renders a picture that a Shot starts from: by its own engine and settings, pixel for pixel as it is read.

Nothing that lies on top of the camera's view (strips, stamps, a second eye) and nothing that moves its pixels may be in
it, and rendering it writes no file of the artist's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import compositor
from .restore_state import changed
from .view_layer import only_layer

SETTINGS = {"use_border": False, "use_stamp": False, "use_sequencer": False, "use_multiview": False}


@contextmanager
def key_picture_settings(scene: Any, layer: Any) -> Iterator[None]:
    """The scene's settings for such a render of one view layer, for a while."""
    compositing = scene.render.use_compositing and not _why_not_composited(scene, layer)
    with (
        compositor.no_files(scene),
        only_layer(scene, layer),
        changed(scene.render, **SETTINGS, use_compositing=compositing),
    ):
        yield


def key_picture_sentences(scene: Any, layer: Any) -> list[str]:
    """What its owner should know of such a render."""
    why = _why_not_composited(scene, layer)
    return [f"The compositor is left out of the first frame: {why}."] if why else []


def _why_not_composited(scene: Any, layer: Any) -> str | None:
    if node := compositor.moving_node(scene):
        return f"its node {node!r} moves pixels away from what the camera sees there"
    if name := compositor.other_layer(scene, layer):
        return f"it uses the view layer {name!r}, and {layer.name!r} is the one that is read"
    return None
