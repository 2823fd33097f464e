"""Schedules in the panels: as numbers with a diamond for keyframes, or as Deforum's texts; the one holds or the other.

`Fields` is what other panels call for any of them.
"""

import re
from typing import Any

import bpy
from bpy.props import EnumProperty, StringProperty

from ...backend.motion_bridge.engines.deforum.engine import engine
from ...backend.motion_bridge.errors import BadInput
from ..properties import settings_of
from ..properties.deforum import AUTOMATIC, EMPTY
from ..properties.schedule_conversion import convertible, redraw, to_curve, to_text
from ..properties.schedule_curves import CURVE, TEXT, source
from ..properties.schedules import FIELDS, meaning
from .operators import attempt
from .text import draw_wrapped

IN_2D = ("zoom", "angle", "translation_x", "translation_y", "transform_center_x", "transform_center_y")
IN_3D = ("translation_z", "translation_x", "translation_y", "rotation_3d_x", "rotation_3d_y", "rotation_3d_z") + (
    "fov_schedule",
    "aspect_ratio_schedule",
)
FLIP = tuple(name for name in FIELDS if name.startswith("perspective_flip_"))
SHARPEN = ("amount_schedule", "kernel_schedule", "sigma_schedule", "threshold_schedule")
KEY = re.compile(r"(\d)\s*:\s*\(")  # a key of a schedule, whatever spaces stand in it
ICONS: dict[str, Any] = {TEXT: "TEXT", CURVE: "FCURVE"}


def draw_conversion(layout: bpy.types.UILayout) -> None:
    """The buttons that make curves of all texts and texts of all curves."""
    row = layout.row(align=True)
    for action, text in (("TO_CURVE", "All to Curves"), ("TO_TEXT", "All to Texts")):
        operator: Any = row.operator("motion_bridge.schedule_source", text=text, icon=ICONS[action[3:]])
        operator.action = action


def default(name: str) -> str:
    """The schedule that an empty field stands for."""
    return EMPTY.get(name, engine.schedules[name])


def placeholder(name: str) -> str:
    """What an empty field shows: frame:(value), frame:(value) …, or that the model decides."""
    return "Automatic" if name in AUTOMATIC else KEY.sub(r"\1:(", default(name))


class Fields:
    """Draws schedules: the number or the text, what a text means at the current frame, and what is wrong with it."""

    def __init__(self, context: bpy.types.Context):
        self._context = context
        scene = context.scene
        self.everything: Any = settings_of(scene)
        step = max(scene.frame_step, 1)
        self._frames = max((scene.frame_end - scene.frame_start) // step + 1, 1)
        self._now = min(max((scene.frame_current - scene.frame_start) // step, 0), self._frames - 1)
        self._seed = self.everything.seed
        self._fps = scene.render.fps / scene.render.fps_base

    def __call__(self, layout: bpy.types.UILayout, texts: Any, *names: str) -> None:
        """Rows for some schedules."""
        deforum = self.everything.deforum
        for name in names:
            row = layout.row(align=True)
            row.use_property_split = True
            if source(deforum, name) == CURVE:
                row.use_property_decorate = True
                row.prop(deforum.curves, name)
                self._switch(row, name, CURVE)
            else:
                self._text(layout, row, texts, name)

    def _text(self, layout: bpy.types.UILayout, row: bpy.types.UILayout, texts: Any, name: str) -> None:
        text = getattr(texts, name).strip()
        wrong, idle, values = meaning(name, text, self._frames, self._seed, self._fps)
        row.use_property_decorate = False
        field = row.row(align=True)
        field.alert = bool(wrong)
        field.prop(texts, name, placeholder=placeholder(name))
        if not wrong and not idle and len(set(values)) > 1:
            now = row.row()
            now.ui_units_x = 3
            now.label(text=f"{values[self._now]:.4g}")
        self._switch(row, name, TEXT)
        if wrong:
            draw_wrapped(layout.box(), wrong, self._context, icon="ERROR")
        elif idle:
            draw_wrapped(layout, idle, self._context, icon="INFO")

    def _switch(self, row: bpy.types.UILayout, name: str, holds: str) -> None:
        menu: Any = row.operator_menu_enum("motion_bridge.schedule_source", "action", text="", icon=ICONS[holds])
        menu.schedule = name


ACTIONS = [
    ("USE_CURVE", "Use the Curve", "Let the number hold, with its keyframes; the text stays as it is", "FCURVE", 0),
    ("USE_TEXT", "Use the Text", "Let the text hold; the number stays as it is", "TEXT", 1),
    ("TO_CURVE", "Text to Curve", "Make the text a curve, true to 0.0001 at every frame, and let it hold", "IMPORT", 2),
    ("TO_TEXT", "Curve to Text", "Write the curve as a text, true at every frame, and let it hold", "EXPORT", 3),
]


class MOTION_BRIDGE_OT_schedule_source(bpy.types.Operator):
    """Choose whether a schedule is a curve or a text, and make one of the other"""

    bl_idname = "motion_bridge.schedule_source"
    bl_label = "Curve or Text"
    bl_options = {"REGISTER", "UNDO"}

    schedule: StringProperty(name="Schedule", description="Its name; empty: all that have something to convert")
    action: EnumProperty(name="Action", items=ACTIONS)

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        about = next(about for name, _, about, *_ in ACTIONS if name == properties.action)
        return (
            about if properties.schedule else about.replace("the text", "each text").replace("the curve", "each curve")
        )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.scene.is_editable:
            return True
        cls.poll_message_set("The scene is linked from another file")
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        return attempt(self, lambda: self._act(context))

    def _act(self, context: bpy.types.Context) -> None:
        deforum = settings_of(context.scene).deforum  # type: ignore[attr-defined]
        if self.schedule and self.schedule not in FIELDS:
            raise BadInput(f"There is no schedule {self.schedule!r}.")
        names = [self.schedule] if self.schedule else list(FIELDS)
        if self.action in ("USE_CURVE", "USE_TEXT"):
            for name in names:
                setattr(deforum.sources, name, self.action.removeprefix("USE_"))
            if self.action == "USE_TEXT" and self.schedule and not getattr(deforum.texts, self.schedule).strip():
                to_text(deforum, self.schedule)  # an empty text could not hold
        elif self.action == "TO_CURVE":
            for name in names if self.schedule else convertible(deforum, TEXT):
                to_curve(deforum, name)
        else:
            for name in names if self.schedule else convertible(deforum, CURVE):
                to_text(deforum, name)
        redraw(context)


register, unregister = bpy.utils.register_classes_factory((MOTION_BRIDGE_OT_schedule_source,))
