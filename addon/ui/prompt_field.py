"""The prompt that holds at the current frame, in a field as wide as the panel, and the diamond that keys it."""

from typing import Any

import bpy

from ..properties import settings_of
from .text import draw_lines, draw_wrapped

LINES = 3  # of the field, at first
WIDTH = 600  # pixels of the editor
PLACEHOLDER = "What the picture shows"


def draw_prompt(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The field, the diamond, and before Blender 5.2, which has no field of several lines, an editor."""
    settings: Any = settings_of(context.scene)
    row = layout.row(align=True)
    several_lines = hasattr(layout, "textbox")
    if several_lines:
        row.textbox(settings, "prompt", initial_visible_lines=LINES, placeholder=PLACEHOLDER)  # type: ignore[attr-defined]
    else:
        row.prop(settings, "prompt", text="", placeholder=PLACEHOLDER)
    side = row.column(align=True)
    side.operator("motion_bridge.prompt_diamond", text="", icon=diamond(context.scene), emboss=False)
    if not several_lines:
        side.operator("motion_bridge.edit_prompt", text="", icon="GREASEPENCIL", emboss=False)
        if settings.prompt:
            draw_wrapped(layout, settings.prompt, context)


def diamond(scene: bpy.types.Scene) -> Any:
    """Filled at a key, outlined between keys, a dot where the prompt has none."""
    prompts = settings_of(scene).prompts
    if any(key.frame == scene.frame_current for key in prompts):
        return "DECORATE_KEYFRAME"
    return "DECORATE_ANIMATE" if len(prompts) > 1 else "DECORATE"


class MOTION_BRIDGE_OT_prompt_diamond(bpy.types.Operator):
    """Key the prompt at the current frame, or remove the key that is there"""

    bl_idname = "motion_bridge.prompt_diamond"
    bl_label = "Key Prompt"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings, frame = settings_of(context.scene), context.scene.frame_current
        at = next((index for index, key in enumerate(settings.prompts) if key.frame == frame), None)
        if at is None:
            operators: Any = bpy.ops
            return operators.motion_bridge.prompt_key()
        settings.active_prompt = at
        operators = bpy.ops
        return operators.motion_bridge.prompt_remove()


class MOTION_BRIDGE_OT_edit_prompt(bpy.types.Operator):
    """Write the prompt in a wide window"""

    bl_idname = "motion_bridge.edit_prompt"
    bl_label = "Prompt"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return set(context.window_manager.invoke_props_dialog(self, width=WIDTH))

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        settings: Any = settings_of(context.scene)
        layout.prop(settings, "prompt", text="", placeholder=PLACEHOLDER)
        draw_lines(layout, settings.prompt, WIDTH - 40)

    def execute(self, context: bpy.types.Context) -> set[str]:
        return {"FINISHED"}


CLASSES = (MOTION_BRIDGE_OT_prompt_diamond, MOTION_BRIDGE_OT_edit_prompt)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
