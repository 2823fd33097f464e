"""Which Python makes the frames, and whether it can."""

from collections.abc import Callable
from typing import Any

import bpy
from bpy.props import BoolProperty, PointerProperty, StringProperty

from ..interpreter import diagnostics
from ..names import PACKAGE
from ..parts import part
from .text import draw_wrapped

downloads = part("ui.downloads")

Draw = Callable[[bpy.types.UILayout, bpy.types.Context], None]

EXPLANATION = (
    "Reproject works with Blender alone. Deforum, MotionStream and the video models need torch: install the GPU "
    "backend below, or name a Python that has it. Models are downloaded only by a button that says how large they are."
)

_sections: dict[str, Draw] = {}  # what engines add, by name


def _use_models_folder(self: Any, context: bpy.types.Context) -> None:
    if downloads:
        downloads.use_models_folder(self.models_folder)


class MotionBridgePreferences(bpy.types.AddonPreferences):
    bl_idname = PACKAGE

    python: StringProperty(
        name="Backend Python",
        description="The Python that makes the frames. Empty: Blender's own, which is enough for Reproject",
        subtype="FILE_PATH",
    )
    base_python: StringProperty(
        name="Install From",
        description="The Python that the GPU backend is made from. Empty: one that is downloaded with it",
        subtype="FILE_PATH",
    )
    models_folder: StringProperty(
        name="Models Folder",
        description="Where models are looked for and downloaded to. Empty: a folder of your own",
        subtype="DIR_PATH",
        update=_use_models_folder,
    )
    show_sequencer: BoolProperty(
        name="Sequencer with Takes",
        description="Open a Sequencer below the 3D View when a take is begun and no window shows one. Blender 5.0 or "
        "newer",
        default=True,
    )
    token: StringProperty(
        name="Hugging Face Token",
        description="Of an account that may read gated models. Used for downloads from the hub and nothing else",
        subtype="PASSWORD",
    )

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        if downloads is None:
            layout.label(text="Motion Bridge works with Blender alone: there is nothing to set up.", icon="CHECKMARK")
            layout.prop(self, "show_sequencer")
            return
        draw_wrapped(layout, EXPLANATION, context, icon="INFO")
        layout.use_property_split = True
        layout.prop(self, "show_sequencer")
        row = layout.row(align=True)
        row.prop(self, "python")
        row.operator("motion_bridge.doctor", text="Check", icon="CHECKMARK")
        if diagnostics.report:
            draw_wrapped(layout.box(), diagnostics.report, context)
        downloads.draw_install(layout, context)
        layout.prop(self, "base_python")
        downloads.draw_task(layout, context)
        layout.prop(self, "models_folder")
        layout.prop(self, "token")
        header, body = layout.panel("motion_bridge_models", default_closed=True)
        header.label(text="Models")
        if body:
            downloads.draw_models(body, context)
        for draw in _sections.values():
            draw(layout.column(), context)


def attach(name: str, group: type, draw: Draw) -> None:
    """Keep a property group with the preferences, as their field of that name; draw: how it is shown there.

    Blender reads the fields when the class is registered, so it is registered anew; what was stored stays.
    """
    bpy.utils.register_class(group)
    bpy.utils.unregister_class(MotionBridgePreferences)
    MotionBridgePreferences.__annotations__[name] = PointerProperty(type=group)
    bpy.utils.register_class(MotionBridgePreferences)
    _sections[name] = draw


def detach(name: str, group: type) -> None:
    """Undo `attach`."""
    del _sections[name]
    bpy.utils.unregister_class(MotionBridgePreferences)
    del MotionBridgePreferences.__annotations__[name]
    bpy.utils.register_class(MotionBridgePreferences)
    bpy.utils.unregister_class(group)


class MOTION_BRIDGE_OT_doctor(bpy.types.Operator):
    """Start the backend's Python and ask what it can do"""

    bl_idname = "motion_bridge.doctor"
    bl_label = "Check Backend"

    def execute(self, context: bpy.types.Context) -> set[str]:
        fine, report = diagnostics.ask()
        self.report({"INFO" if fine else "ERROR"}, report.splitlines()[0])
        return {"FINISHED"}


CLASSES = (MotionBridgePreferences, MOTION_BRIDGE_OT_doctor)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
