"""The tab "Motion Bridge" in the sidebars of the 3D View, the Image Editor and the Sequencer."""

from typing import Any

import bpy

from ...backend.motion_bridge.engines import base as engines
from ..live.session import current
from ..names import TITLE
from ..properties import settings_of
from ..render.job import Job, State
from ..render.manager import window
from ..viewer.takes_scene import source_of
from .engine_choice import draw_engines
from .estimate import draw_estimate, shot_text
from .first_frame import draw_first_frame
from .first_steps import draw_unsaved, obstacle
from .live import draw_live_button
from .notes import draw_notes
from .presets import MOTION_BRIDGE_PT_presets
from .prompt_field import draw_prompt
from .text import clock, draw_wrapped, short_paths
from .viewing import draw_view_options

DOT = "\N{MIDDLE DOT}"
EXPERT = "expert"  # the panel that holds all that is seldom changed


class Sidebar:
    """Where all the panels stand."""

    layout: bpy.types.UILayout  # Blender's, of the panel that this is mixed into
    bl_region_type = "UI"
    bl_category = TITLE


class MainPanel(Sidebar):
    """What is done every time: choose, write, press Render, watch."""

    bl_label = TITLE

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        MOTION_BRIDGE_PT_presets.draw_panel_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        layout, scene = self.layout, context.scene
        if (source := source_of(scene)) is not None:
            layout.label(text=f"Takes of {source.name}", icon="SEQUENCE", translate=False)
            layout.operator("motion_bridge.leave_takes", icon="LOOP_BACK")
            return
        if current() is not None:
            draw_live_button(layout, context)
        elif window.running:
            draw_wrapped(layout, f"{engine_label(settings_of(scene).engine)}  {DOT}  {shot_text(scene)}", context)
            draw_progress(layout)
        else:
            draw_choices(layout, context)
            draw_buttons(layout, context)
        draw_outcome(layout, context)
        draw_view_options(layout, context)


def draw_choices(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What is chosen before each take."""
    settings: Any = settings_of(context.scene)
    draw_engines(layout, context, settings)
    if listens(settings.engine, "prompts"):
        draw_prompt(layout, context)
    draw_first_frame(layout, context)
    column = layout.column(align=True)
    column.label(text="Draft")
    column.row(align=True).prop(settings.draft, "size", expand=True)
    column.prop(settings.draft, "step")


def draw_buttons(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What Render would make, what keeps it from doing so, and the buttons."""
    scene = context.scene
    draw_estimate(layout, context)
    draw_unsaved(layout, context)
    reason = obstacle(scene)
    row = layout.row(align=True)
    row.scale_y = 1.6
    button = row.row(align=True)
    button.enabled = not reason
    button.operator("motion_bridge.render", icon="RENDER_ANIMATION")
    draw_live_button(button, context)
    if reason:
        draw_wrapped(layout, reason, context, icon="ERROR")


def listens(engine: str, what: str) -> bool:
    """Whether an engine makes use of prompts, or of the seed."""
    return engine not in engines.loadable() or what not in engines.find(engine).ignores


def engine_label(engine: str) -> str:
    """An engine's name as people read it."""
    return (engines.find(engine).label or engine) if engine in engines.loadable() else engine


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
    """How the last job ended, and the notes of it."""
    if window.error:
        draw_wrapped(layout.box(), short_paths(str(window.error)), context, icon="ERROR")
    elif window.session and window.session.job.state is State.DONE:
        job = window.session.job
        draw_wrapped(layout, f"{job.take.name} is done: {job.total} frames.", context, icon="CHECKMARK")
    draw_notes(layout)


class EnginePanel(Sidebar):
    """What one engine is told; shown while it is the scene's. docs/architecture.md says how to add one."""

    bl_label: str
    engine: str  # its name

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return settings_of(context.scene).engine == cls.engine

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        self.draw_engine(self.layout, context, settings_of(context.scene))

    def draw_engine(self, layout: bpy.types.UILayout, context: bpy.types.Context, everything: Any) -> None:
        """Draw its own properties. everything: the scene's settings."""
        raise NotImplementedError


EDITORS = {"view3d": "VIEW_3D", "image": "IMAGE_EDITOR", "sequencer": "SEQUENCE_EDITOR"}


def in_each_editor(panel: type, within: str = "") -> list[type]:
    """A panel within the main one, once for each editor; they stand in the order in which they are registered.

    within: the name of one of those, where it stands in that one instead.
    """
    made = []
    for short, editor in EDITORS.items():
        main = f"MOTION_BRIDGE_PT_{short}"
        name = f"{main}_{panel.bl_label.lower().replace(' ', '_')}"  # type: ignore[attr-defined]
        place = {"bl_idname": name, "bl_space_type": editor, "bl_parent_id": f"{main}_{within}" if within else main}
        made.append(type(name, (panel, bpy.types.Panel), place))
    return made


def _main_panels() -> list[type]:
    names = {f"MOTION_BRIDGE_PT_{short}": editor for short, editor in EDITORS.items()}
    return [
        type(name, (MainPanel, bpy.types.Panel), {"bl_idname": name, "bl_space_type": editor})
        for name, editor in names.items()
    ]


register, unregister = bpy.utils.register_classes_factory(_main_panels())
