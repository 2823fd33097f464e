"""The tab "Motion Bridge" in the sidebars of the 3D View, the Image Editor and the Sequencer."""

import bpy

from ..names import TITLE
from ..properties import settings_of
from ..render.job import State
from ..render.manager import window
from .text import clock, draw_wrapped


class Sidebar:
    """Where all the panels stand."""

    layout: bpy.types.UILayout  # Blender's, of the panel that this is mixed into
    bl_region_type = "UI"
    bl_category = TITLE


class MainPanel(Sidebar):
    """Choose, press Render, watch."""

    bl_label = TITLE

    def draw(self, context: bpy.types.Context) -> None:
        layout, scene = self.layout, context.scene
        settings = settings_of(scene)
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.active = not window.running
        column.prop(settings, "engine")
        column.row().prop(settings, "first_frame", expand=True)
        if settings.first_frame == "FILE":
            column.prop(settings, "first_frame_path", text="File")
        elif settings.first_frame == "IMAGE":
            column.prop(settings, "first_frame_image", text="Image")
        column.prop(settings, "output")
        draw_summary(layout, scene)
        if window.running:
            draw_progress(layout)
        else:
            draw_buttons(layout)
        draw_outcome(layout, context)


def draw_summary(layout: bpy.types.UILayout, scene: bpy.types.Scene) -> None:
    """What Render would make: camera, range and size, as the scene's own settings say."""
    render = scene.render
    width = int(render.resolution_x * render.resolution_percentage / 100)
    height = int(render.resolution_y * render.resolution_percentage / 100)
    column = layout.column(align=True)
    column.scale_y = 0.85
    if scene.camera:
        column.label(text=scene.camera.name, icon="CAMERA_DATA")
    else:
        column.label(text="The scene has no camera", icon="ERROR")
    step = f", every {scene.frame_step}" if scene.frame_step > 1 else ""
    column.label(text=f"Frames {scene.frame_start}\N{EN DASH}{scene.frame_end}{step}", icon="TIME")
    column.label(text=f"{width} \N{MULTIPLICATION SIGN} {height} pixels", icon="IMAGE_DATA")


def draw_buttons(layout: bpy.types.UILayout) -> None:
    """What can be pressed while nothing runs."""
    column = layout.column(align=True)
    row = column.row(align=True)
    row.scale_y = 1.6
    row.operator("motion_bridge.render", icon="RENDER_ANIMATION")
    row = column.row(align=True)
    row.scale_y = 1.2
    row.operator("motion_bridge.resume", icon="FILE_REFRESH")
    row.operator("motion_bridge.movie", icon="FILE_MOVIE")
    row.operator("motion_bridge.open_folder", text="", icon="FILE_FOLDER")


def draw_progress(layout: bpy.types.UILayout) -> None:
    """How far the running job is, and the way to stop it."""
    column = layout.column(align=True)
    if window.rendering_first_frame or window.session is None:
        column.progress(text="Rendering the first frame", factor=0.0)
    else:
        job = window.session.job
        text = job.state.value
        if job.state is State.GENERATING:
            text = f"{job.finished} of {job.total}" if job.total else job.stage or "Starting"
            if (left := job.seconds_left) is not None:
                text += f"  \N{MIDDLE DOT}  {clock(left)} left"
        column.progress(text=text, factor=job.progress)
    row = column.row(align=True)
    row.scale_y = 1.4
    row.operator("motion_bridge.cancel", text="Cancel  (Esc)", icon="CANCEL")


def draw_outcome(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """How the last job ended, and whether the scene is still the one that it was read from."""
    if window.error:
        draw_wrapped(layout.box(), str(window.error), context, icon="ERROR")
    elif window.session and window.session.job.state is State.DONE:
        job = window.session.job
        draw_wrapped(layout.box(), f"{job.take.name} is done: {job.total} frames.", context, icon="CHECKMARK")
    for note in window.session.job.notes if window.session else ():
        draw_wrapped(layout, note, context, icon="INFO")
    if window.running and window.scene_changed:
        draw_wrapped(layout, "The scene has changed; these frames still show it as it was.", context, icon="INFO")


EDITORS = {"view3d": "VIEW_3D", "image": "IMAGE_EDITOR", "sequencer": "SEQUENCE_EDITOR"}


def in_each_editor(panel: type) -> list[type]:
    """A panel within the main one, once for each editor; they stand in the order in which they are registered."""
    made = []
    for short, editor in EDITORS.items():
        main = f"MOTION_BRIDGE_PT_{short}"
        name = f"{main}_{panel.bl_label.lower()}"  # type: ignore[attr-defined]
        place = {"bl_idname": name, "bl_space_type": editor, "bl_parent_id": main}
        made.append(type(name, (panel, bpy.types.Panel), place))
    return made


def _main_panels() -> list[type]:
    names = {f"MOTION_BRIDGE_PT_{short}": editor for short, editor in EDITORS.items()}
    return [
        type(name, (MainPanel, bpy.types.Panel), {"bl_idname": name, "bl_space_type": editor})
        for name, editor in names.items()
    ]


register, unregister = bpy.utils.register_classes_factory(_main_panels())
