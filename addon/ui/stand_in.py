"""Whether the built-in sketch would paint because a real model is missing. Nobody is to take it for the product."""

from typing import Any

from ...backend.motion_bridge.model_registry import registry
from ..parts import part

remote = part("interpreter.remote")


def sketch_stands_in(settings: Any) -> bool:
    """Whether the scene's engine leaves the choice of its model open, and only the sketch is here.

    settings: the scene's. An engine's model is its property of that name.
    """
    if remote and remote.used_by(settings.engine):
        return False  # that machine knows which models are there
    own = getattr(settings, settings.engine, None)
    return getattr(own, "model", "") == registry.AUTO and registry.resolve(registry.AUTO) == registry.BUILT_IN
