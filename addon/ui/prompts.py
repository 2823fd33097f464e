"""Prompts and their keyframes."""

import bpy

from ...backend.motion_bridge.shot import key_at, prompt_at
from ..properties import prompt_markers, settings_of
from .live import prompt_sentence
from .panels import EXPERT, Sidebar, in_each_editor, listens
from .text import draw_wrapped


class MOTION_BRIDGE_UL_prompts(bpy.types.UIList):
    """Prompts by frame; the one that holds at the current frame has a filled marker."""

    def draw_item(self, context, layout, data, item, icon, active_data, active_property, index=0, flt_flag=0) -> None:
        holding = key_at((key.frame for key in data.prompts), context.scene.frame_current)
        row = layout.row(align=True)
        row.label(text="", icon="KEYFRAME_HLT" if item.frame == holding else "KEYFRAME")
        split = row.split(factor=0.25, align=True)
        split.prop(item, "frame", text="", emboss=False)
        split.prop(item, "text", text="", emboss=False, placeholder="What the picture shows")

    def filter_items(self, context, data, property_name) -> tuple[list[int], list[int]]:
        frames = [key.frame for key in data.prompts]
        order = sorted(range(len(frames)), key=frames.__getitem__)
        places = [0] * len(frames)
        for place, index in enumerate(order):
            places[index] = place
        return [], places


class MOTION_BRIDGE_OT_prompt_key(bpy.types.Operator):
    """Add a prompt that holds from the current frame on"""

    bl_idname = "motion_bridge.prompt_key"
    bl_label = "Key Prompt at Current Frame"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        scene = context.scene
        settings, frame = settings_of(scene), scene.frame_current
        prompt_markers.synchronize(scene)  # a new marker may not be in the list yet
        held = prompt_markers.prompts(scene)
        if frame not in held:
            prompt_markers.add(scene, frame, prompt_at(held, frame))
        settings.active_prompt = [key.frame for key in settings.prompts].index(frame)
        return {"FINISHED"}


class MOTION_BRIDGE_OT_prompt_remove(bpy.types.Operator):
    """Remove the selected prompt"""

    bl_idname = "motion_bridge.prompt_remove"
    bl_label = "Remove Prompt"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return len(settings_of(context.scene).prompts) > 0

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = settings_of(context.scene)
        prompt_markers.remove(context.scene, settings.active_prompt)
        settings.active_prompt = max(min(settings.active_prompt, len(settings.prompts) - 1), 0)
        return {"FINISHED"}


class PromptPanel(Sidebar):
    """Words for the engines that listen to them."""

    bl_label = "Prompts"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return listens(settings_of(context.scene).engine, "prompts")

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, settings_of(context.scene)
        row = layout.row()
        row.template_list("MOTION_BRIDGE_UL_prompts", "", settings, "prompts", settings, "active_prompt", rows=3)
        column = row.column(align=True)
        column.operator("motion_bridge.prompt_key", text="", icon="ADD")
        column.operator("motion_bridge.prompt_remove", text="", icon="REMOVE")
        layout.prop(settings, "prompt_markers")
        layout.prop(settings, "negative", placeholder="What it must not show")
        if sentence := prompt_sentence(context.scene):
            draw_wrapped(layout, sentence, context, icon="INFO")


CLASSES = (
    MOTION_BRIDGE_UL_prompts,
    MOTION_BRIDGE_OT_prompt_key,
    MOTION_BRIDGE_OT_prompt_remove,
    *in_each_editor(PromptPanel, EXPERT),
)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
