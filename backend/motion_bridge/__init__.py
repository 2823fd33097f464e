"""Motion Bridge: generated video that follows the motion of a Blender scene.

Importing this package imports nothing heavy: engines load what they need when a job asks for them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .engines.deforum.api import DeforumFlux, KleinPreviewPipeline, create_pipeline
    from .engines.deforum.loop.depth_estimator import DepthEstimator
    from .engines.deforum.presets import PRESETS
    from .engines.deforum.video_input import VideoInputProcessor

__version__ = "0.1.0"
__all__ = ["PRESETS", "DeforumFlux", "DepthEstimator", "KleinPreviewPipeline", "VideoInputProcessor", "create_pipeline"]

PUBLIC = {  # name → the module of the Deforum engine that has it
    "DeforumFlux": "api",
    "KleinPreviewPipeline": "api",
    "create_pipeline": "api",
    "DepthEstimator": "loop.depth_estimator",
    "PRESETS": "presets",
    "VideoInputProcessor": "video_input",
}


def __getattr__(name: str) -> Any:
    if name in PUBLIC:
        return getattr(import_module(f".engines.deforum.{PUBLIC[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
