"""The tab "Motion Bridge" in the sidebars of the 3D View, the Image Editor and the Sequencer."""

from typing import Any

import bpy

from ..names import TITLE
from ..parts import part
from ..properties import settings_of
from ..render.job import Job, State
from ..render.manager import window
from ..scene.key_picture import percentage
from ..viewer.takes_scene import source_of
from .estimate import draw_estimate
from .text import clock, draw_wrapped

readiness = part("ui.readiness")

DOT = "\N{MIDDLE DOT}"


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
        if (source := source_of(scene)) is not None:
            layout.label(text=f"Takes of {source.name}", icon="SEQUENCE")
            layout.operator("motion_bridge.leave_takes", icon="LOOP_BACK")
            return
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
        column.row().prop(settings.draft, "size", expand=True)
        column.prop(settings.draft, "step")
        draw_summary(layout, scene)
        if window.running:
            draw_progress(layout)
        else:
            draw_buttons(layout)
            if sentence := draw_estimate(layout, scene):
                draw_wrapped(layout, sentence, context, icon="INFO")
        draw_outcome(layout, context)


def draw_summary(layout: bpy.types.UILayout, scene: bpy.types.Scene) -> None:
    """What Render would make: camera, range and size, as the scene's own settings say."""
    render = scene.render
    draft = settings_of(scene).draft
    share = percentage(scene, int(draft.size))
    width, height = render.resolution_x * share // 100, render.resolution_y * share // 100
    column = layout.column(align=True)
    column.scale_y = 0.85
    if scene.camera:
        column.label(text=scene.camera.name, icon="CAMERA_DATA")
    else:
        column.label(text="The scene has no camera", icon="ERROR")
    every = scene.frame_step * draft.step
    step = f", every {every}" if every > 1 else ""
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
    row.operator("motion_bridge.show_takes", text="", icon="SEQUENCE")
    row.operator("motion_bridge.open_folder", text="", icon="FILE_FOLDER")


def draw_progress(layout: bpy.types.UILayout) -> None:
    """How far the running job is, and the way to stop it."""
    column = layout.column(align=True)
    if render := window.first_render:
        column.progress(**rendering(render.seconds, *render.samples, render.what))
    elif window.session:
        job = window.session.job
        column.progress(text=progress_text(job), factor=job.progress)
    row = column.row(align=True)
    row.scale_y = 1.4
    row.operator("motion_bridge.cancel", text="Cancel  (Esc)", icon="CANCEL")


def rendering(seconds: float, done: int, samples: int, what: str = "the first frame") -> dict[str, Any]:
    """Text and share of a render: its samples where the engine counts them, and the time so far."""
    counted = f"sample {done} of {samples}  {DOT}  " if samples else ""
    return {"text": f"Rendering {what}  {DOT}  {counted}{clock(seconds)}", "factor": done / max(samples, 1)}


def progress_text(job: Job) -> str:
    """How far a running job is, in numbers as soon as there are any."""
    done, total = job.counted
    if job.silent:
        return f"{done} of {total}  {DOT}  {job.silent}" if total else job.silent
    if not total:
        return job.stage or ("Starting" if job.state is State.GENERATING else job.state.value)
    if job.state.prepares:
        return f"{job.state.value}  {done} of {total}"
    left = job.seconds_left
    return f"{done} of {total}" + (f"  {DOT}  {clock(left)} left" if left is not None and left >= 1 else "")


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
        rendering = window.session is not None and window.session.job.state is State.RENDERING
        fits = "key pictures that are rendered now may not fit; render again" if rendering else ""
        said = fits or "these frames still show it as it was"
        draw_wrapped(layout, f"The scene has changed; {said}.", context, icon="INFO")


class EnginePanel(Sidebar):
    """What one engine is told; shown while it is the scene's. docs/architecture.md says how to add one."""

    bl_label: str
    engine: str  # its name

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return settings_of(context.scene).engine == cls.engine

    def draw(self, context: bpy.types.Context) -> None:
        if readiness:
            readiness.draw_readiness(self.layout, context, self.engine)
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        self.draw_engine(self.layout, context, settings_of(context.scene))

    def draw_engine(self, layout: bpy.types.UILayout, context: bpy.types.Context, everything: Any) -> None:
        """Draw its own properties. everything: the scene's settings."""
        raise NotImplementedError


EDITORS = {"view3d": "VIEW_3D", "image": "IMAGE_EDITOR", "sequencer": "SEQUENCE_EDITOR"}


def in_each_editor(panel: type) -> list[type]:
    """A panel within the main one, once for each editor; they stand in the order in which they are registered."""
    made = []
    for short, editor in EDITORS.items():
        main = f"MOTION_BRIDGE_PT_{short}"
        name = f"{main}_{panel.bl_label.lower().replace(' ', '_')}"  # type: ignore[attr-defined]
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
