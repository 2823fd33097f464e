"""Which view layer of a scene is read and rendered: one choice for everything that a Shot is made of."""

from contextlib import ExitStack
from typing import Any

from ...backend.motion_bridge.errors import BadInput
from .restore_state import changed


def rendered_layer(context: Any) -> Any:
    """The view layer that is looked at, if it is set to render; else the first that is. BadInput when none is."""
    layers = context.scene.view_layers
    wanted = [layer for layer in (context.view_layer, *layers) if layer.use and layer.name in layers]
    if not wanted:
        raise BadInput(f"No view layer of the scene {context.scene.name!r} is set to Use for Rendering; set one.")
    return wanted[0]


def layer_sentences(scene: Any, layer: Any) -> list[str]:
    """Which layer was chosen, where there are several."""
    others = [other.name for other in scene.view_layers if other.use and other != layer]
    sentence = (
        f"The scene {scene.name!r} renders several view layers; only {layer.name!r} is used. To use another, make it "
        f"the active one or switch {layer.name!r} off for rendering."
    )
    return [sentence] if others else []


def only_layer(scene: Any, layer: Any) -> ExitStack:
    """A context in which the scene renders this layer and no other."""
    stack = ExitStack()
    for other in scene.view_layers:
        if other != layer and other.use:
            stack.enter_context(changed(other, use=False))
    return stack
