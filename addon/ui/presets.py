"""The person's own presets, kept where Blender keeps all of them: engine, its settings, key pictures and draft."""

from typing import Any

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel

from ..properties import settings_of

FOLDER = "motion_bridge"
PARTS = ("engine", "negative", "mark_unseen", "keys", "draft")  # prompts and seeds belong to a shot, not to a preset


class MOTION_BRIDGE_PT_presets(PresetPanel, bpy.types.Panel):
    """The list that the icon in the panel's header opens"""

    bl_label = "Motion Bridge Presets"
    preset_subdir = FOLDER
    preset_operator = "script.execute_preset"
    preset_add_operator = "motion_bridge.preset_add"


class MOTION_BRIDGE_MT_presets(bpy.types.Menu):
    """The same as a menu, which Blender wants where presets are added"""

    bl_label = "Motion Bridge Presets"
    preset_subdir = FOLDER
    preset_operator = "script.execute_preset"
    draw: Any = bpy.types.Menu.draw_preset


class MOTION_BRIDGE_OT_preset_add(AddPresetBase, bpy.types.Operator):
    """Add the panel's settings as a preset, or remove one"""

    bl_idname = "motion_bridge.preset_add"
    bl_label = "Add Motion Bridge Preset"
    preset_menu = "MOTION_BRIDGE_MT_presets"
    preset_subdir = FOLDER
    preset_defines = ("settings = bpy.context.scene.motion_bridge",)

    @property
    def preset_values(self) -> list[str]:
        """What is written: the engine comes first, then its own settings."""
        settings: Any = settings_of(bpy.context.scene)
        own = (settings.engine,) if hasattr(settings, settings.engine) else ()
        return [f"settings.{name}" for name in (*PARTS, *own)]


CLASSES = (MOTION_BRIDGE_PT_presets, MOTION_BRIDGE_MT_presets, MOTION_BRIDGE_OT_preset_add)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
