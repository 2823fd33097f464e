"""The settings of the video engine, named as the engine names them wherever that can be."""

from typing import Any

import bpy
from bpy.props import StringProperty

from ...backend.motion_bridge.engines.setting import Choice
from ...backend.motion_bridge.engines.video.settings import SETTINGS
from ..compat import BLEND_RELATIVE
from ..paths import absolute
from .from_schema import BEST, automatic, menu, property_of

FOLDER = "FOLDER"
PLAIN = ("strength", "steps", "guidance", "size", "length", "resampling", "noise_free", "noise_known", "accept_license")


class MotionBridgeVideo(bpy.types.PropertyGroup):
    """As `scene.motion_bridge.video`."""

    model: menu(SETTINGS["model"], [Choice(FOLDER, "Folder…", "A model's folder as diffusers saves it")], steady=True)
    model_folder: StringProperty(
        name="Folder", description="Folder of the model", subtype="DIR_PATH", options=BLEND_RELATIVE
    )
    control: menu(SETTINGS["control"], steady=True)
    strength: property_of(SETTINGS["strength"])
    steps: property_of(SETTINGS["steps"])
    steps_automatic: automatic(SETTINGS["steps"], 30)
    guidance: property_of(SETTINGS["guidance"])
    guidance_automatic: automatic(SETTINGS["guidance"], 5.0)
    size: StringProperty(name=SETTINGS["size"].label, description=SETTINGS["size"].help)
    length: property_of(SETTINGS["length"])
    length_automatic: automatic(SETTINGS["length"], 49)
    resampling: menu(SETTINGS["resampling"], steady=True)
    noise_free: property_of(SETTINGS["noise_free"])
    noise_known: property_of(SETTINGS["noise_known"])
    lora: property_of(SETTINGS["lora"])
    refiner: property_of(SETTINGS["refiner"])
    accept_license: property_of(SETTINGS["accept_license"])
    device: property_of(SETTINGS["device"])

    def engine_settings(self) -> dict[str, Any]:
        """By the names that the engine knows."""
        found = {name: getattr(self, name) for name in PLAIN}
        found |= {name: "" if getattr(self, name) == BEST else getattr(self, name) for name in ("device", "control")}
        found |= {name: str(absolute(path)) if (path := getattr(self, name)) else "" for name in ("lora", "refiner")}
        for name in ("guidance", "strength", "noise_free", "noise_known"):
            found[name] = round(found[name], 6)  # Blender's numbers have 32 bits
        found["model"] = str(absolute(self.model_folder)) if self.model == FOLDER else self.model
        return found
