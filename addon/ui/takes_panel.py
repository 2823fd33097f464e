"""The takes of the scene: what was made, and what can be done with it."""

from typing import Any

import bpy

from ..properties.takes import take_list
from ..render.manager import window
from ..viewer import take_strips
from .panels import Sidebar, engine_label, in_each_editor
from .take_actions import active_strip
from .take_list import refresh_soon
from .thumbnails import icon_of

ROWS = 4
HEIGHT = 2.0  # of a take in the list, in lines
DOT = "\N{MIDDLE DOT}"


class MOTION_BRIDGE_UL_takes(bpy.types.UIList):
    """The newest first: picture, name and engine, and below what it is."""

    def draw_item(self, context, layout, data, item, icon, active_data, active_property, index=0, flt_flag=0) -> None:
        row = layout.row()
        picture = icon_of(item.thumbnail)
        if picture:
            row.template_icon(picture, scale=HEIGHT)
        column = row.column(align=True)
        column.scale_y = HEIGHT / 2
        top = column.row(align=True)
        top.label(text=first_line(item), translate=False)
        if item.favorite:
            top.label(text="", icon="SOLO_ON")
        below = column.row()
        below.active = False
        below.label(text=second_line(item), translate=False)

    def filter_items(self, context, data, property_name) -> tuple[list[int], list[int]]:
        """By name, engine or prompt."""
        wanted = self.filter_name.lower()
        items = getattr(data, property_name)
        if not wanted:
            return [], []
        shown = self.bitflag_filter_item
        return [shown * (wanted in f"{item.name} {item.engine} {item.prompt}".lower()) for item in items], []


def first_line(item: Any) -> str:
    """take_003 · Deforum"""
    return f"{item.name.replace('take_', 'Take ')}  {DOT}  {engine_label(item.engine)}" if item.engine else item.name


def second_line(item: Any) -> str:
    """5.0 s · 12 MB, or how much of it there is."""
    length = f"{item.seconds:.1f} s" if 0 < item.total <= item.frames else f"{item.frames} of {item.total}"
    return f"{length}  {DOT}  {item.size}"


class TakesPanel(Sidebar):
    """The list, and the buttons for the take that is chosen in it."""

    bl_label = "Takes"

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        refresh_soon(context.scene)
        listed = take_list(context, take_strips.source_scene(context.scene))
        if listed is None or not len(listed.items):
            layout.label(text="No takes yet")
            return
        row = layout.row()
        row.template_list("MOTION_BRIDGE_UL_takes", "", listed, "items", listed, "active", rows=ROWS)
        side = row.column(align=True)
        active = active_row(context)
        side.enabled = active is not None
        name = active.name if active else ""
        icon = "SOLO_ON" if active and active.favorite else "SOLO_OFF"
        side.operator("motion_bridge.take_favorite", text="", icon=icon).take = name
        side.operator("motion_bridge.take_delete", text="", icon="TRASH").take = name
        side.menu("MOTION_BRIDGE_MT_take", text="", icon="DOWNARROW_HLT")
        if active is None:
            return
        draw_details(layout, active)
        row = layout.row(align=True)
        row.operator("motion_bridge.take_show", icon="HIDE_OFF").take = name
        row.operator("motion_bridge.take_play", icon="PLAY").take = name
        row.operator("motion_bridge.take_strip", text="", icon="SEQUENCE").take = name
        row.operator("motion_bridge.take_folder", text="", icon="FILE_FOLDER").take = name
        if active.frames < active.total and not window.running:
            layout.operator("motion_bridge.take_resume", icon="FILE_REFRESH").take = name


def active_row(context: Any) -> Any:
    """The take that is chosen in the list; None where none is."""
    listed = take_list(context, take_strips.source_scene(context.scene))
    return listed.items[listed.active] if listed and 0 <= listed.active < len(listed.items) else None


def draw_details(layout: bpy.types.UILayout, item: Any) -> None:
    """Prompt and seed of a take."""
    column = layout.column(align=True)
    column.scale_y = 0.85
    if item.prompt:
        column.label(text=item.prompt, icon="OUTLINER_OB_FONT", translate=False)
    column.label(text=f"Seed {item.seed}", icon="MOD_NOISE")


class MOTION_BRIDGE_MT_take(bpy.types.Menu):
    """What else can be done with the chosen take"""

    bl_label = "Take"

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        active = active_row(context)
        name = active.name if active else ""
        draw_again(layout, name)
        layout.separator()
        layout.operator("motion_bridge.take_compare", icon="MOD_MIRROR").take = name
        layout.operator("motion_bridge.take_restore", icon="LOOP_BACK").take = name
        layout.operator("motion_bridge.restore_settings", icon="FILE_IMAGE")
        layout.operator("motion_bridge.take_movie", icon="FILE_MOVIE").take = name
        layout.separator()
        layout.operator("motion_bridge.clean_takes", icon="TRASH")


def draw_again(layout: Any, name: str = "") -> None:
    """What makes a new take of one that is there. name: of that one; empty for the active strip's."""
    layout.operator_context = "INVOKE_DEFAULT"
    layout.operator("motion_bridge.take_resume", icon="FILE_REFRESH").take = name
    layout.operator("motion_bridge.take_seed", icon="MOD_NOISE").take = name
    layout.operator("motion_bridge.take_extend", icon="TRACKING_FORWARDS").take = name
    layout.operator("motion_bridge.take_range", icon="PREVIEW_RANGE").take = name


class MOTION_BRIDGE_MT_strip(bpy.types.Menu):
    """What can be done with the take that a strip shows"""

    bl_label = "Motion Bridge Take"

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        draw_again(layout)
        layout.separator()
        layout.operator("motion_bridge.take_restore", icon="LOOP_BACK")
        layout.operator("motion_bridge.take_play", icon="PLAY")


def in_strip_menu(menu: Any, context: bpy.types.Context) -> None:
    """An entry of the Sequencer's Strip menu and its context menu, where the active strip shows a take."""
    if take_strips.take_of(active_strip(context)) is not None:
        menu.layout.separator()
        menu.layout.menu("MOTION_BRIDGE_MT_strip", icon="RENDER_ANIMATION")


MENUS = ("SEQUENCER_MT_strip", "SEQUENCER_MT_context_menu")
CLASSES = (
    MOTION_BRIDGE_UL_takes,
    MOTION_BRIDGE_MT_take,
    MOTION_BRIDGE_MT_strip,
    *in_each_editor(TakesPanel),
)


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    for name in MENUS:
        getattr(bpy.types, name).append(in_strip_menu)


def unregister() -> None:
    for name in MENUS:
        getattr(bpy.types, name).remove(in_strip_menu)
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
