"""Motion Bridge: generated video that follows the motion of a Blender scene.

Importing this package imports nothing heavy: engines load what they need when a job asks for them.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .engines.deforum.api import DeforumFlux

__version__ = "0.1.0"
__all__ = ["DeforumFlux"]


def __getattr__(name: str) -> Any:
    if name == "DeforumFlux":
        from .engines.deforum.api import DeforumFlux

        return DeforumFlux
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
