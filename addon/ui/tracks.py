"""What is followed through the shot: the list, and what is said of each of its entries."""

from typing import Any

import bpy
from bpy.props import EnumProperty

from ..properties import settings_of
from ..scene.tracks.selection import likely, text_of
from .overlay import Overlay
from .panels import EXPERT, Sidebar, in_each_editor
from .working import Working, draw_work

ICONS = {
    "SURFACE": "OUTLINER_DATA_MESH",
    "ORIGIN": "OBJECT_ORIGIN",
    "VERTICES": "VERTEXSEL",
    "BONES": "BONE_DATA",
    "CURVE": "CURVE_BEZCURVE",
    "INSTANCES": "OUTLINER_OB_POINTCLOUD",
}


class MOTION_BRIDGE_UL_sources(bpy.types.UIList):
    """What is followed: its name, and what of it."""

    def draw_item(self, context, layout, data, item, icon, active_data, active_property, index=0, flt_flag=0) -> None:
        target = item.target(context.scene)
        row = layout.row(align=True)
        row.active = item.enabled
        row.prop(item, "enabled", text="")
        if target is None:
            row.label(text=f"{item.name} is not in this scene", icon="ERROR")
            return
        sign: Any = "OUTLINER_COLLECTION" if item.collection else ICONS[item.what]
        row.label(text=target.name, icon=sign)
        right = row.row()
        right.alignment = "RIGHT"
        right.active = False
        kind = "" if item.kind == "path" else f", {item.kind}"
        right.label(text=f"{item.bl_rna.properties['what'].enum_items[item.what].name}{kind}")


class MOTION_BRIDGE_OT_follow(bpy.types.Operator):
    """Follow what is selected: objects; in Edit Mode the picked vertices, in Pose Mode the picked bones"""

    bl_idname = "motion_bridge.follow"
    bl_label = "Track Selected"
    bl_options = {"REGISTER", "UNDO"}

    of: EnumProperty(
        name="Add",
        items=[
            ("SELECTED", "Selected", "The objects, vertices or bones that are selected"),
            ("COLLECTION", "Collection", "Everything in the collection that is active in the Outliner"),
        ],
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        before = len(settings_of(context.scene).tracks.sources)
        if self.of == "COLLECTION":
            add(context.scene, collection=context.collection)
        elif context.mode == "EDIT_MESH":
            for thing in context.objects_in_mode:
                if picked := picked_vertices(thing):
                    add(context.scene, object=thing, what="VERTICES", picked=picked, count=10000)
        elif context.mode == "POSE":
            for bone in context.selected_pose_bones:
                add(context.scene, object=bone.id_data, what="BONES", bone=bone.name)
        else:
            for thing in context.selected_objects:
                add(context.scene, object=thing, what=likely(thing).upper())
        tracks = settings_of(context.scene).tracks
        if len(tracks.sources) == before:
            self.report({"WARNING"}, "Nothing is selected; select objects, or vertices or bones, and press + again.")
            return {"CANCELLED"}
        tracks.active_source = len(tracks.sources) - 1
        return {"FINISHED"}


class MOTION_BRIDGE_OT_unfollow(bpy.types.Operator):
    """Take the chosen entry off the list"""

    bl_idname = "motion_bridge.unfollow"
    bl_label = "Remove Track"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return len(settings_of(context.scene).tracks.sources) > 0

    def execute(self, context: bpy.types.Context) -> set[str]:
        tracks = settings_of(context.scene).tracks
        tracks.sources.remove(tracks.active_source)
        tracks.active_source = max(min(tracks.active_source, len(tracks.sources) - 1), 0)
        return {"FINISHED"}


class MOTION_BRIDGE_OT_region_of_render(bpy.types.Operator):
    """Take the render region, which Ctrl+B draws in the camera's view"""

    bl_idname = "motion_bridge.region_of_render"
    bl_label = "From Render Region"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return context.scene.render.use_border

    def execute(self, context: bpy.types.Context) -> set[str]:
        render, tracks = context.scene.render, settings_of(context.scene).tracks
        tracks.left, tracks.right = render.border_min_x, render.border_max_x
        tracks.top, tracks.bottom = 1 - render.border_max_y, 1 - render.border_min_y
        tracks.use_region = True
        return {"FINISHED"}


def add(scene: bpy.types.Scene, **fields: Any) -> None:
    """Put something on the list."""
    entry = settings_of(scene).tracks.sources.add()
    for name, value in fields.items():
        setattr(entry, name, value)
    entry.name = (entry.collection or entry.object).name


def picked_vertices(thing: bpy.types.Object) -> str:
    """The numbers of the vertices that are selected in Edit Mode, as the list keeps them."""
    thing.update_from_editmode()
    mesh: Any = thing.data
    return text_of([vertex.index for vertex in mesh.vertices if vertex.select])


class TracksPanel(Sidebar):
    """The points whose paths an engine is told."""

    bl_label = "Tracks"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, settings_of(context.scene)
        tracks = settings.tracks
        layout.use_property_decorate = False
        row = layout.row()
        row.prop(tracks, "use_grid")
        side = row.row()
        side.active = tracks.use_grid
        side.prop(settings, "grid", text="Points per Row")
        row = layout.row()
        row.template_list("MOTION_BRIDGE_UL_sources", "", tracks, "sources", tracks, "active_source", rows=3)
        column = row.column(align=True)
        column.operator("motion_bridge.follow", text="", icon="ADD").of = "SELECTED"  # type: ignore[attr-defined]
        more: Any = column.operator("motion_bridge.follow", text="", icon="OUTLINER_COLLECTION")
        more.of = "COLLECTION"
        column.operator("motion_bridge.unfollow", text="", icon="REMOVE")
        if 0 <= tracks.active_source < len(tracks.sources):
            draw_source(layout, tracks.sources[tracks.active_source])
        draw_region(layout, tracks)
        layout.prop(tracks, "through_glass")
        if Working.under_way:
            draw_work(layout)
            return
        row = layout.row(align=True)
        text = "Show Tracks Anew" if Overlay.shown else "Show Tracks"
        row.operator("motion_bridge.show_tracks", text=text, icon="HIDE_OFF")
        if Overlay.shown:
            row.operator("motion_bridge.hide_tracks", text="", icon="X")


def draw_source(layout: bpy.types.UILayout, entry: Any) -> None:
    """What is said of one entry."""
    column = layout.column()
    column.use_property_split = True
    column.prop(entry, "what")
    if entry.what == "SURFACE":
        column.row().prop(entry, "amount", expand=True)
        column.prop(entry, "count" if entry.amount == "COUNT" else "spacing")
    elif entry.what == "VERTICES":
        if entry.object and entry.object.type == "MESH":
            column.prop_search(entry, "group", entry.object, "vertex_groups")
        if entry.object and not entry.group:
            column.prop(entry, "picked", placeholder="All")
        column.prop(entry, "count", text="At Most")
    elif entry.what == "BONES":
        if entry.object and entry.object.type == "ARMATURE":
            column.prop_search(entry, "bone", entry.object.data, "bones")
        column.prop(entry, "along")
    column.row().prop(entry, "kind", expand=True)


def draw_region(layout: bpy.types.UILayout, tracks: Any) -> None:
    """Where points are chosen."""
    layout.prop(tracks, "use_region")
    if tracks.use_region:
        column = layout.column(align=True)
        row = column.row(align=True)
        row.prop(tracks, "left", slider=True)
        row.prop(tracks, "right", slider=True)
        row = column.row(align=True)
        row.prop(tracks, "top", slider=True)
        row.prop(tracks, "bottom", slider=True)
        column.operator("motion_bridge.region_of_render", icon="BORDERMOVE")


CLASSES = (
    MOTION_BRIDGE_UL_sources,
    MOTION_BRIDGE_OT_follow,
    MOTION_BRIDGE_OT_unfollow,
    MOTION_BRIDGE_OT_region_of_render,
    *in_each_editor(TracksPanel, EXPERT),
)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
