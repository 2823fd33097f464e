"""File ▸ Export and Import, schedules on the clipboard, and the panel that has them at hand."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from ..exchange import camera_import
from ..exchange.export import FORMATS, SCHEDULES, Copy, Export, choices_of
from ..properties import settings_of
from .operators import Idle, attempt
from .panels import EXPERT, Sidebar, in_each_editor
from .text import draw_wrapped
from .working import Working, draw_work


class Last:
    """What came of it last: schedules, so that a field can be copied again without another fit, and sentences."""

    fields: dict[str, str] = {}
    sentences: tuple[str, ...] = ()


class Telling(Working):
    """Work whose outcome is told in the panel too."""

    def done(self, task: Any, files: tuple[Path, ...], sentences: tuple[str, ...]) -> None:
        Last.sentences = sentences
        saved = f"Saved {files[0]}." if files else "Copied."
        self.report({"INFO"}, " ".join((saved, *sentences)))  # type: ignore[attr-defined]


class MOTION_BRIDGE_OT_export(Telling, bpy.types.Operator):
    """Write this scene's motion for another program"""

    bl_idname = "motion_bridge.export"
    bl_label = "Export Motion"

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    check_existing: BoolProperty(default=True, options={"HIDDEN"})
    filter_glob: StringProperty(default="*.txt;*.json;*.npz;*.npy;*.pth;*.mp4", options={"HIDDEN"})
    format: EnumProperty(
        name="Format", items=[(name, found.label, found.about) for name, found in FORMATS.items()], default="webui"
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self._in_window = not bpy.app.background
        stem = Path(bpy.data.filepath).with_suffix("") if bpy.data.filepath else Path("motion")
        self.filepath = f"{stem}_motion{FORMATS[self.format].suffix}" if bpy.data.filepath else "motion.txt"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, context: bpy.types.Context) -> bool:
        path = bpy.path.ensure_ext(str(Path(self.filepath).with_suffix("")), FORMATS[self.format].suffix)
        changed = path != self.filepath
        self.filepath = path
        return changed

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "format")
        if self.format in SCHEDULES:
            draw_choices(layout, context)
        draw_wrapped(layout, f"{FORMATS[self.format].about}.", context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        return self.start(context, lambda: Export(context, self.format, self.filepath, {}, choices_of(context.scene)))


class MOTION_BRIDGE_OT_copy_schedules(Telling, bpy.types.Operator):
    """Put the scene's Deforum schedules on the clipboard: a line with each field's name, a line to paste into it"""

    bl_idname = "motion_bridge.copy_schedules"
    bl_label = "Copy Schedules"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self._in_window = not bpy.app.background
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        return self.start(context, lambda: Copy(context, {}))

    def done(self, task: Copy, files: tuple[Path, ...], sentences: tuple[str, ...]) -> None:
        super().done(task, files, sentences)
        assert task.made
        Last.fields = dict(task.made.schedules)


class MOTION_BRIDGE_OT_copy_field(bpy.types.Operator):
    """Put this one field's schedule on the clipboard, as it was copied last"""

    bl_idname = "motion_bridge.copy_field"
    bl_label = "Copy Field"

    field: StringProperty(options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        if self.field not in Last.fields:
            self.report({"ERROR"}, f"There is no schedule {self.field!r} yet; press Copy Schedules first.")
            return {"CANCELLED"}
        context.window_manager.clipboard = Last.fields[self.field]
        self.report({"INFO"}, f"Copied {self.field}.")
        return {"FINISHED"}


class MOTION_BRIDGE_OT_import(Idle, bpy.types.Operator):
    """Make a keyframed camera of a Deforum settings file, a Parseq document, or a camera file of another program"""

    bl_idname = "motion_bridge.import_camera"
    bl_label = "Import Camera"
    bl_options = {"UNDO"}

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: StringProperty(default="*.txt;*.json;*.npy;*.npz", options={"HIDDEN"})
    first: IntProperty(name="First Frame", description="The timeline frame of the file's frame 0", default=1)
    scale: FloatProperty(
        name="Scale",
        description="Scene units a depth unit (200 of translation); in 2D mode the width of the picture",
        default=1,
        min=1e-6,
    )
    from_active: BoolProperty(
        name="Start at the Active Camera",
        description="Go on from where the scene's camera is at the first frame, with its lens shift and clipping",
        default=True,
    )
    set_range: BoolProperty(name="Set Frame Range", description="Give the scene the file's length")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self.first = context.scene.frame_start
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        return attempt(self, lambda: self._load(context))

    def _load(self, context: bpy.types.Context) -> None:
        placing = camera_import.Placing(self.first, self.scale, self.from_active, self.set_range)
        made, notices = camera_import.load(context, self.filepath, placing)
        Last.sentences = notices
        self.report({"INFO"}, " ".join((f"Added the camera {made.name}.", *notices)))


def draw_choices(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What schedules are asked for."""
    settings = settings_of(context.scene)
    layout.row().prop(settings, "schedule_target", expand=True)
    layout.row().prop(settings, "schedule_keys", expand=True)
    if settings.schedule_keys != "EVERY":
        layout.prop(settings, "schedule_tolerance")


class ExchangePanel(Sidebar):
    """Schedules at hand."""

    bl_label = "Exchange"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        draw_choices(column, context)
        column = layout.column(align=True)
        if Working.under_way:
            draw_work(column)
            return
        column.operator("motion_bridge.copy_schedules", icon="COPYDOWN")
        if Last.fields:
            grid = column.grid_flow(row_major=True, columns=3, even_columns=True, align=True)
            for name in Last.fields:
                button: Any = grid.operator("motion_bridge.copy_field", text=short(name))
                button.field = name
        row = layout.row(align=True)
        row.operator("motion_bridge.export", text="Export", icon="EXPORT")
        row.operator("motion_bridge.import_camera", text="Import", icon="IMPORT")
        if Last.sentences:
            draw_wrapped(layout, " ".join(Last.sentences), context, icon="INFO")


def short(field: str) -> str:
    """A field's name as a small button has room for it: Move X, Turn Y, Fov."""
    plain = field.removesuffix("_schedule").replace("rotation_3d", "turn").replace("translation", "move")
    return plain.replace("transform_", "").replace("_", " ").title()


def in_export_menu(menu: Any, context: bpy.types.Context) -> None:
    menu.layout.operator("motion_bridge.export", text="Motion Bridge: Schedules, Tracks, Guide Video")


def in_import_menu(menu: Any, context: bpy.types.Context) -> None:
    menu.layout.operator("motion_bridge.import_camera", text="Motion Bridge: Camera (Deforum, Parseq, COLMAP, …)")


MENUS: tuple[tuple[Any, Any], ...] = (  # Any: the stubs think that Blender calls them without the menu
    (bpy.types.TOPBAR_MT_file_export, in_export_menu),
    (bpy.types.TOPBAR_MT_file_import, in_import_menu),
)


CLASSES = (
    MOTION_BRIDGE_OT_export,
    MOTION_BRIDGE_OT_copy_schedules,
    MOTION_BRIDGE_OT_copy_field,
    MOTION_BRIDGE_OT_import,
    *in_each_editor(ExchangePanel, EXPERT),
)


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    for menu, entry in MENUS:
        menu.append(entry)


def unregister() -> None:
    for menu, entry in MENUS:
        menu.remove(entry)
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
