"""What a take would cost and what old ones take up, in the panel: asked for by a button, for drawing reads no files."""

from typing import Any

import bpy
from bpy.props import IntProperty

from .. import take
from ..properties import settings_of
from ..render import request
from ..render.estimate import Estimate, estimate, pace_of, size_text
from ..scene.camera import picture_of
from ..scene.key_picture import percentage
from ..scene.still_camera import surely_still
from ..takes_on_disk import remove_old, sizes
from . import take_list
from .operators import Idle, attempt
from .text import ICON, MARGIN, draw_lines

_known: dict[str, tuple[tuple[Any, ...], str]] = {}  # scene → what it was when it was asked, and what came of it


class MOTION_BRIDGE_OT_estimate(Idle, bpy.types.Operator):
    """Say how many frames Render would make, how much disk they take and how long it lasts. Two frames are read"""

    bl_idname = "motion_bridge.estimate"
    bl_label = "Estimate"

    def execute(self, context: bpy.types.Context) -> set[str]:
        return attempt(self, lambda: self._estimate(context))

    def _estimate(self, context: bpy.types.Context) -> None:
        scene = context.scene
        found = estimate_of(context)
        used = disk_sentence(scene)
        sentence = found.sentence() + (f". {used}" if used else "")
        _known[scene.name] = _state(scene), sentence
        self.report({"INFO"}, sentence)


class MOTION_BRIDGE_OT_clean_takes(Idle, bpy.types.Operator):
    """Delete old takes: their frames and Shots, and nothing else. Movies stay"""

    bl_idname = "motion_bridge.clean_takes"
    bl_label = "Delete Old Takes"

    keep: IntProperty(name="Keep the Newest", description="Number of takes to keep", default=1, min=0)
    _text = ""

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self._text = disk_sentence(context.scene) or "There are no takes yet."
        return set(context.window_manager.invoke_props_dialog(self, width=420))

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.label(text=self._text, icon="DISK_DRIVE")
        self.layout.prop(self, "keep")

    def execute(self, context: bpy.types.Context) -> set[str]:
        return attempt(self, lambda: self._clean(context.scene))

    def _clean(self, scene: bpy.types.Scene) -> None:
        try:
            gone, freed = remove_old(take.output_folder(settings_of(scene).output), self.keep)
        finally:  # some may be gone before one is found in use
            _known.pop(scene.name, None)
            take_list.refresh(scene)
        self.report({"INFO"}, f"{len(gone)} take{'s' if len(gone) != 1 else ''} deleted, {size_text(freed)} freed.")


def estimate_of(context: bpy.types.Context) -> Estimate:
    """What the panel's settings would cost."""
    scene = context.scene
    settings = settings_of(scene)
    wanted = request.request_of(scene, settings.engine)
    size = picture_of(scene.render)
    share = (wanted.options.size / 100) ** 2
    pace = pace_of(settings.output, settings.engine, int(size.width * size.height * share))
    return estimate(context, wanted, settings.engine, pace)


def disk_sentence(scene: bpy.types.Scene) -> str:
    """What the takes in the output folder take up; empty where there are none."""
    found = sizes(take.output_folder(settings_of(scene).output))
    if not found:
        return ""
    return f"{len(found)} take{'s' if len(found) != 1 else ''} on disk: {size_text(sum(each.bytes for each in found))}"


def draw_estimate(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What Render would make, in a line: what is known at once, or all of it once the button has been pressed."""
    scene = context.scene
    state, sentence = _known.get(scene.name, ((), ""))
    split = layout.split(factor=0.87)
    draw_lines(split, sentence if state == _state(scene) else at_once(scene), _width(context))
    split.operator("motion_bridge.estimate", text="", icon="FILE_REFRESH", emboss=False)


def at_once(scene: bpy.types.Scene) -> str:
    """As much as is known without reading the scene."""
    return f"{shot_text(scene)}; the camera does not move" if surely_still(scene) else shot_text(scene)


def shot_text(scene: bpy.types.Scene) -> str:
    """The number of frames and their size, as the scene's own settings say."""
    draft, render = settings_of(scene).draft, scene.render
    share = percentage(scene, int(draft.size))
    width, height = render.resolution_x * share // 100, render.resolution_y * share // 100
    frames = len(range(scene.frame_start, scene.frame_end + 1, max(scene.frame_step, 1))[:: draft.step])
    many = f"{frames} frame{'s' if frames != 1 else ''}"
    return f"{many} \N{MIDDLE DOT} {width} \N{MULTIPLICATION SIGN} {height}"


def _width(context: bpy.types.Context) -> float:
    return context.region.width / context.preferences.system.ui_scale - MARGIN - ICON


def _state(scene: bpy.types.Scene) -> tuple[Any, ...]:
    """What an estimate depends on, as far as it is cheap to look at."""
    settings, render = settings_of(scene), scene.render
    keys, draft = settings.keys, settings.draft
    size = render.resolution_x, render.resolution_y, render.resolution_percentage, draft.size
    frames = scene.frame_start, scene.frame_end, scene.frame_step, draft.step
    return (*size, *frames, settings.engine, settings.output, keys.mode, keys.step)


register, unregister = bpy.utils.register_classes_factory((MOTION_BRIDGE_OT_estimate, MOTION_BRIDGE_OT_clean_takes))
