"""The settings of the MotionStream engine, named as the engine names them wherever that can be."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from ...backend.motion_bridge.engines.motionstream.engine import DEFAULTS
from ...backend.motion_bridge.model_registry.video_models import MODELS
from ..compat import BLEND_RELATIVE

FOLDER = "FOLDER"
BEST = "BEST"  # stands for the engine's empty text: let it choose
PLAIN = ("steps", "chunk", "sink", "window", "refresh_sink")


class MotionBridgeMotionStream(bpy.types.PropertyGroup):
    """As `scene.motion_bridge.motionstream`."""

    model: EnumProperty(
        name="Model",
        description="The video model that draws the frames",
        items=[
            *((name, name.replace("-", " ").title(), about) for name, about in MODELS.items()),
            (FOLDER, "Folder…", "A model of your own: a folder as `motion-bridge convert` writes it"),
        ],
        default=DEFAULTS["model"],
    )
    model_folder: StringProperty(
        name="Folder", description="Folder of the model", subtype="DIR_PATH", options=BLEND_RELATIVE
    )
    device: EnumProperty(
        name="Device",
        description="Where the model runs",
        items=[
            (BEST, "Best", "A graphics card where there is one"),
            ("cuda", "NVIDIA or AMD", "CUDA or ROCm"),
            ("mps", "Apple", "Metal"),
            ("cpu", "Processor", "Enough for the sketch"),
        ],
    )
    decoder: EnumProperty(
        name="Decoder",
        description="What turns the model's latents into pictures",
        items=[
            (BEST, "Best", "The tiny one where the model has it"),
            ("tiny", "Tiny", "A small one that keeps up with the stream"),
            ("full", "Full", "The model's own autoencoder: finer, and several times as slow"),
        ],
    )
    steps: IntProperty(
        name="Steps", description="Denoising steps a chunk; 0: what the model was trained for", min=0, max=50
    )
    chunk: IntProperty(
        name="Chunk",
        description="Latent frames that are made together, four pictures each; 0: what the model was trained for",
        min=0,
        max=30,
    )
    sink: IntProperty(
        name="Sink",
        description="Chunks at the start that are never forgotten; -1: what the model was trained for",
        default=-1,
        min=-1,
        max=10,
    )
    window: IntProperty(
        name="Window",
        description="Newest chunks that are remembered; -1: what the model was trained for",
        default=-1,
        min=-1,
        max=20,
    )
    refresh_sink: BoolProperty(
        name="Refresh Sink",
        description="Let a later chunk take the place of the first in memory once the picture has moved far from it",
    )

    def engine_settings(self) -> dict[str, Any]:
        """By the names that the engine knows."""
        found = {name: getattr(self, name) for name in PLAIN}
        found |= {name: "" if getattr(self, name) == BEST else getattr(self, name) for name in ("device", "decoder")}
        found["model"] = str(Path(bpy.path.abspath(self.model_folder))) if self.model == FOLDER else self.model
        return found
