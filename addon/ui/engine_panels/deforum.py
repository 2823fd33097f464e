"""What the Deforum engine is told beside the scene, and its buttons."""

from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from ....backend.motion_bridge.engines import settings_parser
from ....backend.motion_bridge.engines.deforum.engine import engine
from ....backend.motion_bridge.engines.deforum.shot_builder import SIDE, SMALLER
from ....backend.motion_bridge.model_registry.registry import MODELS
from ....backend.motion_bridge.shot import GenerationSettings
from ...exchange import settings_file
from ...paths import absolute
from ...properties import settings_of
from ...properties.deforum import AUTOMATIC, DEPTH_MASKS, FOLDER, GUIDED, MotionBridgeDeforum
from ...properties.schedule_curves import MotionBridgeScheduleCurves, MotionBridgeScheduleSources
from ...properties.schedules import FIELDS, MotionBridgeSchedules
from ...scene.camera import picture_of
from ..automatic import draw_automatic
from ..downloads import draw_model
from ..operators import attempt
from ..panels import EnginePanel
from ..schedules import FLIP, IN_2D, IN_3D, SHARPEN, Fields, draw_conversion
from ..text import draw_wrapped
from . import engine_panel

TOO_LARGE = 1.5  # times the pixels that a model was trained on, above which it is slow and repeats itself
PERLIN = ("perlin_w", "perlin_h", "perlin_octaves", "perlin_persistence")


class DeforumPanel(EnginePanel):
    """Shown while the engine is Deforum."""

    bl_label = "Deforum"
    engine = "deforum"

    def draw_engine(self, layout: bpy.types.UILayout, context: bpy.types.Context, everything: Any) -> None:
        settings = everything.deforum
        row = layout.row(align=True)
        row.menu("MOTION_BRIDGE_MT_deforum_presets", text="Preset", icon="PRESET")
        row.operator("motion_bridge.deforum_import", text="", icon="IMPORT")
        draw_conversion(layout)
        column = layout.column()
        column.prop(settings, "model")
        if settings.model == FOLDER:
            column.prop(settings, "model_folder")
        else:
            draw_model(layout, context, settings.model)
        column.prop(settings, "motion")
        for sentence in hints(context.scene):
            draw_wrapped(layout, sentence, context, icon="INFO")
        fields = Fields(context)
        for name, label, closed, draw in PARTS:
            header, body = layout.panel(f"motion_bridge_deforum_{name}", default_closed=closed)
            header.label(text=label)
            if body:
                draw(body.column(), settings, fields)


def hints(scene: bpy.types.Scene) -> list[str]:
    """What a person would find out only from disappointing frames."""
    said = []
    everything: Any = settings_of(scene)
    if not any(key.text.strip() for key in everything.prompts):
        said.append("There is no prompt yet: add one under Prompts, above.")
    known = MODELS.get(everything.deforum.model)
    side = SMALLER.get(everything.deforum.model, SIDE)
    size = picture_of(scene.render)
    if everything.deforum.working_size or (known and known.longest):
        return said  # frames are generated at an internal resolution
    if size.width * size.height > TOO_LARGE * side * side:
        fitting = int(
            100 * (side * side / (size.width * size.height)) ** 0.5 * scene.render.resolution_percentage / 100
        )
        said.append(
            f"{size.width} \N{MULTIPLICATION SIGN} {size.height} is more than this model was trained for. Best is "
            f"about {side} \N{MULTIPLICATION SIGN} {side}: set the resolution to {fitting} %."
        )
    return said


def draw_generation(column: bpy.types.UILayout, settings: Any, fields: Fields) -> None:
    """How much of each frame is generated anew, and how often."""
    column.prop(settings, "use_init")
    if settings.motion == "scene":
        column.prop(settings, "known")
        if settings.known == "guide":
            column.prop(settings, "guide_sigma")
        if settings.known != "repaint":
            column.prop(settings, "restyle")
    column.prop(settings, "cadence")
    column.row().prop(settings, "change_by", expand=True)
    fields(column, settings.texts, settings.change_by)
    if settings.motion == "scene":
        fields(column, settings.texts, "revealed_noise")
    if settings.motion == "video":
        fields(column, settings.texts, "video_preserve")
    fields(column, settings.texts, *AUTOMATIC)
    column.prop(settings, "prompt_blending")


def draw_motion(column: bpy.types.UILayout, settings: Any, fields: Fields) -> None:
    """What the chosen motion can be told."""
    if settings.motion in (*GUIDED, "video"):
        column.prop(settings, "guide_video")
        fields(column, settings.texts, "hybrid_flow_factor_schedule")
    elif settings.motion in ("2D", "3D"):
        column.label(text="Frame 0 is the first of the range", icon="INFO")
        fields(column, settings.texts, *(IN_2D if settings.motion == "2D" else IN_3D))
        if settings.motion == "3D":
            column.prop(settings, "depth")
        column.prop(settings, "perspective_flip")
        if settings.perspective_flip:
            fields(column, settings.texts, *FLIP)
    column.prop(settings, "padding")


def draw_color(column: bpy.types.UILayout, settings: Any, fields: Fields) -> None:
    column.prop(settings, "color_coherence")
    if settings.color_coherence != "None":
        column.prop(settings, "color_reference")
        if settings.color_reference == "IMAGE":
            column.prop(settings, "color_image")
        elif settings.color_reference == "video":
            column.prop(settings, "guide_video")
        fields(column, settings.texts, "color_amount", "detail_amount")
    fields(column, settings.texts, "contrast_schedule")
    column.prop(settings, "color_force_grayscale")


def draw_detail(column: bpy.types.UILayout, settings: Any, fields: Fields) -> None:
    """What keeps pictures from becoming smooth."""
    column.prop(settings, "noise_type")
    fields(column, settings.texts, "noise_schedule")
    if settings.noise_type == "perlin":
        for name in PERLIN:
            column.prop(settings, name)
    column.separator()
    fields(column, settings.texts, *SHARPEN)


def draw_seeds(column: bpy.types.UILayout, settings: Any, fields: Fields) -> None:
    column.prop(fields.everything, "seed")
    column.prop(settings, "seed_behavior")
    if settings.seed_behavior == "iter":
        column.prop(settings, "seed_iter_N")
    elif settings.seed_behavior == "schedule":
        fields(column, settings.texts, "seed_schedule")
    fields(column, settings.texts, "subseed_schedule", "subseed_strength_schedule")


def draw_mask(column: bpy.types.UILayout, settings: Any, fields: Fields) -> None:
    column.prop(settings, "mask_file")
    column.prop(settings, "mask_video")
    if settings.mask_file or settings.mask_video:
        column.prop(settings, "mask_invert")
        column.prop(settings, "mask_overlay_blur")


def draw_guide(column: bpy.types.UILayout, settings: Any, fields: Fields) -> None:
    """A guide video on top of the frames' own motion, and its picture, mixed in."""
    if settings.motion not in (*GUIDED, "video", "interpolation"):
        column.prop(settings, "hybrid_motion")
    column.prop(settings, "hybrid_composite")
    if settings.hybrid_composite == settings.hybrid_motion == "None":
        return
    column.prop(settings, "guide_video")
    if settings.hybrid_composite == "None":
        return
    fields(column, settings.texts, "hybrid_comp_alpha_schedule")
    column.prop(settings, "hybrid_mask")
    if settings.hybrid_mask in DEPTH_MASKS:
        column.prop(settings, "depth")
    if settings.hybrid_mask != "None":
        fields(column, settings.texts, *(name for name in FIELDS if name.startswith("hybrid_comp_mask_")))


def draw_structure(column: bpy.types.UILayout, settings: Any, fields: Fields) -> None:
    """What the model looks at beside picture and prompt."""
    column.prop(settings, "control")
    if settings.control != "none":
        fields(column, settings.texts, "control_strength")
        column.prop(settings, "control_model")
    column.prop(settings, "reference")
    if settings.reference == "IMAGE":
        column.prop(settings, "reference_image")
    column.prop(settings, "lora")
    if settings.lora:
        column.prop(settings, "lora_strength")


def draw_advanced(column: bpy.types.UILayout, settings: Any, fields: Fields) -> None:
    for name in ("device", "precision", "compile"):
        column.prop(settings, name)
    draw_automatic(column, settings, "working_size")
    column.prop(settings, "feedback")
    if settings.feedback == "latent":
        column.prop(settings, "channel_weights")
    for name in ("redo", "sampling"):
        column.prop(settings, name)


PARTS = (  # name, label, closed at first, what draws it
    ("repaint", "Generation", False, draw_generation),
    ("motion", "Motion", False, draw_motion),
    ("structure", "Structure and Style", True, draw_structure),
    ("colour", "Color", True, draw_color),
    ("detail", "Noise and Detail", True, draw_detail),
    ("seeds", "Seeds", True, draw_seeds),
    ("guide", "Guide Video", True, draw_guide),
    ("mask", "Mask", True, draw_mask),
    ("advanced", "Advanced", True, draw_advanced),
)


class MOTION_BRIDGE_MT_deforum_presets(bpy.types.Menu):
    """Fill the fields below with numbers that go together"""

    bl_label = "Preset"

    def draw(self, context: bpy.types.Context) -> None:
        for name, preset in engine.presets.items():
            self.layout.operator("motion_bridge.deforum_preset", text=preset.title).preset = name  # type: ignore[union-attr]


class MOTION_BRIDGE_OT_deforum_preset(bpy.types.Operator):
    """Fill the Deforum fields with numbers that go together"""

    bl_idname = "motion_bridge.deforum_preset"
    bl_label = "Deforum Preset"
    bl_options = {"REGISTER", "UNDO"}

    preset: EnumProperty(
        name="Preset", items=[(name, preset.title, preset.purpose) for name, preset in engine.presets.items()]
    )

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        return engine.presets[properties.preset].purpose

    def execute(self, context: bpy.types.Context) -> set[str]:
        chosen = settings_parser.preset(engine, self.preset)
        others = {field: "" for name in engine.presets for field in settings_parser.preset(engine, name).schedules}
        settings: Any = settings_of(context.scene)
        settings.deforum.take(chosen.settings, {})
        settings.deforum.set_schedules({**others, **chosen.schedules})
        return {"FINISHED"}


class MOTION_BRIDGE_OT_deforum_import(bpy.types.Operator):
    """Fill prompts, seed and Deforum fields from a settings file of the webui, Forge or a notebook, or from Parseq"""

    bl_idname = "motion_bridge.deforum_import"
    bl_label = "Import Deforum Settings"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: StringProperty(default="*.txt;*.json", options={"HIDDEN"})
    with_size: BoolProperty(name="Size and Length", description="Give the scene the file's size, length and rate, too")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        return attempt(self, lambda: self._load(context.scene))

    def _load(self, scene: bpy.types.Scene) -> None:
        path = absolute(self.filepath)
        notices = settings_file.load(scene, path, self.with_size)
        self.report({"WARNING" if notices else "INFO"}, ". ".join((f"Loaded {path.name}", *notices)))


def draw_look(layout: bpy.types.UILayout, context: bpy.types.Context, everything: Any) -> None:
    """What changes the pictures most."""
    settings = everything.deforum
    Fields(context)(layout, settings.texts, settings.change_by, "noise_schedule", "cfg_scale_schedule", "color_amount")


register, unregister = engine_panel(
    DeforumPanel,
    lambda everything: GenerationSettings(settings=everything.deforum.engine_settings()),  # type: ignore[attr-defined]
    [MotionBridgeSchedules, MotionBridgeScheduleCurves, MotionBridgeScheduleSources, MotionBridgeDeforum],
    [MOTION_BRIDGE_MT_deforum_presets, MOTION_BRIDGE_OT_deforum_preset, MOTION_BRIDGE_OT_deforum_import],
    lambda everything, frames: everything.deforum.schedules(frames),  # type: ignore[attr-defined]
    draw_look,
)
