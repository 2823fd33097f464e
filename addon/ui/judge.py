"""Did the video obey? A button for the last take, one for any other video, and what was found."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import StringProperty

from ...backend.motion_bridge import shot as shots
from .. import take
from ..exchange.judgement import Judgement
from ..properties import settings_of
from ..viewer import heat_strip
from ..viewer.takes_scene import source_of
from .panels import EXPERT, Sidebar, in_each_editor
from .text import draw_wrapped
from .working import Working, draw_work


class Last:
    """What was found last."""

    sentences: tuple[str, ...] = ()


class Judging(Working):
    """The work, and where its outcome goes: sentences to the panel, bars to the Sequencer, the plot beside the take."""

    def begin(self, context: bpy.types.Context, video: Path | None) -> set[str]:
        scene = source_of(context.scene) or context.scene
        self._scene = scene.name

        def task() -> Judgement:
            return Judgement(take.last(take.output_folder(settings_of(scene).output)), video)

        return self.start(context, task)

    def done(self, task: Any, files: tuple[Path, ...], sentences: tuple[str, ...]) -> None:
        Last.sentences = (*sentences, f"Plot: {files[1]}")
        scene = bpy.data.scenes.get(self._scene)
        if scene is not None:
            heat_strip.place(scene, task.take.name, shots.load(task.take.shot).frames, files[0])
        self.report({"INFO"}, sentences[0])  # type: ignore[attr-defined]


class MOTION_BRIDGE_OT_judge(Judging, bpy.types.Operator):
    """Follow the scene's true points through the last take's frames and say how far they are off"""

    bl_idname = "motion_bridge.judge"
    bl_label = "Judge Last Take"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self._in_window = not bpy.app.background
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        return self.begin(context, None)


class MOTION_BRIDGE_OT_judge_video(Judging, bpy.types.Operator):
    """Do so with any video that was made from the last take's Shot, by whatever program"""

    bl_idname = "motion_bridge.judge_video"
    bl_label = "Judge Video…"

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_movie: bpy.props.BoolProperty(default=True, options={"HIDDEN"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self._in_window = not bpy.app.background
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        return self.begin(context, Path(bpy.path.abspath(self.filepath)))


class JudgePanel(Sidebar):
    """Closed until somebody wants to know."""

    bl_label = "Obedience"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        if Working.under_way is not None:
            draw_work(layout)
        row = layout.row(align=True)
        row.operator("motion_bridge.judge", icon="VIEWZOOM")
        row.operator("motion_bridge.judge_video", text="", icon="FILE_MOVIE")
        for sentence in Last.sentences:
            draw_wrapped(layout, sentence, context)


register, unregister = bpy.utils.register_classes_factory(
    (MOTION_BRIDGE_OT_judge, MOTION_BRIDGE_OT_judge_video, *in_each_editor(JudgePanel, EXPERT))
)
