"""The settings of the MotionStream engine, named as the engine names them wherever that can be."""

from typing import Any

import bpy
from bpy.props import StringProperty

from ...backend.motion_bridge.engines.motionstream.settings import SETTINGS
from ...backend.motion_bridge.engines.setting import Choice
from ..compat import BLEND_RELATIVE
from ..paths import absolute
from .from_schema import BEST, automatic, menu, property_of

FOLDER = "FOLDER"
PLAIN = ("steps", "chunk", "sink", "window", "refresh_sink", "compile", "graphs")
CHOSEN = ("device", "decoder", "precision", "attention")  # empty for the best
AUTOMATIC = ("steps", "chunk", "sink", "window")  # numbers that the model knows best


class MotionBridgeMotionStream(bpy.types.PropertyGroup):
    """As `scene.motion_bridge.motionstream`."""

    model: menu(
        SETTINGS["model"],
        [Choice(FOLDER, "Folder…", "A model of your own: a folder as `motion-bridge convert` writes it")],
    )
    model_folder: StringProperty(
        name="Folder", description="Folder of the model", subtype="DIR_PATH", options=BLEND_RELATIVE
    )
    device: property_of(SETTINGS["device"])
    decoder: property_of(SETTINGS["decoder"])
    steps: property_of(SETTINGS["steps"])
    steps_automatic: automatic(SETTINGS["steps"], 3)
    chunk: property_of(SETTINGS["chunk"])
    chunk_automatic: automatic(SETTINGS["chunk"], 3)
    sink: property_of(SETTINGS["sink"])
    sink_automatic: automatic(SETTINGS["sink"], 1)
    window: property_of(SETTINGS["window"])
    window_automatic: automatic(SETTINGS["window"], 1)
    refresh_sink: property_of(SETTINGS["refresh_sink"])
    precision: property_of(SETTINGS["precision"])
    attention: property_of(SETTINGS["attention"])
    compile: property_of(SETTINGS["compile"])
    graphs: property_of(SETTINGS["graphs"])

    def engine_settings(self) -> dict[str, Any]:
        """By the names that the engine knows."""
        found = {name: getattr(self, name) for name in PLAIN}
        found |= {name: "" if getattr(self, name) == BEST else getattr(self, name) for name in CHOSEN}
        found["model"] = str(absolute(self.model_folder)) if self.model == FOLDER else self.model
        return found
